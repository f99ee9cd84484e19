#include "genai/question.h"

#include <simdjson.h>

namespace turnscope::genai {
namespace {
using simdjson::dom::element;
using simdjson::dom::object;
constexpr std::size_t kMost = 2000;       // bytes of a question that lists can use
constexpr std::size_t kParse = 1u << 20;  // longer JSON is not parsed for a list's sake

std::string_view cut(std::string_view s) {
  if (s.size() <= kMost) return s;
  std::size_t n = kMost;
  while (n > 0 && (static_cast<unsigned char>(s[n]) & 0xC0) == 0x80) --n;
  return s.substr(0, n);
}

bool string_at(object o, std::string_view key, std::string_view& out) {
  element e;
  return !o.at_key(key).get(e) && !e.get(out) && !out.empty();
}

/// Text of a message's content: a string, or the last text block of an array of blocks.
bool text_in(element e, std::string_view& out, int depth = 0) {
  if (depth > 4) return false;
  if (!e.get(out)) return !out.empty();
  simdjson::dom::array blocks;
  object o;
  bool found = false;
  if (!e.get(blocks)) {
    for (element b : blocks) {
      std::string_view t;
      object block;
      if (b.get(block)) {
        if (!b.get(t) && !t.empty()) out = t, found = true;
        continue;
      }
      std::string_view type;
      if (string_at(block, "type", type) && type != "text" && type != "input_text") continue;
      if (string_at(block, "text", t) || string_at(block, "content", t)) out = t, found = true;
    }
  } else if (!e.get(o)) {
    element parts;
    if (!o.at_key("parts").get(parts)) return text_in(parts, out, depth + 1);
    return string_at(o, "text", out);
  }
  return found;
}

bool user_text(element message, std::string_view& out) {
  object o;
  if (message.get(o)) {
    simdjson::dom::array pair;  // ["user", "text"]
    if (message.get(pair) || pair.size() != 2) return false;
    std::string_view role;
    return !pair.at(0).get(role) && (role == "user" || role == "human") && text_in(pair.at(1), out);
  }
  std::string_view role;
  if (!string_at(o, "role", role)) string_at(o, "type", role);
  element kwargs;
  if (role == "constructor" && !o.at_key("kwargs").get(kwargs) && !kwargs.get(o)) string_at(o, "type", role);
  if (role != "user" && role != "human") return false;
  element data;
  if (!o.at_key("data").get(data) && !data.get(o)) {
  }
  for (const auto key : {"parts", "content"}) {
    element e;
    if (!o.at_key(key).get(e)) return text_in(e, out);
  }
  return false;
}

bool last_user_text(element e, std::string_view& out, int depth = 0) {
  simdjson::dom::array list;
  object o;
  if (!e.get(list)) {
    bool found = false;
    for (element m : list) {
      std::string_view t;
      simdjson::dom::array inner;
      if (user_text(m, t) || (depth < 2 && !m.get(inner) && last_user_text(m, t, depth + 1)))
        out = t, found = true;
    }
    return found;
  }
  if (e.get(o)) return false;
  for (const auto key : {"messages", "prompt", "input", "question", "query", "task"}) {
    element v;
    if (o.at_key(key).get(v)) continue;
    if (!v.get(out) && !out.empty()) return true;
    if (depth < 3 && last_user_text(v, out, depth + 1)) return true;
  }
  return user_text(e, out);
}
}  // namespace

std::string_view question_of(const Gathered& g, std::string& made) {
  for (const Field f : {Field::input, Field::input_messages}) {
    const Winner& w = g[f];
    if (!w.value) continue;
    const std::string_view s = text_of(*w.value);
    if (s.empty()) continue;
    const std::size_t first = s.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) continue;
    const char c = s[first];
    const bool json =
        c == '[' || c == '{' ||
        (c == '"' && (w.rule->convert == Convert::json || w.rule->convert == Convert::json_body));
    if (!json) return cut(s);
    if (s.size() > kParse) continue;
    thread_local simdjson::dom::parser parser;
    element root;
    if (parser.parse(s.data(), s.size()).get(root)) {
      if (f == Field::input) return cut(s);
      continue;
    }
    std::string_view t;
    if (!root.get(t) || last_user_text(root, t)) {
      made.assign(cut(t));
      return {};
    }
    if (f == Field::input) return cut(s);
  }
  // Messages in events (the example agent's model calls at the root).
  for (const auto& e : g.span->events) {
    if (e.name != "gen_ai.user.message") continue;
    for (const auto& kv : e.attributes)
      if (kv.key == "content" && !text_of(kv.value).empty()) return cut(text_of(kv.value));
  }
  return {};
}

std::string_view tool_in_name(std::string_view n) {
  constexpr std::string_view kSeed = "tool.execute.";
  return n.starts_with(kSeed) && n.size() > kSeed.size() ? n.substr(kSeed.size()) : n;
}

}  // namespace turnscope::genai
