// Characters → tokens of the search language.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "query/language/ast.h"

namespace turnscope::query {

struct Token {
  enum class Type : std::uint8_t { word, quoted, op, open, close, open_brace, close_brace, relation, end };
  Relation relation = Relation::descendant;
  Type type = Type::end;
  std::string text;  ///< unescaped for quoted
  Op op = Op::eq;
  std::size_t position = 0;
  bool space_before = false;
};

/// Words end at white space, quotes, parentheses and operators; right behind an operator a word goes on to
/// the next white space or ")", so that values may hold ":", "=" and "/" without quotes.
SearchResult<std::vector<Token>> lex_search(std::string_view text);

}  // namespace turnscope::query
