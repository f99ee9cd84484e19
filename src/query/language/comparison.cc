#include "query/language/comparison.h"

#include <string>

#include "query/language/values.h"

namespace turnscope::query {

bool is_content_key(std::string_view key) {
  for (std::string_view word :
       {"prompt", "completion", "message", "input", "output", "argument", "result", "content", "query",
        "question", "answer", "response", "document", "instruction", "param"})
    if (key.find(word) != std::string_view::npos) return true;
  return false;
}

Attribute attribute_of(std::string_view name) {
  for (std::string_view prefix : {"attributes.", "span."})
    if (name.starts_with(prefix) && name.size() > prefix.size())
      return {name.substr(prefix.size()), true, false, false};
  if (name.starts_with("resource.") && name.size() > 9) return {name.substr(9), false, true, false};
  if (name.starts_with("scope.") && name.size() > 6) return {name.substr(6), false, false, true};
  return {name, true, true, false};
}

bool has_wildcard(const Node& n) { return !n.quoted && n.value.find('*') != std::string::npos; }

void compare(Sql& sql, Op op) {
  switch (op) {
    case Op::eq:
      sql << " = ";
      break;
    case Op::ne:
      sql << " != ";
      break;
    case Op::gt:
      sql << " > ";
      break;
    case Op::ge:
      sql << " >= ";
      break;
    case Op::lt:
      sql << " < ";
      break;
    case Op::le:
      sql << " <= ";
      break;
    case Op::match:
    case Op::exists:
      break;
  }
}

void text_comparison(Sql& sql, Fragment column, const Node& n) {
  sql << column;
  if (!has_wildcard(n) || (n.op != Op::eq && n.op != Op::ne)) {
    compare(sql, n.op);
    sql.str(n.value);
    return;
  }
  if (n.op == Op::eq)
    sql << " LIKE ";
  else
    sql << " NOT LIKE ";
  sql.str(like_pattern(n.value));
}

void referenced_text(Sql& sql, std::string_view key) {
  // Texts that are shared with other spans stand elsewhere: the words in them are found as text, not by
  // attribute.
  sql << "if(arrayExists(at -> bitShiftRight(at, 62) = bitShiftRight(attrs_ref[";
  sql.str(key) << "], 62), shared_at), '', substring(multiIf(bitShiftRight(attrs_ref[";
  sql.str(key) << "], 62) = 0, input, bitShiftRight(attrs_ref[";
  sql.str(key) << "], 62) = 1, output, extra), bitAnd(bitShiftRight(attrs_ref[";
  sql.str(key) << "], 31), 2147483647) + 1, bitAnd(attrs_ref[";
  sql.str(key) << "], 2147483647)))";
}

}  // namespace turnscope::query
