// turnscope_bench redact: recall and precision of each detector on the corpus. turnscope_bench pipeline: what
// the steps before the log cost.
#include <fmt/format.h>
#include <time.h>

#include <boost/json.hpp>
#include <fstream>
#include <sstream>

#include "commands.h"
#include "otlp/decode.h"
#include "pipeline/detectors.h"
#include "pipeline/pipeline.h"
#include "redact_corpus.h"
#include "server_bench.h"

namespace turnscope::bench {
namespace {

using pipeline::Detector;
using pipeline::Finding;
using pipeline::kDetectors;

struct Score {
  std::size_t positives = 0, covered = 0, by_itself = 0, leaked = 0;
  std::size_t findings = 0, wrong = 0, negatives = 0;
};

double thread_cpu() {
  struct timespec t {};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

double share(std::size_t part, std::size_t whole) {
  return whole == 0 ? 1 : static_cast<double>(part) / static_cast<double>(whole);
}

pipeline::RedactOptions everything(const std::string& names) {
  pipeline::RedactOptions o;
  o.enabled = true;
  o.names = names;
  o.patterns = {{"staff", "EMP-[0-9]{6}\\b", pipeline::Action::mask}};
  return o;
}

}  // namespace

int redact_bench(const RedactBenchOptions& o) {
  std::ifstream in(o.hard_cases);
  if (!in) {
    fmt::print(stderr, "cannot read {}; run it from the repository's root or name it with --hard-cases\n",
               o.hard_cases);
    return 1;
  }
  std::ostringstream hard;
  hard << in.rdbuf();
  const auto corpus = make_corpus(o.seed, o.each, hard.view());
  if (!corpus) {
    fmt::print(stderr, "{}\n", corpus.error().message);
    return 1;
  }
  const auto detectors = pipeline::Detectors::make(everything(corpus->names));
  const auto redactor = pipeline::Redactor::make(everything(corpus->names));
  if (!detectors || !redactor) return 1;
  Score scores[kDetectors];
  std::size_t cases = 0;
  std::vector<Finding> found;
  for (const CorpusCase& c : corpus->cases) {
    if (c.test_half == o.tuning) continue;
    ++cases;
    (*detectors)->find(c.text, c.key, pipeline::kAllDetectors, found);
    const auto show = [&](std::string_view what, std::size_t begin, std::size_t end, Detector d) {
      // Only of the half that is there to be looked at.
      if (o.tuning && o.show)
        fmt::print(stderr, "{} {}: «{}» in: {}\n", what, pipeline::name(d), c.text.substr(begin, end - begin),
                   c.text);
    };
    std::string after;
    pipeline::FoundCounts counts{};
    if (!(*redactor)->redact(c.text, c.key, (*redactor)->usual(), after, counts)) after = c.text;
    for (const Expected& e : c.expected) {
      Score& s = scores[static_cast<std::size_t>(e.detector)];
      ++s.positives;
      bool covered = false, itself = false;
      for (const Finding& f : found)
        if (f.begin <= e.begin && f.end >= e.end) {
          covered = true;
          itself = itself || f.detector == e.detector;
        }
      s.covered += covered;
      s.by_itself += itself;
      if (after.find(c.text.substr(e.begin, e.end - e.begin)) != after.npos) ++s.leaked;
      if (!covered) show("missed", e.begin, e.end, e.detector);
    }
    if (c.expected.empty() && c.about != Detector::count)
      ++scores[static_cast<std::size_t>(c.about)].negatives;
    for (const Finding& f : found) {
      Score& s = scores[static_cast<std::size_t>(f.detector)];
      ++s.findings;
      bool right = false;
      for (const Expected& e : c.expected) right = right || (f.begin < e.end && e.begin < f.end);
      if (right) continue;
      ++s.wrong;
      show("wrong", f.begin, f.end, f.detector);
    }
  }
  boost::json::object figures, by;
  figures["seed"] = o.seed;
  figures["half"] = o.tuning ? "tuning" : "test";
  figures["cases"] = cases;
  bool all_good = true;
  for (std::size_t d = 0; d < kDetectors; ++d) {
    const Score& s = scores[d];
    boost::json::object one;
    one["positives"] = s.positives;
    one["negatives"] = s.negatives;
    one["recall"] = rounded(share(s.covered, s.positives), 0.0001);
    one["recall by the detector itself"] = rounded(share(s.by_itself, s.positives), 0.0001);
    one["precision"] = rounded(1 - share(s.wrong, std::max<std::size_t>(s.findings, 1)), 0.0001);
    one["left in the text"] = s.leaked;
    all_good = all_good && share(s.covered, s.positives) >= 0.99 && s.wrong * 50 <= s.findings;
    by[pipeline::kDetectorTable[d].name] = std::move(one);
  }
  figures["all at recall 0.99 and precision 0.98"] = all_good;
  if (o.json) {
    figures["detectors"] = std::move(by);
    print_report("redact", figures, true);
  } else {
    print_report("redact", figures, false);
    fmt::print("{:<14}{:>10}{:>10}{:>10}{:>12}\n", "detector", "positives", "recall", "itself", "precision");
    for (const auto& [name, one] : by) {
      const auto& v = one.as_object();
      const auto figure = [&](std::string_view key) { return boost::json::value_to<double>(v.at(key)); };
      fmt::print("{:<14}{:>10}{:>10.4f}{:>10.4f}{:>12.4f}\n", std::string_view(name.data(), name.size()),
                 figure("positives"), figure("recall"), figure("recall by the detector itself"),
                 figure("precision"));
    }
  }
  return 0;
}

namespace {

/// The workload with personal data in every n-th span.
std::vector<std::string> with_findings(const std::vector<std::string>& requests, std::size_t every) {
  std::vector<std::string> out;
  std::size_t n = 0;
  for (const std::string& bytes : requests) {
    otlp::Arena arena;
    otlp::DecodeReport report;
    auto model = otlp::decode_traces_protobuf(bytes, arena, {}, report);
    if (!model) continue;
    const otlp::KeyValue extra = pipeline::text_attribute(
        "note", "reach anna.berg@example.com or +49 30 901820, card 4111 1111 1111 1111");
    for (auto& r : pipeline::writable(model->resources))
      for (auto& s : pipeline::writable(r.scopes))
        for (auto& span : pipeline::writable(s.spans))
          if (++n % every == 0) pipeline::add_attributes(span.attributes, {&extra, 1}, arena);
    out.emplace_back();
    otlp::encode_protobuf(*model, out.back());
  }
  return out;
}

/// CPU seconds a million spans of decoding, and of the pipeline with the encoding of what it changed.
struct Cost {
  double decode = 0, steps = 0, encode = 0;
  std::size_t spans = 0, changed = 0, requests = 0;
};
Cost run(const std::vector<std::string>& requests, pipeline::Pipeline* pipeline) {
  Cost c;
  auto block = std::make_unique<std::byte[]>(8u << 20);
  otlp::Arena arena(block.get(), 8u << 20);
  for (const std::string& bytes : requests) {
    otlp::DecodeReport report;
    const double a = thread_cpu();
    auto model = otlp::decode_traces_protobuf(bytes, arena, {}, report);
    const double b = thread_cpu();
    if (!model) continue;
    const bool changed = pipeline && pipeline->process(*model, arena).value_or(false);
    const double d = thread_cpu();
    if (changed) {
      std::string encoded;
      encoded.reserve(bytes.size() + bytes.size() / 8);
      otlp::encode_protobuf(*model, encoded);
      ++c.changed;
    }
    const double e = thread_cpu();
    arena.release();
    c.decode += b - a;
    c.steps += d - b;
    c.encode += e - d;
    c.spans += report.accepted;
    ++c.requests;
  }
  return c;
}

}  // namespace

int pipeline_bench(const ServerBenchOptions& o) {
  const auto work = build_workload({.spans = std::min<std::size_t>(o.spans, 200'000)});
  const auto corpus = make_corpus(1, 1, "");
  if (!corpus) return 1;
  pipeline::Options all, built_in;
  all.redact = everything(corpus->names);
  built_in.redact.enabled = true;
  const auto with_all = pipeline::Pipeline::make(all), with_built_in = pipeline::Pipeline::make(built_in);
  if (!with_all || !with_built_in) return 1;
  const auto planted = with_findings(work.requests, 20);
  run(work.requests, with_all->get());  // warm
  const auto per_million = [](double seconds, std::size_t spans) {
    return rounded(seconds * 1e6 / static_cast<double>(std::max<std::size_t>(spans, 1)), 0.001);
  };
  boost::json::object f;
  f["spans"] = work.spans;
  f["bytes a span"] = work.bytes / std::max<std::size_t>(work.spans, 1);
  const Cost off = run(work.requests, nullptr), built = run(work.requests, with_built_in->get()),
             clean = run(work.requests, with_all->get()), found = run(planted, with_all->get());
  f["decode, CPU-s per million"] = per_million(off.decode, off.spans);
  f["redaction off adds"] = per_million(off.steps + off.encode, off.spans);
  f["built-in detectors add, nothing found"] = per_million(built.steps + built.encode, built.spans);
  f["all detectors with names and a pattern add, nothing found"] =
      per_million(clean.steps + clean.encode, clean.spans);
  f["all detectors add, 1 span in 20 with findings"] = per_million(found.steps + found.encode, found.spans);
  f["of that encoding again"] = per_million(found.encode, found.spans);
  f["requests changed without findings planted"] = clean.changed;
  f["requests changed with"] = found.changed;
  f["requests"] = found.requests;
  print_report("pipeline", f, o.json);
  return 0;
}

}  // namespace turnscope::bench
