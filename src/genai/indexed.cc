#include "genai/indexed.h"

#include <charconv>
#include <map>

namespace turnscope::genai {
namespace {
using PartType = Part::Type;

/// Takes "12.rest" apart; false when it does not begin with an index.
bool index_of(std::string_view& rest, std::uint32_t& index) {
  const auto r = std::from_chars(rest.data(), rest.data() + rest.size(), index);
  if (r.ec != std::errc{} || r.ptr == rest.data()) return false;
  rest.remove_prefix(static_cast<std::size_t>(r.ptr - rest.data()));
  if (!rest.empty() && rest.front() == '.') rest.remove_prefix(1);
  return true;
}

bool skip(std::string_view& s, std::string_view prefix) {
  if (!s.starts_with(prefix)) return false;
  s.remove_prefix(prefix.size());
  return true;
}

std::string text_value(const otlp::AnyValue& v) {
  if (v.type == otlp::AnyValue::Type::string) return std::string(v.text);
  if (v.type == otlp::AnyValue::Type::none) return {};
  return json::serialize(to_json(v));
}

template <typename F>
void each(const Gathered& g, Family family, F&& f) {
  for (const FamilyHit& h : g.families) {
    if (h.family != family) continue;
    const otlp::KeyValue& kv = g.span->attributes[h.attribute];
    std::string_view rest = kv.key.substr(h.prefix_length);
    std::uint32_t n = 0;
    if (index_of(rest, n)) f(n, rest, kv.value);
  }
}

struct Call {
  std::optional<std::string> id, name;
  json::value arguments;
  Part part() && {
    Part p;
    p.type = PartType::tool_call;
    p.id = std::move(id), p.name = std::move(name), p.arguments = std::move(arguments);
    return p;
  }
};

struct Block {
  std::string type;
  std::optional<std::string> text;
  json::object media;
};

struct Draft {
  std::optional<std::string> role, content, tool_call_id, finish_reason, reasoning;
  std::map<std::uint32_t, Call> calls;
  std::map<std::uint32_t, Block> blocks;
};

Message finish(Draft&& d, bool content_may_be_blocks) {
  Message m;
  if (d.role) m.role = std::string(canonical_role(*d.role));
  m.finish_reason = std::move(d.finish_reason);
  if (d.reasoning) {
    Part p;
    p.type = PartType::reasoning;
    p.content = json::string(*d.reasoning);
    m.parts.push_back(std::move(p));
  }
  if (d.tool_call_id && (d.content || d.blocks.empty())) {
    Part p;
    p.type = PartType::tool_call_response;
    p.id = std::move(d.tool_call_id);
    if (d.content) p.result = json::string(*d.content);
    m.parts.push_back(std::move(p));
  } else if (!d.blocks.empty()) {
    // Given both ways, the text is the same: the blocks say more.
    for (auto& [n, b] : d.blocks) {
      if (b.type == "tool_use" || b.type == "tool_call" || b.type == "function_call")
        continue;  // told again among the calls
      Part p;
      if (b.type == "text" || b.type == "input_text" || b.type == "output_text" || (b.type.empty() && b.text))
        p.type = PartType::text;
      else if (b.type == "reasoning" || b.type == "thinking")
        p.type = PartType::reasoning;
      else
        p.type = b.media.empty() ? PartType::other : PartType::media;
      if (p.type == PartType::text || p.type == PartType::reasoning)
        p.content = json::string(b.text.value_or(""));
      else {
        if (!b.type.empty()) b.media["type"] = b.type;
        if (b.text) b.media["text"] = *b.text;
        p.content = std::move(b.media);
      }
      m.parts.push_back(std::move(p));
    }
  } else if (d.content) {
    if (content_may_be_blocks) {
      read_content_text(*d.content, m.parts);
    } else {
      Part p;
      p.content = json::string(*d.content);
      m.parts.push_back(std::move(p));
    }
  }
  for (auto& [n, c] : d.calls) {
    Part p = std::move(c).part();
    bool known = false;
    for (const Part& q : m.parts) known |= q.type == PartType::tool_call && q.id && p.id && *q.id == *p.id;
    if (!known) m.parts.push_back(std::move(p));
  }
  return m;
}

std::vector<Message> finish_all(std::map<std::uint32_t, Draft>&& drafts, bool content_may_be_blocks) {
  std::vector<Message> out;
  out.reserve(drafts.size());
  for (auto& [n, d] : drafts) out.push_back(finish(std::move(d), content_may_be_blocks));
  return out;
}
}  // namespace

std::vector<Message> indexed_messages(const Gathered& g, Family family) {
  std::map<std::uint32_t, Draft> drafts;
  each(g, family, [&](std::uint32_t n, std::string_view rest, const otlp::AnyValue& v) {
    if (rest == "role")
      drafts[n].role = text_value(v);
    else if (rest == "content")
      drafts[n].content = text_value(v);
    else if (rest == "reasoning" || rest == "reasoning_content")
      drafts[n].reasoning = text_value(v);
    else if (rest == "tool_call_id")
      drafts[n].tool_call_id = text_value(v);
    else if (rest == "finish_reason")
      drafts[n].finish_reason = text_value(v);
    else if (std::uint32_t k = 0; skip(rest, "tool_calls.") && index_of(rest, k)) {
      Call& c = drafts[n].calls[k];
      if (rest == "id")
        c.id = text_value(v);
      else if (rest == "name")
        c.name = text_value(v);
      else if (rest == "arguments")
        c.arguments = to_json_decoded(v);
    }
  });
  return finish_all(std::move(drafts), true);
}

std::vector<Message> openinference_messages(const Gathered& g, Family family) {
  std::map<std::uint32_t, Draft> drafts;
  each(g, family, [&](std::uint32_t n, std::string_view rest, const otlp::AnyValue& v) {
    if (!skip(rest, "message.")) return;
    std::uint32_t k = 0;
    if (rest == "role")
      drafts[n].role = text_value(v);
    else if (rest == "content")
      drafts[n].content = text_value(v);
    else if (rest == "tool_call_id")
      drafts[n].tool_call_id = text_value(v);
    else if (rest == "function_call_name")
      drafts[n].calls[0].name = text_value(v);
    else if (rest == "function_call_arguments_json")
      drafts[n].calls[0].arguments = to_json_decoded(v);
    else if (skip(rest, "tool_calls.") && index_of(rest, k)) {
      if (!skip(rest, "tool_call.")) return;
      Call& c = drafts[n].calls[k];
      if (rest == "id")
        c.id = text_value(v);
      else if (rest == "function.name")
        c.name = text_value(v);
      else if (rest == "function.arguments")
        c.arguments = to_json_decoded(v);
    } else if (skip(rest, "contents.") && index_of(rest, k)) {
      Block& b = drafts[n].blocks[k];
      if (!skip(rest, "message_content.")) return;
      if (rest == "type")
        b.type = text_value(v);
      else if (rest == "text")
        b.text = text_value(v);
      else if (rest == "image.image.url")
        b.media["url"] = json::string(text_value(v));
      else if (rest != "signature")
        b.media[rest] = to_json(v);
    }
  });
  return finish_all(std::move(drafts), false);
}

json::array openinference_documents(const Gathered& g) {
  std::map<std::uint32_t, json::object> docs;
  each(g, Family::openinference_documents,
       [&](std::uint32_t n, std::string_view rest, const otlp::AnyValue& v) {
         if (!skip(rest, "document.") || rest.empty()) return;
         docs[n][rest] = rest == "metadata" ? to_json_decoded(v) : to_json(v);
       });
  json::array out;
  for (auto& [n, d] : docs) out.push_back(std::move(d));
  return out;
}

void indexed_tools(const Gathered& g, std::vector<Tool>& out) {
  std::map<std::uint32_t, Tool> tools;
  each(g, Family::request_functions, [&](std::uint32_t n, std::string_view rest, const otlp::AnyValue& v) {
    if (rest == "name")
      tools[n].name = text_value(v);
    else if (rest == "description")
      tools[n].description = text_value(v);
    else if (rest == "parameters" || rest == "input_schema")
      tools[n].schema = to_json_decoded(v);
  });
  for (auto& [n, t] : tools) out.push_back(std::move(t));
  std::map<std::uint32_t, json::value> schemas;
  each(g, Family::openinference_tools, [&](std::uint32_t n, std::string_view rest, const otlp::AnyValue& v) {
    if (rest == "tool.json_schema") schemas[n] = to_json_decoded(v);
  });
  for (auto& [n, s] : schemas) read_tools(s, out);
}

}  // namespace turnscope::genai
