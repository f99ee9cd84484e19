#include "sinks/otlp_exporter/span_filter.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "pipeline/processor.h"
#include "sinks/otlp_exporter/dialect.h"

namespace turnscope::sinks {
namespace {

using otlp::AnyValue;
using otlp::Attributes;
using otlp::KeyValue;

/// Without content no longer text leaves, whatever its key is called.
constexpr std::size_t kLongText = 256;

bool is_long(const AnyValue& v) {
  switch (v.type) {
    case AnyValue::Type::string:
    case AnyValue::Type::bytes:
      return v.text.size() > kLongText;
    case AnyValue::Type::array:
      return std::ranges::any_of(v.values, is_long) || v.values.size() > kLongText;
    case AnyValue::Type::kvlist:
      return std::ranges::any_of(v.fields, [](const KeyValue& kv) { return is_long(kv.value); });
    default:
      return false;
  }
}

bool has(Attributes attributes, std::string_view key, std::string_view pattern) {
  return std::ranges::any_of(
      attributes, [&](const KeyValue& kv) { return kv.key == key && value_matches(pattern, kv.value); });
}

}  // namespace

bool matches_pattern(std::string_view pattern, std::string_view text) {
  if (pattern.ends_with('*')) return text.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == text;
}

bool matches_any(const std::vector<std::string>& patterns, std::string_view text) {
  return std::ranges::any_of(patterns, [&](const std::string& p) { return matches_pattern(p, text); });
}

bool value_matches(std::string_view pattern, const AnyValue& v) {
  switch (v.type) {
    case AnyValue::Type::string:
      return matches_pattern(pattern, v.text);
    case AnyValue::Type::boolean:
      return matches_pattern(pattern, v.boolean ? "true" : "false");
    case AnyValue::Type::integer:
      return matches_pattern(pattern, fmt::format("{}", v.integer));
    case AnyValue::Type::real:
      return matches_pattern(pattern, fmt::format("{}", v.real));
    default:
      return pattern == "*";
  }
}

std::string_view service_of(const otlp::Resource& r) {
  for (const auto& kv : r.attributes)
    if (kv.key == "service.name" && kv.value.type == AnyValue::Type::string) return kv.value.text;
  return {};
}

/// Owner of what the changed model points to, for the time of one record.
struct SpanFilter::Work {
  std::deque<std::vector<KeyValue>> attributes;
  std::deque<std::vector<otlp::Event>> events;
  std::deque<std::vector<otlp::Span>> spans;
  std::deque<std::vector<otlp::LogRecord>> records;
  std::deque<std::vector<otlp::ScopeSpans>> scopes;
  std::deque<std::vector<otlp::ScopeLogs>> log_scopes;
  std::deque<std::string> texts;
  genai::Columns view;

  Attributes keep(std::vector<KeyValue> list) { return attributes.emplace_back(std::move(list)); }

  /// Attributes of an item after the changes; `content`: indexes that hold content.
  Attributes change(Attributes in, const SpanChanges& c, const std::vector<std::uint32_t>& content) {
    std::vector<KeyValue> out;
    out.reserve(in.size());
    for (std::uint32_t i = 0; i < in.size(); ++i) {
      if (c.strip_content && (std::ranges::find(content, i) != content.end() || is_long(in[i].value)))
        continue;
      if (matches_any(c.drop_attributes, in[i].key)) continue;
      auto kv = in[i];
      if (const auto to = c.rename.find(std::string(kv.key)); to != c.rename.end()) kv.key = to->second;
      out.push_back(kv);
    }
    return keep(std::move(out));
  }

  void change(otlp::Resource& r, const SpanChanges& c) {
    if (c.add_resource.empty() && c.drop_attributes.empty() && c.rename.empty()) return;
    const auto before = change(r.attributes, c, {});
    std::vector<KeyValue> out(before.begin(), before.end());
    for (const auto& [key, value] : c.add_resource) {
      std::erase_if(out, [&](const KeyValue& kv) { return kv.key == key; });
      KeyValue kv{key, {}};
      kv.value.type = AnyValue::Type::string;
      kv.value.text = value;
      out.push_back(kv);
    }
    r.attributes = keep(std::move(out));
  }

  void change(otlp::Span& s, const otlp::Resource& r, const otlp::Scope& scope, const SpanChanges& c) {
    const bool needs_view = c.strip_content || c.dialect != SpanChanges::Dialect::as_is;
    if (needs_view) genai::columns(s, r, scope, view);
    // What a dialect says is taken from the span as it came; content only if it may leave.
    std::vector<KeyValue> said;
    if (c.dialect != SpanChanges::Dialect::as_is) add_dialect(s, view, c, said, texts);
    std::vector<std::uint32_t> own;
    std::vector<std::vector<std::uint32_t>> of_event(s.events.size());
    if (c.strip_content)
      for (const auto& ref : view.content)
        (ref.event < 0 ? own : of_event[static_cast<std::size_t>(ref.event)]).push_back(ref.attribute);
    const auto changed = change(s.attributes, c, own);
    std::vector<KeyValue> all(changed.begin(), changed.end());
    for (const auto& kv : said) {
      std::erase_if(all, [&](const KeyValue& k) { return k.key == kv.key; });
      all.push_back(kv);
    }
    s.attributes = keep(std::move(all));
    if (s.events.empty()) return;
    std::vector<otlp::Event> list(s.events.begin(), s.events.end());
    for (std::size_t i = 0; i < list.size(); ++i)
      list[i].attributes = change(list[i].attributes, c, of_event[i]);
    s.events = events.emplace_back(std::move(list));
  }
};

SpanFilter::SpanFilter(const SpanMatch& match, const SpanChanges& changes, SpanSteps steps)
    : match_(match),
      changes_(changes),
      steps_(std::move(steps)),
      passes_all_(match.empty() && changes.empty() && steps_.empty()) {}
SpanFilter::~SpanFilter() = default;

Result<Filtered> SpanFilter::apply(log::Signal signal, std::string_view bytes, const KeepTrace& keep,
                                   std::string& out, std::uint32_t project) const {
  switch (signal) {
    case log::Signal::traces:
      return traces(bytes, keep, project, out);
    case log::Signal::logs:
      return logs(bytes, out);
    default:
      return metrics(bytes, out);
  }
}

namespace {

bool span_meets(const SpanMatch& m, const otlp::Span& s, const otlp::Resource& r, const otlp::Scope& scope,
                genai::Columns& view) {
  if (m.sampled && ((s.flags & 1u) != 0) != *m.sampled) return false;
  for (const auto& [key, pattern] : m.attributes)
    if (!has(s.attributes, key, pattern) && !has(r.attributes, key, pattern)) return false;
  for (const auto& [key, pattern] : m.without)
    if (has(s.attributes, key, pattern) || has(r.attributes, key, pattern)) return false;
  if (!m.error && m.kind.empty()) return true;
  genai::columns(s, r, scope, view);
  if (m.error && view.is_error != *m.error) return false;
  return m.kind.empty() || std::ranges::find(m.kind, view.kind) != m.kind.end();
}

bool resource_meets(const SpanMatch& m, const otlp::Resource& r) {
  return m.service.empty() || matches_any(m.service, service_of(r));
}

}  // namespace

Result<Filtered> SpanFilter::traces(std::string_view bytes, const KeepTrace& keep, std::uint32_t project,
                                    std::string& out) const {
  otlp::Arena arena;
  otlp::DecodeReport report;
  TS_ASSIGN(const auto traces,
            otlp::decode_traces_protobuf(bytes, arena, otlp::Limits::of_the_log(), report));
  Work work;
  Filtered count;
  std::vector<otlp::ResourceSpans> resources;
  for (auto rs : traces.resources) {
    const bool wanted = resource_meets(match_, rs.resource);
    std::vector<otlp::ScopeSpans> scopes;
    for (auto ss : rs.scopes) {
      std::vector<otlp::Span> spans;
      for (auto span : ss.spans) {
        if (!wanted || !span_meets(match_, span, rs.resource, ss.scope, work.view)) {
          ++count.left;
          continue;
        }
        if (keep && !keep(span.trace_id)) continue;
        spans.push_back(span);
      }
      if (spans.empty()) continue;
      count.taken += spans.size();
      ss.spans = work.spans.emplace_back(std::move(spans));
      scopes.push_back(ss);
    }
    if (scopes.empty()) continue;
    rs.scopes = work.scopes.emplace_back(std::move(scopes));
    resources.push_back(rs);
  }
  if (count.taken == 0) return count;
  otlp::Traces model{resources};
  if (steps_.redact) TS_TRY(steps_.redact->process(model, arena));
  if (steps_.link_large) steps_.link_large(model, project, arena);
  for (auto& rs : resources) {
    if (!changes_.empty())
      for (auto& ss : pipeline::writable(rs.scopes))
        for (auto& span : pipeline::writable(ss.spans)) work.change(span, rs.resource, ss.scope, changes_);
    work.change(rs.resource, changes_);
  }
  otlp::encode_protobuf(model, out);
  return count;
}

Result<Filtered> SpanFilter::logs(std::string_view bytes, std::string& out) const {
  otlp::Arena arena;
  otlp::DecodeReport report;
  TS_ASSIGN(const auto decoded, otlp::decode_logs_protobuf(bytes, arena, otlp::Limits::of_the_log(), report));
  Work work;
  Filtered count;
  std::vector<otlp::ResourceLogs> resources;
  for (auto rl : decoded.resources) {
    const bool wanted = resource_meets(match_, rl.resource);
    std::vector<otlp::ScopeLogs> scopes;
    for (auto sl : rl.scopes) {
      if (!wanted) {
        count.left += sl.records.size();
        continue;
      }
      std::vector<otlp::LogRecord> records(sl.records.begin(), sl.records.end());
      count.left += std::erase_if(records, [&](const otlp::LogRecord& r) {
        return std::ranges::any_of(match_.without,
                                   [&](const auto& w) { return has(r.attributes, w.first, w.second); });
      });
      if (records.empty()) continue;
      count.taken += records.size();
      sl.records = work.records.emplace_back(std::move(records));
      scopes.push_back(sl);
    }
    if (scopes.empty()) continue;
    rl.scopes = work.log_scopes.emplace_back(std::move(scopes));
    resources.push_back(rl);
  }
  if (count.taken == 0) return count;
  otlp::Logs model{resources};
  if (steps_.redact) TS_TRY(steps_.redact->process(model, arena));
  for (auto& rl : resources) {
    for (auto& sl : pipeline::writable(rl.scopes))
      for (auto& r : pipeline::writable(sl.records)) {
        r.attributes = work.change(r.attributes, changes_, {});
        // Content of model calls travels in bodies too (gen_ai.user.message and so on): without content, none
        // leaves.
        if (changes_.strip_content) r.body = {};
      }
    work.change(rl.resource, changes_);
  }
  otlp::encode_protobuf(model, out);
  return count;
}

Result<Filtered> SpanFilter::metrics(std::string_view bytes, std::string& out) const {
  otlp::Arena arena;
  otlp::DecodeReport report;
  TS_ASSIGN(const auto decoded,
            otlp::decode_metrics_protobuf(bytes, arena, otlp::Limits::of_the_log(), report));
  Work work;
  Filtered count;
  std::vector<otlp::ResourceMetrics> resources;
  for (auto rm : decoded.resources) {
    std::size_t n = 0;
    for (const auto& sm : rm.scopes) n += sm.metrics.size();
    if (!resource_meets(match_, rm.resource)) {
      count.left += n;
      continue;
    }
    count.taken += n;
    resources.push_back(rm);
  }
  if (count.taken == 0) return count;
  otlp::Metrics model{resources};
  if (steps_.redact) TS_TRY(steps_.redact->process(model, arena));
  for (auto& rm : resources) work.change(rm.resource, changes_);
  otlp::encode_protobuf(model, out);
  return count;
}

std::vector<std::string> split_traces(std::string_view request, std::size_t max_bytes,
                                      std::size_t max_spans) {
  otlp::Arena arena;
  otlp::DecodeReport report;
  const auto traces = otlp::decode_traces_protobuf(request, arena, otlp::Limits::of_the_log(), report);
  std::vector<std::string> pieces;
  if (!traces) return {std::string(request)};
  std::string piece;
  std::size_t spans_in_piece = 0;
  const auto flush = [&] {
    if (!piece.empty()) pieces.push_back(std::move(piece));
    piece.clear();
    spans_in_piece = 0;
  };
  for (const auto& rs : traces->resources)
    for (const auto& ss : rs.scopes)
      for (const auto& span : ss.spans) {
        // A span a message: what repeats (resource, scope) is small beside spans that have to be cut apart.
        const otlp::ScopeSpans one_scope{ss.scope, std::span(&span, 1)};
        const otlp::ResourceSpans one{rs.resource, std::span(&one_scope, 1)};
        std::string bytes;
        otlp::encode_protobuf(otlp::Traces{std::span(&one, 1)}, bytes);
        if (!piece.empty() && (piece.size() + bytes.size() > max_bytes || spans_in_piece >= max_spans))
          flush();
        piece += bytes;
        ++spans_in_piece;
      }
  flush();
  if (pieces.empty()) pieces.emplace_back(request);
  return pieces;
}

}  // namespace turnscope::sinks
