// What filled the context of each model call of a trace: system prompt, tools offered, which tool's results,
// history.
#include <boost/json.hpp>

#include <algorithm>
#include <map>
#include <unordered_set>

#include "genai/explain.h"
#include "query/impl.h"
#include "query/part_hash.h"

namespace turnscope::query {
namespace json = boost::json;

std::size_t part_hash(const genai::Part& p) {
  return std::hash<std::string>{}(json::serialize(genai::to_json(p)));
}

namespace {

constexpr std::size_t kMaxCalls = 200;
constexpr std::size_t kAtOnce = 16;  // payloads of so many calls are in memory

std::size_t bytes_of(const json::value& v) {
  if (v.is_null()) return 0;
  if (v.is_string()) return v.get_string().size();
  return json::serialize(v).size();
}
std::size_t bytes_of(const genai::Part& p) {
  return bytes_of(p.content) + bytes_of(p.arguments) + bytes_of(p.result);
}

std::size_t hash_of(const genai::Part& p) { return part_hash(p); }

bool counted_call(const IndexedSpan& s) {
  return s.kind == static_cast<std::uint8_t>(genai::Kind::llm) &&
         s.usage_role != static_cast<std::uint8_t>(genai::UsageRole::duplicate);
}

class Filling {
 public:
  ContextCall call(std::uint32_t row, const genai::SpanView& view) {
    ContextCall out;
    out.row = row;
    parts_.clear();
    for (const auto& tool : view.tools) {
      const auto bytes = tool.name.size() + tool.description.value_or("").size() + bytes_of(tool.schema);
      const bool fresh = seen_.insert(std::hash<std::string>{}(tool.name) ^ bytes).second;
      add({ContextPart::Type::tools, {}}, bytes, fresh);
    }
    const auto input = genai::detail_input(view);
    for (const auto& m : input)
      for (const auto& p : m.message.parts)
        if (p.type == genai::Part::Type::tool_call && p.id && p.name) tool_names_[*p.id] = *p.name;
    for (const auto& m : input) {
      const auto role = m.message.role ? std::string_view(*m.message.role) : std::string_view("user");
      bool resent = !m.message.parts.empty();
      for (const auto& p : m.message.parts) {
        const bool fresh = seen_.insert(hash_of(p)).second;
        resent = resent && !fresh;
        add(place(role, p), bytes_of(p), fresh);
      }
      ++out.messages;
      out.resent_messages += resent;
    }
    for (const auto& m : genai::detail_output(view))
      for (const auto& p : m.message.parts) {
        seen_.insert(hash_of(p));
        if (p.type == genai::Part::Type::tool_call && p.id && p.name) tool_names_[*p.id] = *p.name;
      }
    for (auto& [key, part] : parts_) out.parts.push_back(std::move(part));
    std::sort(out.parts.begin(), out.parts.end(),
              [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
    return out;
  }

 private:
  using Key = std::pair<ContextPart::Type, std::string>;

  Key place(std::string_view role, const genai::Part& p) const {
    using Type = ContextPart::Type;
    if (p.type == genai::Part::Type::tool_call_response || role == "tool") {
      if (p.name) return {Type::tool_result, *p.name};
      const auto it = p.id ? tool_names_.find(*p.id) : tool_names_.end();
      return {Type::tool_result, it == tool_names_.end() ? std::string() : it->second};
    }
    if (role == "system" || role == "developer") return {Type::system, {}};
    if (role == "assistant") return {Type::assistant, {}};
    if (role == "user") return {Type::user, {}};
    return {Type::other, std::string(role.substr(0, 64))};
  }
  void add(const Key& key, std::size_t bytes, bool fresh) {
    auto& part = parts_[key];
    part.type = key.first;
    part.name = key.second;
    ++part.count;
    part.bytes += bytes;
    if (fresh) part.new_bytes += bytes;
  }

  std::unordered_set<std::size_t> seen_;
  std::map<std::string, std::string> tool_names_;
  std::map<Key, ContextPart> parts_;
};

}  // namespace

Result<std::optional<SaidBefore>> Queries::said_before(const Caller& caller, const TraceIndex& trace,
                                                       std::uint32_t row) {
  constexpr std::size_t kLookedAt = 4;
  const auto spans = trace.spans();
  const auto before = [&](std::uint32_t a, std::uint32_t b) {
    return spans[a].start != spans[b].start ? spans[a].start < spans[b].start
                                            : spans[a].span_id < spans[b].span_id;
  };
  if (spans[row].kind != static_cast<std::uint8_t>(genai::Kind::llm)) return std::optional<SaidBefore>{};
  std::vector<std::uint32_t> rows;
  for (std::uint32_t i = 0; i < trace.size(); ++i)
    // What runs around this call (another instrumentation saw it, too) is not before it.
    if (counted_call(spans[i]) && before(i, row) && spans[i].end() <= spans[row].start) rows.push_back(i);
  const auto some = std::min(kLookedAt, rows.size());
  std::partial_sort(rows.begin(), rows.begin() + static_cast<std::ptrdiff_t>(some), rows.end(),
                    [&](auto a, auto b) { return before(b, a); });
  rows.resize(some);
  SaidBefore said;
  if (rows.empty()) return std::optional(said);
  static const otlp::Scope no_scope;
  static const otlp::Resource no_resource;
  TS_ASSIGN(const auto stored, whole_rows(caller, trace, rows));
  for (const auto& s : stored->spans) {
    const auto view =
        genai::view(s.span, s.resource ? *s.resource : no_resource, s.scope ? *s.scope : no_scope);
    for (const auto* messages : {&view.input, &view.output})
      for (const auto& m : *messages)
        for (const auto& p : m.message.parts) said.insert(part_hash(p));
    for (const auto& p : view.system) said.insert(part_hash(p));
  }
  return std::optional(std::move(said));
}

Result<TraceContext> Queries::context(const Caller& caller, const TraceIndex& trace) {
  TraceContext out;
  std::vector<std::uint32_t> rows;
  for (std::uint32_t row = 0; row < trace.size(); ++row)
    if (counted_call(trace.spans()[row])) rows.push_back(row);
  std::sort(rows.begin(), rows.end(), [&](auto a, auto b) {
    const auto &x = trace.spans()[a], &y = trace.spans()[b];
    return x.start != y.start ? x.start < y.start : x.span_id < y.span_id;
  });
  out.more = rows.size() > kMaxCalls;
  if (out.more) rows.resize(kMaxCalls);
  static const otlp::Scope no_scope;
  static const otlp::Resource no_resource;
  Filling filling;
  for (std::size_t first = 0; first < rows.size(); first += kAtOnce) {
    const auto piece = std::span(rows).subspan(first, std::min(kAtOnce, rows.size() - first));
    TS_ASSIGN(const auto stored, whole_rows(caller, trace, piece));
    for (const auto& s : stored->spans) {
      const auto row = trace.find(s.span.span_id);
      auto call = filling.call(
          row, genai::view(s.span, s.resource ? *s.resource : no_resource, s.scope ? *s.scope : no_scope));
      const auto& indexed = trace.spans()[row];
      auto usage = indexed.usage;
      usage.tokens[TokenCounts::output] = usage.tokens[TokenCounts::reasoning] = 0;
      usage.parts[TokenCounts::output_audio] = usage.parts[TokenCounts::output_image] = 0;
      usage.known &= 7;
      if (usage.any())
        call.input_nano_usd = cost_of(usage, trace.priced_by(indexed), indexed.start, std::nullopt).nano_usd;
      out.calls.push_back(std::move(call));
    }
  }
  return out;
}

}  // namespace turnscope::query
