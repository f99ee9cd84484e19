// Search tree → SQL predicate over `spans`, of constant fragments and bound parameters only.
#pragma once
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

struct Filter {
  Sql predicate;  ///< "1" when everything matches; parameters start at the name given
  bool everything = true;
  bool needs_cost = false;         ///< the predicate uses cost_nano and cost_state: `prefix` must define them
  Sql prefix;                      ///< comes before SELECT: "WITH …" of query/cost/cost_sql.h, or nothing
  std::vector<std::string> hints;  ///< "did you mean": shown, never an error
};

/// Errors: a value that the field cannot have, with its position and the remedy.
/// `project`: whose shared texts are looked through (0: all).
SearchResult<Filter> to_filter(const Node* tree, const ProbeAnswers&, std::size_t first_parameter = 0,
                               const StructureAnswers& = {}, std::uint32_t project = 0);

/// Names of the fields that are not attributes, for completion.
struct FieldInfo {
  std::string_view name;
  std::string_view type;  ///< "text", "number", "duration", "money", "bool", "id", or values joined by "|"
};
std::vector<FieldInfo> search_fields();

}  // namespace turnscope::query
