// Pieces of predicates: comparisons, and what an attribute's name means.
#pragma once
#include <string_view>

#include "query/language/ast.h"
#include "query/sql.h"

namespace turnscope::query {

/// Longer strings are kept in the payload (store/span_block.h, kInline).
inline constexpr std::size_t kInlineBytes = 256;

/// Keys under which dialects send prompts, completions, arguments and results: kept in the payload whatever
/// their length.
bool is_content_key(std::string_view key);

/// What a term that is no field means: which attributes.
struct Attribute {
  std::string_view key;
  bool span = true, resource = true, scope = false;
};
Attribute attribute_of(std::string_view name);

bool has_wildcard(const Node&);
/// `column op value` for text; the column is an expression that gives a String.
void text_comparison(Sql&, Fragment column, const Node&);
void compare(Sql&, Op);
/// The text of a long attribute, cut out of the payload (see store/schema.h for the reference's bits).
void referenced_text(Sql&, std::string_view key);

}  // namespace turnscope::query
