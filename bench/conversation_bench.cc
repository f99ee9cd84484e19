// turnscope_bench conversation: runs of 50 turns that each resend their history, stored with every text in
// its row (naive) and with texts shared between spans, in one run on one engine; and prompts that repeat
// nothing, in both.
#include <fmt/format.h>
#include <unistd.h>

#include <deque>
#include <map>
#include <random>
#include <thread>

#include "base/clock.h"
#include "commands.h"
#include "otlp/decode.h"
#include "process.h"
#include "server_bench.h"
#include "sinks/range_block.h"
#include "store/chdb_engine.h"
#include "store/row_reader.h"
#include "store/schema.h"
#include "store/test_folder.h"

namespace turnscope::bench {
namespace {

constexpr int kTurns = 50;

otlp::AnyValue text(std::string_view s) {
  otlp::AnyValue v;
  v.type = otlp::AnyValue::Type::string;
  v.text = s;
  return v;
}

/// Prose of frequent and rare words, as people and models write it.
std::string prose(std::mt19937& random, std::size_t bytes) {
  std::string out;
  while (out.size() < bytes) {
    const auto frequent = random() % 3 != 0;
    const auto word = frequent ? random() % 120 : random() % 30'000;
    out += static_cast<char>('a' + word % 26);
    for (auto n = word * 2'654'435'761u; n > 1'000'000; n /= 19) out += "etaoinshrdlucmfwyp"[n % 18];
    out += random() % 12 == 0 ? ", " : " ";
  }
  return out;
}

struct Payload {
  std::vector<std::string> requests;
  std::size_t spans = 0;
  std::map<std::uint64_t, std::string> sample;  ///< span id → its input as sent
};

/// `resend`: each turn sends all turns before it; else each is a prompt of its own.
Payload build(int runs, bool resend) {
  std::mt19937 random(11);
  Payload out;
  std::vector<std::string> history(static_cast<std::size_t>(runs), "");
  std::uint64_t id = 0;
  for (int turn = 0; turn < kTurns; ++turn) {
    for (int run = 0; run < runs; run += 20) {
      std::deque<std::string> texts;
      std::deque<std::vector<otlp::KeyValue>> attributes;
      std::vector<otlp::Span> spans;
      for (int r = run; r < std::min(run + 20, runs); ++r) {
        auto& h = history[static_cast<std::size_t>(r)];
        if (!resend) h.clear();
        const auto message = [&](std::string_view role, std::size_t bytes) {
          h += fmt::format("{}{{\"role\": \"{}\", \"parts\": [{{\"type\": \"text\", \"content\": \"{}\"}}]}}",
                           h.empty() ? "" : ", ", role, prose(random, bytes));
        };
        message("user", 900);
        const auto& input = texts.emplace_back("[" + h + "]");
        const auto answer = prose(random, 600);
        const auto& output =
            texts.emplace_back(fmt::format("[{{\"role\": \"assistant\", \"parts\": [{{\"type\": \"text\", "
                                           "\"content\": \"{}\"}}], \"finish_reason\": \"stop\"}}]",
                                           answer));
        h += fmt::format(
            ", {{\"role\": \"assistant\", \"parts\": [{{\"type\": \"text\", \"content\": \"{}\"}}]}}",
            answer);
        otlp::Span s;
        s.trace_id[0] = static_cast<std::uint8_t>(r), s.trace_id[1] = static_cast<std::uint8_t>(r >> 8);
        s.trace_id[15] = 1;
        s.span_id = ++id * 0x9e3779b97f4a7c15u;
        s.parent_span_id = 7;
        s.name = "chat claude-sonnet-4-5";
        s.start_unix_nano = static_cast<std::uint64_t>(system_clock().unix_nanos());
        s.end_unix_nano = s.start_unix_nano + 1'500'000'000;
        otlp::AnyValue tokens;
        tokens.type = otlp::AnyValue::Type::integer;
        tokens.integer = static_cast<std::int64_t>(input.size() / 4);
        s.attributes = attributes.emplace_back(std::vector<otlp::KeyValue>{
            {"gen_ai.operation.name", text("chat")},
            {"gen_ai.provider.name", text("anthropic")},
            {"gen_ai.request.model", text("claude-sonnet-4-5")},
            {"gen_ai.usage.input_tokens", tokens},
            {"gen_ai.conversation.id", text(texts.emplace_back(fmt::format("session-{}", r)))},
            {"gen_ai.input.messages", text(input)},
            {"gen_ai.output.messages", text(output)}});
        if (r % 17 == 0) out.sample[s.span_id] = input;
        spans.push_back(s);
        ++out.spans;
      }
      otlp::Traces traces;
      std::vector<otlp::ScopeSpans> scopes(1);
      scopes[0].scope.name = "bench";
      scopes[0].spans = spans;
      std::vector<otlp::ResourceSpans> resources(1);
      const std::vector<otlp::KeyValue> service{{"service.name", text("agent")}};
      resources[0].resource.attributes = service;
      resources[0].scopes = scopes;
      traces.resources = resources;
      std::string bytes;
      otlp::encode_protobuf(traces, bytes);
      out.requests.push_back(std::move(bytes));
    }
  }
  return out;
}

std::uint64_t number(store::Engine& e, std::string_view sql) {
  auto r = e.query({.sql = sql});
  if (!r) {
    fmt::print(stderr, "{}\n", r.error().message);
    return 0;
  }
  return store::RowReader(r->bytes).u64();
}

struct Measured {
  double bytes_a_span = 0, cpu_us_a_span = 0;
  std::size_t not_the_same = 0, compared = 0;
};

/// Stores the payload in empty tables, waits for merges, measures, reads the sample back.
Measured run(store::Engine& engine, const Payload& payload, bool share) {
  for (const auto* table : {"TRUNCATE TABLE spans", "TRUNCATE TABLE content_parts", "TRUNCATE TABLE traces"})
    if (auto done = engine.execute(table, {}); !done) fmt::print(stderr, "{}\n", done.error().message);
  sinks::RangeBlock block({});
  store::SharedTexts texts;
  store::SeenResources seen;
  if (share) block.share(texts);
  const double before = process_use(::getpid())->cpu_seconds;
  static int inserts = 0;
  const auto received = system_clock().unix_nanos();
  const auto flush = [&] {
    block.traces.build();
    const auto token = fmt::format("conversation-{}", inserts++);
    const auto put = [&](auto& b, std::string_view table) {
      if (b.rows() == 0) return;
      const auto& pieces = b.native();
      if (auto done =
              engine.insert({.table = table, .block = pieces, .columns = b.columns(), .token = token});
          !done)
        fmt::print(stderr, "{}\n", done.error().message);
    };
    put(block.parts, "content_parts");
    put(block.traces, "traces");
    put(block.spans, "spans");
    block.clear();
  };
  std::uint64_t position = 0;
  for (const auto& bytes : payload.requests) {
    block.add(log::Record{.position = position++, .head = {.received_unix_nano = received}, .bytes = bytes},
              seen);
    if (block.full()) flush();
  }
  if (!block.empty()) flush();
  do std::this_thread::sleep_for(std::chrono::milliseconds(500));
  while (number(engine, "SELECT count() FROM system.merges") != 0);
  Measured m;
  const auto spans = static_cast<double>(payload.spans);
  m.cpu_us_a_span = (process_use(::getpid())->cpu_seconds - before) / spans * 1e6;
  m.bytes_a_span = static_cast<double>(number(engine,
                                              "SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND "
                                              "table IN ('spans', 'content_parts')")) /
                   spans;
  std::map<store::PartId, std::string> parts;
  if (auto r = engine.query({.sql = "SELECT id, text FROM content_parts"})) {
    store::RowReader in(r->bytes);
    while (in.more()) {
      const auto id = in.trace_id();
      parts[id] = in.string();
    }
  }
  const auto sql = fmt::format("SELECT span_id, {} FROM spans", store::kPayloadColumns);
  store::QueryLimits limits;
  limits.result_bytes = 4ull << 30;
  limits.memory_bytes = 4ull << 30;
  limits.time = std::chrono::minutes(2);
  auto rows = engine.query({.sql = sql, .limits = limits});
  if (!rows) {
    fmt::print(stderr, "{}\n", rows.error().message);
    return m;
  }
  store::RowReader in(rows->bytes);
  while (in.more()) {
    const auto id = in.u64();
    auto p = store::read_payload(in);
    const auto it = payload.sample.find(id);
    if (it == payload.sample.end()) continue;
    std::deque<std::string> kept;
    p.join([&](const store::PartId& part) -> std::string_view { return parts[part]; }, kept);
    ++m.compared;
    m.not_the_same += p.input != it->second;
  }
  return m;
}

}  // namespace

int conversation_bench(const ServerBenchOptions& o) {
  const int runs = static_cast<int>(std::clamp<std::size_t>(o.spans / kTurns, 20, 400));
  const TestFolder folder;
  store::ChdbOptions options;
  options.directory = folder.path() / "store";
  options.memory_bytes = options.query_memory_bytes = 4ull << 30;  // the naive texts are read back whole
  auto engine = store::open_chdb(options);
  if (!engine) {
    fmt::print(stderr, "{}\n", engine.error().message);
    return 1;
  }
  if (auto done = store::migrate(**engine); !done) {
    fmt::print(stderr, "{}\n", done.error().message);
    return 1;
  }
  boost::json::object f;
  std::size_t wrong = 0;
  for (const bool resend : {true, false}) {
    const auto payload = build(runs, resend);
    const auto naive = run(**engine, payload, false), shared = run(**engine, payload, true);
    boost::json::object part;
    part["spans"] = payload.spans;
    part["naive bytes a span"] = rounded(naive.bytes_a_span, 0.1);
    part["shared bytes a span"] = rounded(shared.bytes_a_span, 0.1);
    part["shared of naive"] = rounded(shared.bytes_a_span / naive.bytes_a_span, 0.0001);
    part["naive CPU us a span"] = rounded(naive.cpu_us_a_span, 0.1);
    part["shared CPU us a span"] = rounded(shared.cpu_us_a_span, 0.1);
    part["texts compared"] = naive.compared + shared.compared;
    part["texts not the same"] = naive.not_the_same + shared.not_the_same;
    wrong += naive.not_the_same + shared.not_the_same;
    f[resend ? "50 turns that resend their history" : "prompts that repeat nothing"] = std::move(part);
  }
  f["runs"] = runs;
  print_report("conversation", f, o.json);
  return wrong == 0 ? 0 : 1;
}

}  // namespace turnscope::bench
