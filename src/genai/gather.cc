#include "genai/gather.h"

#include <charconv>
#include <cmath>

#include "genai/json.h"

namespace turnscope::genai {
namespace {
using Type = otlp::AnyValue::Type;

constexpr int input = 1, output = 2, none = 0;
constexpr std::uint8_t kDirection[kFields] = {
#define FIELD(name, content) content,
#include "genai/fields.def"
#undef FIELD
};

ContentRef::Direction direction(int d) {
  return d == input ? ContentRef::Direction::input : ContentRef::Direction::output;
}

int family_direction(Family f) {
  switch (f) {
    case Family::indexed_prompt:
    case Family::openinference_input:
    case Family::openinference_embeddings:
      return input;
    case Family::indexed_completion:
    case Family::openinference_output:
    case Family::openinference_documents:
      return output;
    default:
      return none;
  }
}

bool scope_allows(const KeyEntry& e, const Gathered& g) {
  return e.scope.empty() || scope_matches(e.scope, g.scope->name);
}

bool empty(const otlp::AnyValue& v) { return v.type == Type::none; }

/// By rank, then by key: the order in which attributes came decides nothing (the store does not keep it).
bool goes_before(const KeyEntry& a, const KeyEntry& b) {
  return a.rank != b.rank ? a.rank < b.rank : a.key < b.key;
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t' || s.front() == '\n' || s.front() == '\r'))
    s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t' || s.back() == '\n' || s.back() == '\r'))
    s.remove_suffix(1);
  return s;
}
}  // namespace

int content_direction(Field f) { return kDirection[static_cast<std::size_t>(f)]; }

void Gathered::clear() {
  fields.fill(Winner{});
  families.clear();
  unknown.clear();
  families_seen = 0;
}

void gather(const Registry& tables, const otlp::Span& span, const otlp::Resource& resource,
            const otlp::Scope& scope, Gathered& g, std::vector<ContentRef>* content) {
  g.clear();
  g.tables = &tables;
  g.span = &span;
  g.resource = &resource;
  g.scope = &scope;
  // Spans of one scope come together: remember the last answer.
  thread_local std::string last_scope;
  thread_local const Registry* last_tables = nullptr;
  thread_local std::uint16_t last_traits = 0;
  if (last_tables != &tables || scope.name != last_scope) {
    last_traits = tables.scope_traits(scope.name);
    last_scope.assign(scope.name.substr(0, 1024));
    last_tables = scope.name.size() <= 1024 ? &tables : nullptr;
  }
  g.traits = last_traits;

  for (std::uint32_t i = 0; i < span.attributes.size(); ++i) {
    const otlp::KeyValue& kv = span.attributes[i];
    if (const KeyEntry* e = tables.find(kv.key)) {
      if (empty(kv.value)) continue;
      int dir = none;
      for (; e; e = tables.next(*e)) {
        if (!scope_allows(*e, g)) continue;
        Winner& w = g.fields[static_cast<std::size_t>(e->field)];
        if (!w.rule || goes_before(*e, *w.rule)) w = {&kv.value, e, static_cast<std::int32_t>(i), -1};
        if (dir == none) dir = content_direction(e->field);
      }
      if (dir != none && content) content->push_back({direction(dir), -1, i});
      continue;
    }
    if (const PrefixEntry* p = tables.family(kv.key)) {
      g.families_seen |= 1u << static_cast<unsigned>(p->rule.family);
      if (p->rule.family == Family::known) continue;
      g.families.push_back({p->rule.family, static_cast<std::uint16_t>(p->rule.prefix.size()), i});
      const int dir = family_direction(p->rule.family);
      if (dir != none && content) content->push_back({direction(dir), -1, i});
      continue;
    }
    g.unknown.push_back(i);
  }
}

void offer(Gathered& g, std::string_view key, const otlp::AnyValue& value, std::int32_t attribute,
           std::int32_t event) {
  if (empty(value)) return;
  for (const KeyEntry* e = g.tables->find(key); e; e = g.tables->next(*e)) {
    if (!scope_allows(*e, g)) continue;
    Winner& w = g.fields[static_cast<std::size_t>(e->field)];
    if (!w.rule || goes_before(*e, *w.rule)) w = {&value, e, attribute, event};
  }
}

void offer_mapped(Gathered& g, const otlp::Event& e, std::int32_t event) {
  for (const EventEntry& entry : g.tables->event_rules()) {
    if (entry.event != e.name || !scope_allows(entry.rule, g)) continue;
    for (std::size_t k = 0; k < e.attributes.size(); ++k) {
      const otlp::KeyValue& kv = e.attributes[k];
      if (kv.key != entry.rule.key || empty(kv.value)) continue;
      Winner& w = g.fields[static_cast<std::size_t>(entry.rule.field)];
      if (!w.rule || goes_before(entry.rule, *w.rule))
        w = {&kv.value, &entry.rule, static_cast<std::int32_t>(k), event};
    }
  }
}

std::optional<double> number_in(std::string_view s) {
  s = trim(s);
  if (s.empty() || s.size() > 64) return std::nullopt;
  if (s.front() == '+') s.remove_prefix(1);
  double d = 0;
  const auto r = std::from_chars(s.data(), s.data() + s.size(), d);
  if (r.ec != std::errc{} || r.ptr != s.data() + s.size() || !std::isfinite(d)) return std::nullopt;
  return d;
}

std::string_view unquoted(std::string_view text, std::string& made) {
  if (text.size() < 2 || text.front() != '"' || text.back() != '"') return text;
  if (text.find('\\') != std::string_view::npos)
    if (auto v = parse_json(text); v && v->is_string()) {
      made.assign(v->get_string().data(), v->get_string().size());
      return made;
    }
  return text.substr(1, text.size() - 2);
}

std::optional<std::int64_t> as_integer(const otlp::AnyValue& v) {
  switch (v.type) {
    case Type::integer:
      return v.integer;
    case Type::real:
      if (std::isfinite(v.real) && v.real == std::floor(v.real) && std::abs(v.real) < 9.2e18)
        return static_cast<std::int64_t>(v.real);
      return std::nullopt;
    case Type::string: {
      const std::string_view s = trim(v.text);
      std::int64_t n = 0;
      const auto r = std::from_chars(s.data(), s.data() + s.size(), n);
      if (!s.empty() && r.ec == std::errc{} && r.ptr == s.data() + s.size()) return n;
      const auto d = number_in(s);
      if (d && *d == std::floor(*d) && std::abs(*d) < 9.2e18) return static_cast<std::int64_t>(*d);
      return std::nullopt;
    }
    default:
      return std::nullopt;
  }
}

std::optional<std::uint64_t> as_count(const otlp::AnyValue& v) {
  const auto n = as_integer(v);
  if (!n || *n < 0) return std::nullopt;
  return static_cast<std::uint64_t>(*n);
}

std::optional<double> as_number(const otlp::AnyValue& v) {
  switch (v.type) {
    case Type::integer:
      return static_cast<double>(v.integer);
    case Type::real:
      return std::isfinite(v.real) ? std::optional(v.real) : std::nullopt;
    case Type::string:
      return number_in(v.text);
    default:
      return std::nullopt;
  }
}

std::optional<bool> as_boolean(const otlp::AnyValue& v) {
  switch (v.type) {
    case Type::boolean:
      return v.boolean;
    case Type::integer:
      return v.integer == 0 || v.integer == 1 ? std::optional(v.integer == 1) : std::nullopt;
    case Type::string:
      if (v.text == "true" || v.text == "True" || v.text == "1") return true;
      if (v.text == "false" || v.text == "False" || v.text == "0") return false;
      return std::nullopt;
    default:
      return std::nullopt;
  }
}

std::string_view provider_name(std::string_view sent, std::string& made) {
  // The Vercel SDK adds the API surface to the vendor's name; OpenLLMetry ≤ 0.40 writes it as a title.
  constexpr std::string_view kSurfaces[] = {"messages",   "chat",          "responses",     "embedding",
                                            "embeddings", "completion",    "completions",   "image",
                                            "speech",     "transcription", "generative-ai", "rerank"};
  const std::size_t dot = sent.rfind('.');
  if (dot != std::string_view::npos && dot > 0)
    for (const auto s : kSurfaces)
      if (sent.substr(dot + 1) == s) {
        sent = sent.substr(0, dot);
        break;
      }
  bool upper = false;
  for (const char c : sent) upper |= c >= 'A' && c <= 'Z';
  if (!upper) return sent;
  made.assign(sent);
  for (char& c : made)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return made;
}

}  // namespace turnscope::genai
