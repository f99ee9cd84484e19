#include "sinks/call_window.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "genai/dialect.h"
#include "genai/duplicates.h"

namespace turnscope::sinks {
namespace {

std::uint64_t hash(std::string_view text) {
  // Seeded by the place of a static: texts chosen to collide in one process do not in the next.
  static const char place = 0;
  if (text.empty()) return 0;
  return XXH3_64bits_withSeed(text.data(), text.size(), reinterpret_cast<std::uintptr_t>(&place)) | 1;
}

/// Of a span: its id alone is not enough, clients that count from 1 have the same ones in each trace.
std::uint64_t span_key(const otlp::TraceId& trace, otlp::SpanId span) {
  std::array<std::uint8_t, sizeof trace + sizeof span> bytes;
  std::memcpy(bytes.data(), trace.data(), sizeof trace);
  std::memcpy(bytes.data() + sizeof trace, &span, sizeof span);
  return hash({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

std::string_view text(const std::uint64_t& hash) {
  return hash ? std::string_view(reinterpret_cast<const char*>(&hash), sizeof hash) : std::string_view{};
}

std::string_view span_type(const otlp::Span& span) {
  for (const auto& kv : span.attributes)
    if (kv.key == "logfire.span_type" && kv.value.type == otlp::AnyValue::Type::string) return kv.value.text;
  return {};
}

/// Numbers other than 0 → index of the first call that has it.
class FirstIndex {
 public:
  explicit FirstIndex(std::size_t n) : slots_(std::bit_ceil(std::max<std::size_t>(16, n * 2))) {}
  /// The first index given for that key (the one given now, when it is new).
  std::uint32_t put(std::uint64_t key, std::uint32_t index) {
    Slot& s = slot(key);
    if (s.key == 0) s = {key, index};
    return s.index;
  }
  std::uint32_t find(std::uint64_t key) {
    const Slot& s = slot(key);
    return s.key == 0 ? genai::kNoDuplicate : s.index;
  }

 private:
  struct Slot {
    std::uint64_t key = 0;
    std::uint32_t index = 0;
  };
  Slot& slot(std::uint64_t key) {
    const std::size_t mask = slots_.size() - 1;
    std::size_t at = (key * 0x9E3779B97F4A7C15ull >> 20) & mask;
    while (slots_[at].key != 0 && slots_[at].key != key) at = (at + 1) & mask;
    return slots_[at];
  }
  std::vector<Slot> slots_;
};

}  // namespace

bool is_pending(const otlp::Span& span) { return span_type(span) == "pending_span"; }

SeenCall seen_call(std::uint32_t project, const otlp::Span& span, const otlp::Scope& scope,
                   std::uint16_t traits, const genai::Columns& columns, std::int64_t received) {
  SeenCall c;
  c.project = project;
  c.kind = columns.kind;
  c.sdk = (traits & genai::scope_sdk) != 0;
  c.logfire = (traits & genai::scope_logfire) != 0;
  c.stream_log = c.logfire && span_type(span) == "log";
  c.failed = columns.is_error;
  c.has_usage = columns.usage.reported_input || columns.usage.reported_output;
  for (const auto& ref : columns.content)
    (ref.direction == genai::ContentRef::Direction::input ? c.has_input : c.has_output) = true;
  c.trace = span.trace_id;
  c.span = span.span_id;
  c.parent = span.parent_span_id;
  c.start = span.start_unix_nano;
  c.end = span.end_unix_nano;
  c.scope = hash(scope.name);
  c.response_id = hash(columns.response_id);
  c.model = hash(columns.request_model);
  c.received = received;
  return c;
}

void collect_call(std::uint32_t project, const otlp::Span& span, const otlp::Scope& scope,
                  std::uint16_t traits, const genai::Columns& columns, std::int64_t received,
                  std::vector<SeenCall>& calls, std::vector<store::DuplicateCall>& placeholders) {
  if (columns.kind == genai::Kind::other) return;
  if ((traits & (genai::scope_logfire | genai::scope_pydantic)) != 0 && span.parent_span_id != 0 &&
      is_pending(span)) {
    placeholders.push_back({project, span.trace_id, span.trace_id, span.span_id, span.parent_span_id,
                            span.start_unix_nano, span.end_unix_nano});
    return;
  }
  if (columns.kind == genai::Kind::llm || columns.kind == genai::Kind::embedding)
    calls.push_back(seen_call(project, span, scope, traits, columns, received));
}

void CallWindow::add(const std::vector<SeenCall>& calls, std::vector<store::DuplicateCall>& found) {
  if (calls.empty()) return;
  std::vector<std::uint32_t> projects;
  for (const SeenCall& c : calls) {
    if (windows_.size() >= kProjects && !windows_.contains(c.project)) windows_.clear();
    windows_[c.project].push_back(c);
    if (projects.empty() || projects.back() != c.project) projects.push_back(c.project);
  }
  std::sort(projects.begin(), projects.end());
  projects.erase(std::unique(projects.begin(), projects.end()), projects.end());
  for (const auto project : projects) {
    const auto it = windows_.find(project);
    if (it == windows_.end()) continue;
    auto& window = it->second;
    add(window, found);
    const std::int64_t newest = window.back().received;
    while (window.size() > kCalls || (!window.empty() && newest - window.front().received > kAge))
      window.pop_front();
  }
}

void CallWindow::add(std::deque<SeenCall>& window, std::vector<store::DuplicateCall>& found) {
  const auto n = static_cast<std::uint32_t>(window.size());
  FirstIndex by_span(n), by_response(n);
  for (std::uint32_t i = 0; i < n; ++i) by_span.put(span_key(window[i].trace, window[i].span), i);
  std::vector<bool> related(n);
  bool any = false, everything = false;
  for (std::uint32_t i = 0; i < n; ++i) {
    const SeenCall& c = window[i];
    everything |= c.sdk || c.stream_log;  // matched by time, too: all calls may be the other one
    if (c.parent)
      if (const auto parent = by_span.find(span_key(c.trace, c.parent)); parent != genai::kNoDuplicate)
        related[i] = related[parent] = any = true;
    if (!c.response_id) continue;
    const auto first = by_response.put(c.response_id, i);
    if (first != i && window[first].scope != c.scope) related[i] = related[first] = any = true;
  }
  if (!any && !everything) return;

  std::vector<genai::CallFacts> facts;
  for (std::uint32_t i = 0; i < n; ++i) {
    if (!everything && !related[i]) continue;
    const SeenCall& c = window[i];
    genai::CallFacts f;
    f.node = i;
    f.trace = c.trace, f.span = c.span, f.parent = c.parent;
    f.start = c.start, f.end = c.end;
    f.kind = c.kind;
    f.scope = text(c.scope), f.response_id = text(c.response_id), f.request_model = text(c.model);
    f.sdk = c.sdk, f.logfire = c.logfire, f.stream_log = c.stream_log, f.failed = c.failed;
    f.has_usage = c.has_usage, f.has_input = c.has_input, f.has_output = c.has_output;
    facts.push_back(f);
  }
  const auto marks = genai::find_duplicates(facts);
  for (std::size_t i = 0; i < facts.size(); ++i) {
    if (marks[i] == genai::kNoDuplicate) continue;
    SeenCall& call = window[facts[i].node];
    const SeenCall& counts = window[facts[marks[i]].node];
    if (call.repeats == counts.span) continue;
    call.repeats = counts.span;
    found.push_back({call.project, call.trace, counts.trace, call.span, counts.span, call.start, call.end});
  }
}

}  // namespace turnscope::sinks
