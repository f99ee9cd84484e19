// The search language as a tree. What the words mean is in README of the API (web/src/api/types.ts): terms
// `field op value`, `field exists`, free text; and (implied), or, not, parentheses.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"

namespace turnscope::query {

enum class Op : std::uint8_t { eq, ne, gt, ge, lt, le, match, exists };

/// `{A} >> {B}`: a span like A that has a descendant like B; `>` a child, `<<` an ancestor, `<` its parent.
enum class Relation : std::uint8_t { descendant, child, ancestor, parent };

struct Node {
  enum class Type : std::uint8_t { all, any, negate, term, text, structure };
  Type type = Type::term;
  std::vector<std::unique_ptr<Node>> children;  ///< all, any, negate (one), structure (null: any span)
  std::vector<Relation> relations;              ///< structure: one fewer than children
  std::string field;                            ///< term
  Op op = Op::eq;
  std::string value;         ///< term and text
  bool quoted = false;       ///< the value stood in quotes: no wildcards
  std::size_t position = 0;  ///< byte offset of the term in the query
  std::size_t value_position = 0;
};

/// What is wrong and where; `message` says the remedy.
struct SearchError {
  std::string message;
  std::size_t position = 0;  ///< byte offset in the query
};

template <typename T>
using SearchResult = std::expected<T, SearchError>;

struct SearchLimits {
  std::size_t bytes = 4096;
  std::size_t terms = 64;
  std::size_t depth = 32;
};

/// Empty text gives a null node: everything matches.
SearchResult<std::unique_ptr<Node>> parse_search(std::string_view text, const SearchLimits& = {});

/// The query in one canonical spelling (for tests and saved searches).
std::string to_string(const Node&);

}  // namespace turnscope::query
