#include "genai/registry.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <mutex>

#include "genai/dialect.h"

namespace turnscope::genai {

// dialects.inc is written by the build: one DIALECT(name) for each file in dialects/.
#define DIALECT(name) extern const Dialect dialect_##name;
#include "genai/dialects.inc"
#undef DIALECT

namespace {
const Dialect* const kBuiltin[] = {
#define DIALECT(name) &dialect_##name,
#include "genai/dialects.inc"
#undef DIALECT
};

constexpr std::string_view kFieldNames[] = {
#define FIELD(name, content) #name,
#include "genai/fields.def"
#undef FIELD
};

constexpr std::pair<std::string_view, Convert> kConverts[] = {
    {"text", Convert::text},
    {"integer", Convert::integer},
    {"number", Convert::number},
    {"boolean", Convert::boolean},
    {"seconds", Convert::seconds},
    {"milliseconds", Convert::milliseconds},
    {"json", Convert::json},
    {"structured", Convert::structured},
    {"list", Convert::list},
    {"comma_list", Convert::comma_list},
    {"json_string", Convert::json_string},
    {"body", Convert::body},
    {"json_body", Convert::json_body},
};

constexpr std::string_view kFamilyNames[] = {"none",
                                             "indexed prompt",
                                             "indexed completion",
                                             "input messages",
                                             "output messages",
                                             "tools offered",
                                             "documents",
                                             "embeddings",
                                             "functions offered",
                                             "request parameters",
                                             "settings",
                                             "score",
                                             "metadata",
                                             "understood, no field of its own"};
static_assert(std::size(kFamilyNames) == static_cast<std::size_t>(Family::known) + 1);

constexpr std::pair<ScopeTrait, std::string_view> kTraitNames[] = {
    {scope_genai, "traces GenAI calls"},
    {scope_sdk, "a model vendor's SDK"},
    {scope_input_excludes_cache, "input counts leave cached tokens out"},
    {scope_input_includes_cache, "input counts hold cached tokens"},
    {scope_hand_written, "the example agent"},
    {scope_logfire, "Logfire"},
    {scope_vercel, "Vercel AI SDK"},
    {scope_pydantic, "Pydantic AI"},
    {scope_house, "named by a house rule"},
};

Convert default_convert(Field f) {
  // What the built-in tables use for that field, so that a rule need not say it.
  for (const Dialect* d : kBuiltin)
    for (const KeyRule& r : d->keys)
      if (r.field == f) return r.convert;
  return Convert::text;
}

std::uint64_t load8(const char* p) {
  std::uint64_t v;
  std::memcpy(&v, p, 8);
  return v;
}
}  // namespace

std::string_view name(Field f) {
  const auto i = static_cast<std::size_t>(f);
  return i < kFields ? kFieldNames[i] : std::string_view("?");
}

std::string_view name(Convert c) {
  for (const auto& [word, convert] : kConverts)
    if (convert == c) return word;
  return "?";
}

std::string_view name(Family f) {
  const auto i = static_cast<std::size_t>(f);
  return i < std::size(kFamilyNames) ? kFamilyNames[i] : std::string_view("?");
}

std::vector<std::string_view> trait_names(std::uint16_t traits) {
  std::vector<std::string_view> out;
  for (const auto& [trait, word] : kTraitNames)
    if ((traits & trait) != 0) out.push_back(word);
  return out;
}

std::span<const Dialect* const> builtin_dialects() { return kBuiltin; }

Field field_of(std::string_view n) {
  for (std::size_t i = 0; i < kFields; ++i)
    if (kFieldNames[i] == n) return static_cast<Field>(i);
  return Field::count;
}

bool scope_matches(std::string_view pattern, std::string_view scope) {
  if (pattern.ends_with('*')) return scope.starts_with(pattern.substr(0, pattern.size() - 1));
  return pattern == scope;
}

std::size_t Registry::hash(std::string_view key) {
  const std::size_t n = key.size();
  std::uint64_t h = n * 0x9E3779B97F4A7C15ull;
  if (n >= 8) {
    const char* p = key.data();
    h ^= load8(p) * 0xA0761D6478BD642Full;
    h ^= load8(p + n - 8) * 0xE7037ED1A0B428DBull;
    h ^= load8(p + (n - 8) / 2) * 0x8EBC6AF09C88C6E3ull;
  } else {
    for (const char c : key) h = (h ^ static_cast<unsigned char>(c)) * 0x100000001B3ull;
  }
  return h ^ (h >> 29) ^ (h >> 47);
}

void Registry::add(KeyEntry entry) {
  std::size_t slot = hash(entry.key) & mask_;
  while (slots_[slot] != 0) {
    KeyEntry* e = &keys_[slots_[slot] - 1];
    if (e->key == entry.key) {
      while (e->next) e = &keys_[e->next - 1];
      keys_.push_back(entry);
      // push_back may have moved the entries: find the chain's end again.
      e = &keys_[slots_[slot] - 1];
      while (e->next) e = &keys_[e->next - 1];
      e->next = static_cast<std::uint16_t>(keys_.size());
      return;
    }
    slot = (slot + 1) & mask_;
  }
  keys_.push_back(entry);
  slots_[slot] = static_cast<std::uint16_t>(keys_.size());
}

const PrefixEntry* Registry::family(std::string_view key) const {
  if (key.empty()) return nullptr;
  const auto c = static_cast<unsigned char>(key[0]);
  for (std::size_t i = prefix_begin_[c]; i < prefix_begin_[c + 1]; ++i)
    if (key.starts_with(prefixes_[i].rule.prefix)) return &prefixes_[i];
  return nullptr;
}

std::uint16_t Registry::scope_traits(std::string_view scope) const {
  // Longest matching pattern, so that "logfire.openai*" goes before "logfire*".
  std::size_t best = 0;
  std::uint16_t traits = 0;
  std::uint16_t house = 0;
  for (const ScopeRule& r : scopes_) {
    if (!scope_matches(r.scope, scope)) continue;
    if ((r.traits & scope_house) != 0)
      house = scope_house;
    else if (r.scope.size() > best)
      best = r.scope.size(), traits = r.traits;
  }
  return static_cast<std::uint16_t>(traits | house);
}

Result<std::unique_ptr<const Registry>> Registry::make(std::span<const Mapping> mappings) {
  if (mappings.size() > 1000)
    return fail(ErrorKind::invalid_argument, "genai.mappings has more than 1000 rules; remove some");
  auto r = std::make_unique<Registry>();
  std::size_t total = mappings.size();
  for (const Dialect* d : kBuiltin) total += d->keys.size();
  std::size_t size = 256;
  while (size < total * 4) size *= 2;
  r->slots_.assign(size, 0);
  r->mask_ = size - 1;
  r->keys_.reserve(total);
  r->mappings_.assign(mappings.begin(), mappings.end());  // owns the texts that entries view

  auto dialect_index = [&](std::string_view n) {
    for (std::size_t i = 0; i < r->dialects_.size(); ++i)
      if (r->dialects_[i] == n) return static_cast<std::uint8_t>(i);
    r->dialects_.emplace_back(n);
    return static_cast<std::uint8_t>(r->dialects_.size() - 1);
  };
  for (std::size_t i = 0; i < r->mappings_.size(); ++i) {
    const Mapping& m = r->mappings_[i];
    const std::string where = "genai.mappings[" + std::to_string(i) + "]";
    const auto kind_named = [](std::string_view word) -> std::optional<Kind> {
      for (int k = 0; k <= static_cast<int>(Kind::chain); ++k)
        if (name(static_cast<Kind>(k)) == word) return static_cast<Kind>(k);
      return std::nullopt;
    };
    const std::string kinds = "use agent, turn, llm, tool, retrieval, embedding, chain or other";
    if (!m.span_name.empty()) {
      const auto kind = kind_named(m.kind);
      if (!kind)
        return fail(ErrorKind::invalid_argument, where + ".kind '" + m.kind + "' is not known; " + kinds);
      if (!m.scope.empty()) r->scopes_.push_back({m.scope, scope_house});
      r->names_.push_back({m.span_name, static_cast<std::uint8_t>(*kind),
                           static_cast<std::uint16_t>(m.scope.empty() ? 0 : scope_house)});
      continue;
    }
    if (m.attribute.empty() && m.input_excludes_cache) {
      if (m.scope.empty())
        return fail(ErrorKind::invalid_argument,
                    where + ".scope is empty; name the scope whose counts are meant");
      r->scopes_.push_back(
          {m.scope,
           static_cast<std::uint16_t>(scope_genai | (*m.input_excludes_cache ? scope_input_excludes_cache
                                                                             : scope_input_includes_cache))});
      continue;
    }
    if (m.attribute.size() > 1 && m.attribute.ends_with('*')) {
      if (m.field != "metadata")
        return fail(ErrorKind::invalid_argument,
                    where + ".attribute: a prefix (ending in '*') can only be mapped to the field metadata");
      r->prefixes_.push_back(
          {{std::string_view(m.attribute).substr(0, m.attribute.size() - 1), Family::metadata},
           dialect_index(m.dialect)});
      continue;
    }
    if (m.attribute.empty())
      return fail(ErrorKind::invalid_argument, where + ".attribute is empty; name the attribute key to map");
    const Field f = field_of(m.field);
    if (f == Field::count)
      return fail(
          ErrorKind::invalid_argument,
          where + ".field '" + m.field + "' is not a canonical field; see docs/genai.md for their names");
    if (m.rank < 0 || m.rank > 255)
      return fail(ErrorKind::invalid_argument,
                  where + ".rank must be from 0 to 255 (lower wins, built-in rules begin at 5)");
    Convert c = default_convert(f);
    if (!m.convert.empty()) {
      const auto* it = std::find_if(std::begin(kConverts), std::end(kConverts),
                                    [&](auto& p) { return p.first == m.convert; });
      if (it == std::end(kConverts))
        return fail(ErrorKind::invalid_argument,
                    where + ".convert '" + m.convert +
                        "' is not known; use text, integer, number, boolean, seconds, milliseconds, "
                        "structured, body, json, json_body, list, comma_list or json_string");
      c = it->second;
    }
    for (const auto& [word, means] : m.values) {
      const auto kind = kind_named(means);
      if (f != Field::kind || !kind)
        return fail(ErrorKind::invalid_argument, where + ".values: '" + word + "' means '" + means +
                                                     "'; only the field kind has words, and " + kinds);
      r->kind_words_.emplace_back(word, *kind);
    }
    if (!m.event.empty()) {
      r->event_rules_.push_back(
          {m.event,
           {m.attribute, f, c, static_cast<std::uint8_t>(m.rank), dialect_index(m.dialect), m.scope, 0}});
      continue;
    }
    r->add({m.attribute, f, c, static_cast<std::uint8_t>(m.rank), dialect_index(m.dialect), m.scope, 0});
  }
  for (const Dialect* d : kBuiltin) {
    const std::uint8_t di = dialect_index(d->name);
    for (const KeyRule& k : d->keys) r->add({k.key, k.field, k.convert, k.rank, di, {}, 0});
    for (const PrefixRule& p : d->prefixes) r->prefixes_.push_back({p, di});
    r->scopes_.insert(r->scopes_.end(), d->scopes.begin(), d->scopes.end());
    r->names_.insert(r->names_.end(), d->names.begin(), d->names.end());
  }
  std::stable_sort(r->prefixes_.begin(), r->prefixes_.end(), [](const PrefixEntry& a, const PrefixEntry& b) {
    const auto ca = static_cast<unsigned char>(a.rule.prefix[0]),
               cb = static_cast<unsigned char>(b.rule.prefix[0]);
    return ca != cb ? ca < cb : a.rule.prefix.size() > b.rule.prefix.size();
  });
  std::size_t at = 0;
  for (int c = 0; c <= 256; ++c) {
    while (at < r->prefixes_.size() && static_cast<unsigned char>(r->prefixes_[at].rule.prefix[0]) < c) ++at;
    r->prefix_begin_[c] = static_cast<std::uint16_t>(at);
  }
  return std::unique_ptr<const Registry>(std::move(r));
}

namespace {
// Registries are never freed: a span that is being normalised may still read the old one.
std::atomic<const Registry*> g_active{nullptr};

const Registry& builtin() {
  static const Registry* const r = Registry::make({}).value().release();
  return *r;
}
}  // namespace

const Registry& registry() {
  const Registry* r = g_active.load(std::memory_order_acquire);
  return r ? *r : builtin();
}

Status use_mappings(std::span<const Mapping> mappings) {
  TS_ASSIGN(auto made, Registry::make(mappings));
  static std::mutex mutex;
  static auto* const all = new std::vector<std::unique_ptr<const Registry>>;  // never freed, see above
  const std::lock_guard lock(mutex);
  g_active.store(all->emplace_back(std::move(made)).get(), std::memory_order_release);
  return {};
}

}  // namespace turnscope::genai
