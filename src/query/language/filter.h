// Search tree → SQL predicate over `spans`, of constant fragments and bound parameters only.
#pragma once
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "query/language/ast.h"
#include "query/sql.h"

namespace turnscope::query {

/// Attributes of resources and scopes stand in a small table of their own: each term that may mean one asks
/// it first for the ids (`SELECT id … LIMIT kProbeLimit + 1`), so that the big table is filtered by number
/// and index.
struct Probe {
  const Node* node = nullptr;
  bool scope = false;  ///< else resource
  Sql sql;
};
inline constexpr std::size_t kProbeLimit = 20'000;

struct ProbeKey {
  const Node* node;
  bool scope;
  auto operator<=>(const ProbeKey&) const = default;
};
using ProbeAnswers = std::map<ProbeKey, std::vector<std::uint64_t>>;

/// Spans that fit a structure: found before the statement, because relations span rows.
struct FoundStructure {
  std::vector<otlp::TraceId> traces;
  std::vector<std::uint64_t> spans;  ///< beside `traces`, one for one
};
using StructureAnswers = std::map<const Node*, FoundStructure>;
/// The structures of a tree, each to be answered before to_filter().
std::vector<const Node*> structures(const Node* tree);

/// The questions to ask before to_filter(). `tree` may be null.
std::vector<Probe> probes(const Node* tree, std::uint32_t project);

/// When the spans start that can have the word of a text term (store/text_grams.h): asked before to_filter(),
/// one statement a term. Rows are (min_start, max_start, version), the latest kTextTimesLimit; one more tells
/// by its version that spans before it are older than the table. Terms too short for it have no probe.
struct TextProbe {
  const Node* node = nullptr;
  Sql sql;
};
inline constexpr std::size_t kTextTimesLimit = 2'000;
/// `from` and `to`: the time of the spans that are looked for, unix nanoseconds.
std::vector<TextProbe> text_probes(const Node* tree, std::uint32_t project, std::int64_t from,
                                   std::int64_t to);

/// Spans outside of these times do not have the word, unless they are older than the table. A term without an
/// entry is looked for everywhere.
struct TextTimes {
  std::vector<std::pair<std::int64_t, std::int64_t>> starts;  ///< inclusive, rising, apart from each other
  std::uint64_t since = 0;               ///< spans with a lower version are not in the table
  std::vector<std::int64_t> chunk_ends;  ///< the last start of each chunk that can have it, falling
  /// Those between two times. What is older than the latest hundred becomes one range, as the newest spans
  /// are looked for first.
  TextTimes within(std::int64_t from, std::int64_t to) const;
  /// From the answer of a probe, in any order.
  static TextTimes of(std::vector<std::pair<std::int64_t, std::int64_t>> rows, std::uint64_t since);
};
using TextAnswers = std::map<const Node*, TextTimes>;

struct Filter {
  Sql predicate;  ///< "1" when everything matches; parameters start at the name given
  /// The same in two parts (predicate = first AND rest) for who reads rows in order: `first` needs only small
  /// columns, so its rows decide which granules the others are read of. Empty: there is no such part.
  Sql first, rest;
  /// Set when text terms were narrowed: the same filter for spans that start between two times, with less to
  /// compare them with. `prefix` is empty in it.
  std::function<SearchResult<Filter>(std::int64_t from, std::int64_t to)> within;
  std::vector<std::int64_t> chunk_ends;  ///< of the text term: where what has to be read lies, falling
  bool everything = true;
  bool needs_cost = false;         ///< the predicate uses cost_nano and cost_state: `prefix` must define them
  Sql prefix;                      ///< comes before SELECT: "WITH …" of query/cost/cost_sql.h, or nothing
  std::vector<std::string> hints;  ///< "did you mean": shown, never an error
};

/// Errors: a value that the field cannot have, with its position and the remedy.
/// `project`: whose shared texts are looked through (0: all); not at all if there are none.
SearchResult<Filter> to_filter(const Node* tree, const ProbeAnswers&, std::size_t first_parameter = 0,
                               const StructureAnswers& = {}, std::uint32_t project = 0,
                               const TextAnswers& = {}, bool shared_texts = true);

/// Names of the fields that are not attributes, for completion.
struct FieldInfo {
  std::string_view name;
  std::string_view type;  ///< "text", "number", "duration", "money", "bool", "id", or values joined by "|"
};
std::vector<FieldInfo> search_fields();

}  // namespace turnscope::query
