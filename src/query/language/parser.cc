#include <fmt/format.h>

#include <algorithm>

#include "query/language/lexer.h"

namespace turnscope::query {
namespace {

using Tree = std::unique_ptr<Node>;

bool is_keyword(const Token& t, std::string_view word) {
  return t.type == Token::Type::word && t.text.size() == word.size() &&
         std::equal(word.begin(), word.end(), t.text.begin(),
                    [](char a, char b) { return a == (b >= 'A' && b <= 'Z' ? b + 32 : b); });
}

class Parser {
 public:
  Parser(std::vector<Token> tokens, const SearchLimits& limits)
      : tokens_(std::move(tokens)), limits_(limits) {}

  SearchResult<Tree> run() {
    if (peek().type == Token::Type::end) return Tree{};
    auto tree = any(0);
    if (!tree) return tree;
    if (peek().type == Token::Type::close)
      return error("this `)` closes nothing; remove it, or add the `(` it belongs to", peek().position);
    if (peek().type == Token::Type::close_brace)
      return error("this `}` closes nothing; remove it, or add the `{` it belongs to", peek().position);
    return tree;
  }

 private:
  const Token& peek(std::size_t n = 0) const { return tokens_[std::min(at_ + n, tokens_.size() - 1)]; }
  Token take() { return tokens_[std::min(at_++, tokens_.size() - 1)]; }
  static std::unexpected<SearchError> error(std::string message, std::size_t position) {
    return std::unexpected(SearchError{std::move(message), position});
  }
  bool ends_here() const {
    const auto type = peek().type;
    return type == Token::Type::end || type == Token::Type::close || type == Token::Type::close_brace;
  }

  static Tree group(Node::Type type, std::vector<Tree> children) {
    if (children.size() == 1) return std::move(children.front());
    auto node = std::make_unique<Node>();
    node->type = type;
    node->position = children.front()->position;
    node->children = std::move(children);
    return node;
  }

  SearchResult<Tree> any(std::size_t depth) {
    std::vector<Tree> children;
    while (true) {
      auto child = all(depth);
      if (!child) return child;
      children.push_back(std::move(*child));
      if (!is_keyword(peek(), "or")) return group(Node::Type::any, std::move(children));
      take();
    }
  }

  SearchResult<Tree> all(std::size_t depth) {
    std::vector<Tree> children;
    while (true) {
      auto child = unary(depth);
      if (!child) return child;
      children.push_back(std::move(*child));
      if (is_keyword(peek(), "and")) {
        take();
      } else if (ends_here() || is_keyword(peek(), "or")) {
        return group(Node::Type::all, std::move(children));
      }
    }
  }

  SearchResult<Tree> unary(std::size_t depth) {
    const Token& t = peek();
    if (depth >= limits_.depth)
      return error(
          fmt::format("parentheses and `not` are nested deeper than {}; write it flatter", limits_.depth),
          t.position);
    if (t.type == Token::Type::end)
      return error("a term is missing at the end; write one, or remove the last word", t.position);
    if (t.type == Token::Type::close) return error("a term is missing before this `)`", t.position);
    if (is_keyword(t, "not") && peek(1).type != Token::Type::op) {
      const auto position = take().position;
      auto child = unary(depth + 1);
      if (!child) return child;
      auto node = std::make_unique<Node>();
      node->type = Node::Type::negate;
      node->position = position;
      node->children.push_back(std::move(*child));
      return node;
    }
    if ((is_keyword(t, "and") || is_keyword(t, "or")) && peek(1).type != Token::Type::op)
      return error(
          fmt::format("a term is missing before `{}`; to search for the word itself, put it in quotes",
                      t.text),
          t.position);
    if (t.type == Token::Type::open) {
      const auto position = take().position;
      auto tree = any(depth + 1);
      if (!tree) return tree;
      if (peek().type != Token::Type::close)
        return error("the `(` that opens here is never closed; add `)`", position);
      take();
      return tree;
    }
    if (t.type == Token::Type::open_brace) return structure(depth);
    if (t.type == Token::Type::close_brace) return error("a term is missing before this `}`", t.position);
    if (t.type == Token::Type::relation)
      return error("`>>`, `>`, `<<` and `<` stand between two `{…}`", t.position);
    return term();
  }

  // {A} >> {B} > {C}: read from the right, as "A with a descendant B that has a child C".
  SearchResult<Tree> structure(std::size_t depth) {
    if (in_braces_)
      return error("`{…}` cannot stand within `{…}`; write the relations one behind the other",
                   peek().position);
    auto node = std::make_unique<Node>();
    node->type = Node::Type::structure;
    node->position = peek().position;
    while (true) {
      if (peek().type != Token::Type::open_brace)
        return error("a `{…}` is missing here: relations stand between two of them", peek().position);
      const auto position = take().position;
      Tree inner;
      if (peek().type != Token::Type::close_brace) {
        in_braces_ = true;
        auto parsed = any(depth + 1);
        in_braces_ = false;
        if (!parsed) return parsed;
        inner = std::move(*parsed);
      }
      if (peek().type != Token::Type::close_brace)
        return error("the `{` that opens here is never closed; add `}`", position);
      take();
      node->children.push_back(std::move(inner));
      if (peek().type != Token::Type::relation) break;
      if (node->children.size() == 8)
        return error("more than 8 `{…}` in one chain; search for fewer", peek().position);
      node->relations.push_back(take().relation);
    }
    if (node->children.size() == 1 && node->children.front()) return std::move(node->children.front());
    return node;
  }

  SearchResult<Tree> term() {
    auto node = std::make_unique<Node>();
    Token first = take();
    node->position = first.position;
    if (++terms_ > limits_.terms)
      return error(fmt::format("more than {} terms; use a regular expression (field ~ a|b|c) for long lists",
                               limits_.terms),
                   first.position);
    if (first.type == Token::Type::op)
      return error(
          "a field name is missing before this operator; to search for the sign itself, put it in quotes",
          first.position);
    const bool is_field =
        peek().type == Token::Type::op && (first.type == Token::Type::word || !peek().space_before);
    if (is_field) return comparison(std::move(node), std::move(first));
    if (is_keyword(peek(), "exists") && first.type == Token::Type::word) {
      take();
      node->field = std::move(first.text);
      node->op = Op::exists;
      return node;
    }
    node->type = Node::Type::text;
    node->value = std::move(first.text);
    node->quoted = first.type == Token::Type::quoted;
    node->value_position = first.position;
    if (node->value.empty())
      return error("the quotes are empty; write the text to search for", first.position);
    return node;
  }

  SearchResult<Tree> comparison(Tree node, Token field) {
    const Token op = take();
    if (peek().type != Token::Type::word && peek().type != Token::Type::quoted)
      return error(
          fmt::format(
              "a value is missing behind `{}`; for \"has any value\" write `{} exists`, for an empty text "
              "write \"\"",
              field.text, field.text),
          op.position);
    Token value = take();
    if (is_keyword(field, "exists") && op.op == Op::eq) {
      node->field = std::move(value.text);
      node->op = Op::exists;
      node->value_position = value.position;
      return node;
    }
    if (field.text.empty()) return error("the field name is empty", field.position);
    node->field = std::move(field.text);
    node->op = op.op;
    node->value = std::move(value.text);
    node->quoted = value.type == Token::Type::quoted;
    node->value_position = value.position;
    return node;
  }

  std::vector<Token> tokens_;
  SearchLimits limits_;
  std::size_t at_ = 0;
  std::size_t terms_ = 0;
  bool in_braces_ = false;
};

std::string_view spelling(Op op) {
  switch (op) {
    case Op::eq:
      return "=";
    case Op::ne:
      return "!=";
    case Op::gt:
      return ">";
    case Op::ge:
      return ">=";
    case Op::lt:
      return "<";
    case Op::le:
      return "<=";
    case Op::match:
      return "~";
    case Op::exists:
      return " exists";
  }
  return "=";
}

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + '"';
}

}  // namespace

SearchResult<std::unique_ptr<Node>> parse_search(std::string_view text, const SearchLimits& limits) {
  if (text.size() > limits.bytes)
    return std::unexpected(SearchError{
        fmt::format("the search is {} bytes long, the limit is {}; shorten it", text.size(), limits.bytes),
        limits.bytes});
  auto tokens = lex_search(text);
  if (!tokens) return std::unexpected(tokens.error());
  return Parser(std::move(*tokens), limits).run();
}

std::string to_string(const Node& node) {
  switch (node.type) {
    case Node::Type::term:
      // Wildcards live only outside quotes, so the two spellings are kept apart.
      if (node.op == Op::exists) return "exists:" + quote(node.field);
      return fmt::format("{}{}{}", quote(node.field), spelling(node.op),
                         node.quoted ? quote(node.value) : node.value);
    case Node::Type::text:
      return node.quoted ? quote(node.value) : node.value;
    case Node::Type::negate:
      return "not " + to_string(*node.children.front());
    case Node::Type::structure: {
      static constexpr std::string_view signs[] = {" >> ", " > ", " << ", " < "};
      std::string out;
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i) out += signs[static_cast<std::size_t>(node.relations[i - 1])];
        out += "{" + (node.children[i] ? to_string(*node.children[i]) : std::string()) + "}";
      }
      return out;
    }
    case Node::Type::all:
    case Node::Type::any: {
      std::string out = "(";
      for (std::size_t i = 0; i < node.children.size(); ++i) {
        if (i) out += node.type == Node::Type::all ? " and " : " or ";
        out += to_string(*node.children[i]);
      }
      return out + ")";
    }
  }
  return {};
}

}  // namespace turnscope::query
