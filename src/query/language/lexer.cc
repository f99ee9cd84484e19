#include "query/language/lexer.h"

namespace turnscope::query {
namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool is_operator(char c) { return c == ':' || c == '=' || c == '!' || c == '>' || c == '<' || c == '~'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  SearchResult<std::vector<Token>> run() {
    while (true) {
      const bool space = skip_space();
      Token token;
      token.position = at_;
      token.space_before = space;
      if (at_ == text_.size()) {
        tokens_.push_back(token);
        return std::move(tokens_);
      }
      if (auto ok = next(token); !ok) return std::unexpected(ok.error());
      after_operator_ = token.type == Token::Type::op;
      tokens_.push_back(std::move(token));
    }
  }

 private:
  bool skip_space() {
    const auto from = at_;
    while (at_ < text_.size() && is_space(text_[at_])) ++at_;
    return at_ > from;
  }

  SearchResult<bool> next(Token& token) {
    const char c = text_[at_];
    if (c == '"' || (c == '\'' && after_operator_)) return quoted(token, c);
    if (c == '(' || c == ')') {
      token.type = c == '(' ? Token::Type::open : Token::Type::close;
      ++at_;
      return true;
    }
    if ((c == '>' || c == '<') && !tokens_.empty() && tokens_.back().type == Token::Type::close_brace) {
      token.type = Token::Type::relation;
      const bool twice = peek(1) == c;
      token.relation = c == '>' ? (twice ? Relation::descendant : Relation::child)
                                : (twice ? Relation::ancestor : Relation::parent);
      at_ += twice ? 2 : 1;
      return true;
    }
    if (c == '{' && !after_operator_) {
      ++braces_;
      return single(token, Token::Type::open_brace);
    }
    if (c == '}' && braces_ > 0) {
      --braces_;
      return single(token, Token::Type::close_brace);
    }
    if (is_operator(c) && !after_operator_) {
      if (c != '!' || peek(1) == '=') return op(token);
    }
    return word(token);
  }

  bool single(Token& token, Token::Type type) {
    token.type = type;
    ++at_;
    return true;
  }

  char peek(std::size_t n) const { return at_ + n < text_.size() ? text_[at_ + n] : '\0'; }

  SearchResult<bool> op(Token& token) {
    token.type = Token::Type::op;
    const char c = text_[at_];
    const bool equals = peek(1) == '=';
    switch (c) {
      case '!':
        token.op = Op::ne;
        break;
      case '>':
        token.op = equals ? Op::ge : Op::gt;
        break;
      case '<':
        token.op = equals ? Op::le : Op::lt;
        break;
      case '~':
        token.op = Op::match;
        break;
      default:
        token.op = Op::eq;
        break;
    }
    at_ += 1 + ((c == '!' || c == '>' || c == '<' || c == '=') && equals ? 1 : 0);
    return true;
  }

  SearchResult<bool> quoted(Token& token, char quote) {
    token.type = Token::Type::quoted;
    for (++at_; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == quote) {
        ++at_;
        return true;
      }
      if (c == '\\' && (peek(1) == quote || peek(1) == '\\')) c = text_[++at_];
      token.text += c;
    }
    return std::unexpected(
        SearchError{"the quote that opens here is never closed; add the closing quote, or write \\\" "
                    "for a quote inside",
                    token.position});
  }

  SearchResult<bool> word(Token& token) {
    token.type = Token::Type::word;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (is_space(c) || c == ')' || (c == '}' && braces_ > 0)) break;
      if (!after_operator_) {
        if (c == '(' || c == '"') break;
        if (is_operator(c) && (c != '!' || peek(1) == '=')) break;
      }
      token.text += c;
      ++at_;
    }
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool after_operator_ = false;
  int braces_ = 0;  // open `{`: within, a `}` ends a word
  std::vector<Token> tokens_;
};

}  // namespace

SearchResult<std::vector<Token>> lex_search(std::string_view text) { return Lexer(text).run(); }

}  // namespace turnscope::query
