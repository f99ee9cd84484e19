#include "genai_json.h"

#include <algorithm>
#include <cctype>

#include "utf8.h"

namespace turnscope::sdk::genai::detail {
namespace {

class JsonCheck {
 public:
  explicit JsonCheck(std::string_view s) : s_(s) {}
  bool whole() { return value(0) && (space(), i_ == s_.size()); }

 private:
  char peek() const { return i_ < s_.size() ? s_[i_] : '\0'; }
  void space() {
    while (i_ < s_.size() && std::string_view(" \t\r\n").find(s_[i_]) != std::string_view::npos) ++i_;
  }
  bool take(std::string_view word) {
    if (s_.substr(i_, word.size()) != word) return false;
    i_ += word.size();
    return true;
  }
  std::size_t digits() {
    const std::size_t from = i_;
    while (std::isdigit(static_cast<unsigned char>(peek()))) ++i_;
    return i_ - from;
  }
  bool number() {
    take("-");
    if (!take("0") && !digits()) return false;
    if (take(".") && !digits()) return false;
    if (peek() == 'e' || peek() == 'E') {
      ++i_;
      if (peek() == '+' || peek() == '-') ++i_;
      if (!digits()) return false;
    }
    return true;
  }
  bool string() {
    if (!take("\"")) return false;
    while (i_ < s_.size()) {
      const char c = s_[i_++];
      if (c == '"') return true;
      if (static_cast<unsigned char>(c) < 0x20) return false;
      if (c != '\\') continue;
      const char e = peek();
      ++i_;
      if (e == 'u') {
        for (int k = 0; k < 4; ++k, ++i_)
          if (!std::isxdigit(static_cast<unsigned char>(peek()))) return false;
      } else if (std::string_view("\"\\/bfnrt").find(e) == std::string_view::npos || e == '\0') {
        return false;
      }
    }
    return false;
  }
  bool value(int depth) {
    if (depth > 64) return false;
    space();
    switch (peek()) {
      case '{':
        return list('}', depth, true);
      case '[':
        return list(']', depth, false);
      case '"':
        return string();
      case 't':
        return take("true");
      case 'f':
        return take("false");
      case 'n':
        return take("null");
      default:
        return number();
    }
  }
  bool list(char close, int depth, bool object) {
    ++i_;
    space();
    if (peek() == close) return ++i_, true;
    for (;;) {
      if (object) {
        space();
        if (!string()) return false;
        space();
        if (!take(":")) return false;
      }
      if (!value(depth + 1)) return false;
      space();
      if (peek() == close) return ++i_, true;
      if (!take(",")) return false;
    }
  }
  std::string_view s_;
  std::size_t i_ = 0;
};

void field(std::string& out, std::string_view name, std::string_view text) {
  if (out.back() != '{') out += ',';
  append_json_string(out, name);
  out += ':';
  append_json_string(out, text);
}

/// Text that is JSON itself goes in as it is; a cut one, or any other, as a string.
void json_field(std::string& out, std::string_view name, std::string_view text, std::size_t max) {
  const std::string kept = cut(text, max);
  if (kept.size() != text.size() || !is_json(kept)) return field(out, name, kept);
  out += ',';
  append_json_string(out, name);
  out += ':';
  out += kept;
}

bool container(std::string_view text) {
  const auto at = text.find_first_not_of(" \t\r\n");
  return at != text.npos && (text[at] == '{' || text[at] == '[');
}

void append_part(std::string& out, const Part& p, std::size_t max) {
  out += '{';
  switch (p.type) {
    case Part::Type::text:
      field(out, "type", "text");
      field(out, "content", cut(p.content, max));
      break;
    case Part::Type::reasoning:
      field(out, "type", "reasoning");
      field(out, "content", cut(p.content, max));
      break;
    case Part::Type::tool_call:
      field(out, "type", "tool_call");
      if (!p.id.empty()) field(out, "id", p.id);
      field(out, "name", p.name);
      json_field(out, "arguments", p.content, max);
      break;
    case Part::Type::tool_result:
      field(out, "type", "tool_call_response");
      if (!p.id.empty()) field(out, "id", p.id);
      if (!p.name.empty()) field(out, "name", p.name);
      if (container(p.content))
        json_field(out, "response", p.content, max);
      else
        field(out, "response", cut(p.content, max));
      break;
  }
  out += '}';
}

void append_block(std::string& out, const Part& p, std::size_t max) {
  out += '{';
  switch (p.type) {
    case Part::Type::text:
      field(out, "type", "text");
      field(out, "text", cut(p.content, max));
      break;
    case Part::Type::reasoning:
      field(out, "type", "thinking");
      field(out, "thinking", cut(p.content, max));
      break;
    case Part::Type::tool_call:
      field(out, "type", "tool_use");
      field(out, "id", p.id);
      field(out, "name", p.name);
      json_field(out, "input", p.content, max);
      break;
    case Part::Type::tool_result:
      field(out, "type", "tool_result");
      field(out, "tool_use_id", p.id);
      field(out, "content", cut(p.content, max));
      break;
  }
  out += '}';
}

}  // namespace

bool is_json(std::string_view text) { return JsonCheck(text).whole(); }

void append_json_string(std::string& out, std::string_view text) {
  constexpr char digits[] = "0123456789abcdef";
  std::string scratch;
  text = sdk::detail::as_utf8(text, scratch);
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(c) < 0x20) {
      out += "\\u00";
      out += digits[c >> 4];
      out += digits[c & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string messages_json(const std::vector<Message>& messages, std::size_t max) {
  std::string out = "[";
  for (const Message& m : messages) {
    if (out.size() > 1) out += ',';
    out += '{';
    field(out, "role", m.role);
    out += ",\"parts\":[";
    for (std::size_t i = 0; i < m.parts.size(); ++i) {
      if (i) out += ',';
      append_part(out, m.parts[i], max);
    }
    out += ']';
    if (!m.finish_reason.empty()) field(out, "finish_reason", m.finish_reason);
    out += '}';
  }
  return out + "]";
}

std::string instructions_json(std::string_view text, std::size_t max) {
  std::string out = "[";
  append_part(out, {Part::Type::text, std::string(text)}, max);
  return out + "]";
}

std::string event_content(const Message& m, std::size_t max) {
  const bool plain =
      std::all_of(m.parts.begin(), m.parts.end(), [](const Part& p) { return p.type == Part::Type::text; });
  std::string out;
  if (plain) {
    for (const Part& p : m.parts) {
      if (!out.empty()) out += '\n';
      out += cut(p.content, max);
    }
    return out;
  }
  out = "[";
  for (std::size_t i = 0; i < m.parts.size(); ++i) {
    if (i) out += ',';
    append_block(out, m.parts[i], max);
  }
  return out + "]";
}

std::string cut(std::string_view text, std::size_t max) {
  std::string scratch;
  return std::string(sdk::detail::utf8_prefix(sdk::detail::as_utf8(text, scratch), max));
}

std::int64_t characters(std::string_view text) {
  return std::count_if(text.begin(), text.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

}  // namespace turnscope::sdk::genai::detail
