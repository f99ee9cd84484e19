// All dialects' tables put together for look-up: one hash probe a key. Built once; a second one is built when
// the configuration brings mapping rules of its own.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "genai/dialect.h"
#include "genai/view.h"

namespace turnscope::genai {

/// One mapping rule of the user (configuration key genai.mappings): the same power as a row of the built-in
/// tables.
struct Mapping {
  std::string attribute;  ///< whole key; or, ending in '*', all keys that begin so (field metadata only)
  std::string event;      ///< when set, the attribute of events of that name
  std::string field;      ///< a canonical field (fields.def)
  std::string
      convert;  ///< how the value is read (docs/genai.md); empty: as the built-in tables read that field
  std::string scope;           ///< only in scopes of that name ('*' at the end: prefix); empty: in all
  std::string span_name = {};  ///< instead of an attribute: spans of that name ('*' at the end: prefix) …
  std::string kind = {};       ///< … are of this kind
  /// For the field kind: the house's words and the kinds they mean, as model-call: llm.
  std::vector<std::pair<std::string, std::string>> values = {};
  /// Instead of an attribute, of a scope: whether its input counts leave cached tokens out.
  std::optional<bool> input_excludes_cache = {};
  std::string dialect = "configuration";
  int rank = 0;  ///< lower wins; built-in tables begin at 5
};

struct KeyEntry {
  std::string_view key;
  Field field = Field::count;
  Convert convert = Convert::text;
  std::uint8_t rank = 0;
  std::uint8_t dialect = 0;  ///< index into dialect_names()
  std::string_view scope;    ///< only when the span's scope is this one; empty: always
  std::uint16_t next = 0;    ///< further rule for the same key (index + 1), 0: none
};

/// A rule of the user on an attribute of events of one name.
struct EventEntry {
  std::string_view event;
  KeyEntry rule;
};

/// Where a prefix or a name rule came from.
struct PrefixEntry {
  PrefixRule rule;
  std::uint8_t dialect;
};

class Registry {
 public:
  /// The built-in tables and, before them, the user's rules. Errors name the rule and what is wrong with it.
  static Result<std::unique_ptr<const Registry>> make(std::span<const Mapping> mappings);

  /// First rule of that key, or null.
  const KeyEntry* find(std::string_view key) const {
    std::size_t slot = hash(key) & mask_;
    while (slots_[slot] != 0) {
      const KeyEntry& e = keys_[slots_[slot] - 1];
      if (e.key == key) return &e;
      slot = (slot + 1) & mask_;
    }
    return nullptr;
  }
  const KeyEntry* next(const KeyEntry& e) const { return e.next ? &keys_[e.next - 1] : nullptr; }
  /// Longest prefix rule that the key begins with, or null.
  const PrefixEntry* family(std::string_view key) const;
  std::uint16_t scope_traits(std::string_view scope) const;
  std::span<const NameRule> names() const { return names_; }
  std::span<const std::string> dialect_names() const { return dialects_; }
  /// The user's rules, as they were given.
  std::span<const Mapping> mappings() const { return mappings_; }
  /// Rules on attributes of named events (the user's only).
  const std::deque<EventEntry>& event_rules() const { return event_rules_; }
  /// The kind that a word of the user's means.
  std::optional<Kind> kind_word(std::string_view word) const {
    for (const auto& [w, kind] : kind_words_)
      if (w == word) return kind;
    return std::nullopt;
  }
  std::size_t keys() const { return keys_.size(); }

 private:
  static std::size_t hash(std::string_view key);
  void add(KeyEntry entry);
  std::vector<KeyEntry> keys_;
  std::vector<std::uint16_t> slots_;  ///< index + 1 into keys_, 0: free
  std::size_t mask_ = 0;
  std::vector<PrefixEntry> prefixes_;  ///< longest first, grouped by their first character
  std::uint16_t prefix_begin_[257] = {};
  std::vector<ScopeRule> scopes_;
  std::vector<NameRule> names_;
  std::vector<std::string> dialects_;
  std::vector<Mapping> mappings_;
  std::deque<EventEntry> event_rules_;
  std::vector<std::pair<std::string, Kind>> kind_words_;
};

/// The built-in tables, for being shown.
std::span<const Dialect* const> builtin_dialects();
/// What a scope's traits say, for people: "input counts leave cached tokens out".
std::vector<std::string_view> trait_names(std::uint16_t traits);

/// The tables in use. Never null; safe from any thread.
const Registry& registry();
/// Puts the user's rules into use, for spans normalised from now on (called once, at start, by the server).
Status use_mappings(std::span<const Mapping> mappings);

bool scope_matches(std::string_view pattern, std::string_view scope);

}  // namespace turnscope::genai
