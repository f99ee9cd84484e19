#include "genai/messages.h"

#include <algorithm>
#include <array>

namespace turnscope::genai {
namespace {
using PartType = Part::Type;

constexpr int kNesting = 8;  // of lists in lists and messages in messages

template <std::size_t N>
bool one_of(std::string_view s, const std::array<std::string_view, N>& words) {
  return std::find(words.begin(), words.end(), s) != words.end();
}
constexpr std::array<std::string_view, 6> kTextTypes{"text",         "input_text",     "output_text",
                                                     "summary_text", "reasoning_text", "text_delta"};
constexpr std::array<std::string_view, 3> kReasoningTypes{"thinking", "reasoning", "reasoning_content"};
constexpr std::array<std::string_view, 7> kCallTypes{
    "tool_call", "tool_use", "server_tool_use", "tool-call", "function_call", "function", "mcp_tool_use"};
constexpr std::array<std::string_view, 6> kResponseTypes{"tool_call_response",   "tool_result",
                                                         "tool-result",          "tool_response",
                                                         "function_call_output", "mcp_tool_result"};
constexpr std::array<std::string_view, 20> kMediaTypes{"image",
                                                       "image_url",
                                                       "input_image",
                                                       "image-url",
                                                       "audio",
                                                       "input_audio",
                                                       "audio_url",
                                                       "file",
                                                       "input_file",
                                                       "document",
                                                       "blob",
                                                       "uri",
                                                       "media",
                                                       "video",
                                                       "video_url",
                                                       "image_file",
                                                       "binary",
                                                       "modality",
                                                       "file_search_result",
                                                       "document-url"};

std::string str(std::string_view s) { return std::string(s); }

std::optional<std::string> id_of(const json::value& v, std::initializer_list<std::string_view> keys) {
  const json::value* m = member(v, keys);
  if (!m) return std::nullopt;
  if (m->is_string()) return str({m->get_string().data(), m->get_string().size()});
  if (m->is_int64() || m->is_uint64()) return json::serialize(*m);
  return std::nullopt;
}

/// Texts of a list of {text} blocks, joined: reasoning summaries.
std::string joined_text(const json::value& v, int depth = 0) {
  if (v.is_string()) return str({v.get_string().data(), v.get_string().size()});
  std::string out;
  if (depth > 4) return out;
  if (const json::array* a = v.if_array()) {
    for (const auto& x : *a) {
      const std::string t = joined_text(x, depth + 1);
      if (!t.empty() && !out.empty()) out += '\n';
      out += t;
    }
  } else if (const json::value* t = member(v, {"text", "content", "summary"})) {
    out = joined_text(*t, depth + 1);
  }
  return out;
}

Part call_part(const json::value& o) {
  Part p;
  p.type = PartType::tool_call;
  p.id = id_of(o, {"call_id", "toolCallId", "toolUseId", "tool_call_id", "id"});
  const json::value* f = member(o, "function");
  const json::value& body = f && f->is_object() ? *f : o;
  p.name = id_of(body, {"name", "toolName", "tool_name"});
  if (const json::value* a = member(body, {"arguments", "input", "args", "parameters"}))
    p.arguments = decode_arguments(*a);
  return p;
}

Part response_part(const json::value& o) {
  Part p;
  p.type = PartType::tool_call_response;
  p.id = id_of(o, {"tool_use_id", "call_id", "toolCallId", "toolUseId", "tool_call_id", "id"});
  const json::value* r = member(o, {"response", "result", "content", "output"});
  if (r) {
    // The Vercel SDK wraps results: {"type": "json", "value": …}.
    const json::value* inner =
        text_member(o, "type") == "tool-result" && member(*r, "type") ? member(*r, "value") : nullptr;
    p.result = inner ? *inner : *r;
  }
  return p;
}

Part value_part(PartType type, const json::value& v) {
  Part p;
  p.type = type;
  p.content = v;
  return p;
}

Part content_part(PartType type, const json::value* content) {
  Part p;
  p.type = type;
  p.content = content ? *content : json::value("");
  return p;
}

/// Blocks that tell their type by their one member: Bedrock and Google.
std::optional<Part> untyped_block(const json::value& o) {
  if (const json::value* t = member(o, {"toolUse", "functionCall", "function_call"}); t && t->is_object())
    return call_part(*t);
  if (const json::value* t = member(o, {"toolResult", "functionResponse", "function_response"});
      t && t->is_object())
    return response_part(*t);
  if (const json::value* t = member(o, {"reasoningContent", "reasoning_content"}); t && t->is_object()) {
    const json::value* inner = member(*t, {"reasoningText", "reasoning_text"});
    return content_part(PartType::reasoning, member(inner ? *inner : *t, "text"));
  }
  if (const json::value* t = member(o, "text"); t && t->is_string()) {
    const json::value* thought = member(o, "thought");
    return content_part(
        thought && thought->is_bool() && thought->get_bool() ? PartType::reasoning : PartType::text, t);
  }
  for (const auto k :
       {"image", "document", "video", "audio", "inlineData", "inline_data", "fileData", "file_data"})
    if (member(o, k)) return value_part(PartType::media, o);
  return std::nullopt;
}

/// A part as a block says it; absent when the object is not a block.
std::optional<Part> read_block(const json::value& o) {
  if (!o.is_object()) return std::nullopt;
  const std::string_view type = text_member(o, "type");
  if (type.empty()) return untyped_block(o);
  if (one_of(type, kTextTypes)) return content_part(PartType::text, member(o, {"content", "text"}));
  if (one_of(type, kReasoningTypes)) {
    const json::value* c = member(o, {"content", "thinking", "text", "reasoning", "summary"});
    if (c && !c->is_string()) return value_part(PartType::reasoning, json::string(joined_text(*c)));
    return content_part(PartType::reasoning, c);
  }
  if (one_of(type, kCallTypes)) return call_part(o);
  if (one_of(type, kResponseTypes)) return response_part(o);
  if (one_of(type, kMediaTypes)) return value_part(PartType::media, o);
  if (type == "refusal" || type == "redacted_thinking" || type == "web_search_tool_result" ||
      type == "citation")
    return value_part(PartType::other, o);
  return std::nullopt;
}

bool is_block(const json::value& v) {
  return v.is_object() && !member(v, {"role", "kwargs", "data"}) && text_member(v, "type") != "message" &&
         read_block(v).has_value();
}

bool is_message_item(std::string_view type) {
  return type == "function_call" || type == "function_call_output" || type == "reasoning";
}

void add_tool_calls(const json::value& calls, std::vector<Part>& parts) {
  const json::array* a = calls.if_array();
  if (!a) return;
  for (const auto& c : *a) {
    if (!c.is_object()) continue;
    Part p = call_part(c);
    // Anthropic blocks repeat what LangChain and OpenInference also list apart: one call, one part.
    const bool known = std::any_of(parts.begin(), parts.end(), [&](const Part& q) {
      return q.type == PartType::tool_call && q.id && p.id && *q.id == *p.id;
    });
    if (!known) parts.push_back(std::move(p));
  }
}

std::optional<std::vector<Message>> read_list(const json::array&, Side, int depth);
std::optional<std::vector<Message>> read_any(const json::value&, Side, int depth);

/// A system prompt that stands beside the messages goes first, as a message.
void put_system_first(const json::value& body, std::vector<Message>& messages) {
  const json::value* s = member(body, {"system", "instructions", "systemInstruction", "system_instruction"});
  if (!s) return;
  Message m;
  m.role = "system";
  const json::value* parts = member(*s, "parts");
  read_parts(parts ? *parts : *s, m.parts);
  if (!m.parts.empty()) messages.insert(messages.begin(), std::move(m));
}

std::optional<std::vector<Message>> read_body(const json::value& o, Side side, int depth) {
  if (const json::value* choices = member(o, "choices"); choices && choices->is_array()) {
    std::vector<Message> out;
    for (const auto& c : choices->get_array()) {
      const json::value* inner = member(c, {"message", "delta"});
      std::optional<Message> m;
      if (inner)
        m = read_message(*inner, "assistant");
      else if (const json::value* t = member(c, "text"))
        m = read_message(*t, "assistant");
      if (!m) continue;
      if (const auto r = text_member(c, {"finish_reason", "finishReason"}); !r.empty())
        m->finish_reason = str(r);
      out.push_back(std::move(*m));
    }
    return out;
  }
  if (const json::value* gens = member(o, "generations"); gens && gens->is_array()) {
    std::vector<Message> out;
    for (const auto& batch : gens->get_array()) {
      const json::array one{batch};
      for (const auto& gen : batch.is_array() ? batch.get_array() : one) {
        std::optional<Message> m;
        if (const json::value* inner = member(gen, "message"))
          m = read_message(*inner, "assistant");
        else if (const json::value* t = member(gen, "text"))
          m = read_message(*t, "assistant");
        if (m) out.push_back(std::move(*m));
      }
    }
    return out;
  }
  if (const json::value* candidates = member(o, "candidates"); candidates && candidates->is_array()) {
    std::vector<Message> out;
    for (const auto& c : candidates->get_array())
      if (const json::value* inner = member(c, "content"))
        if (auto m = read_message(*inner, "assistant")) {
          if (const auto r = text_member(c, {"finishReason", "finish_reason"}); !r.empty())
            m->finish_reason = str(r);
          out.push_back(std::move(*m));
        }
    return out;
  }
  // LangGraph and hand-written spans hold one message below "message" or "output".
  for (const auto key : {"messages", "input", "contents", "prompt"}) {
    const json::value* list = member(o, key);
    if (!list || member(o, "role")) continue;
    if (!list->is_array() && !list->is_string()) continue;
    auto out = read_any(*list, side, depth + 1);
    if (!out) continue;
    put_system_first(o, *out);
    return out;
  }
  if (const json::value* list = member(o, "output");
      list && !member(o, "role") && (list->is_array() || text_member(o, "object") == "response"))
    return read_any(*list, Side::output, depth + 1);
  if (const json::value* m = member(o, "message"); m && m->is_object() && !member(o, "role")) {
    auto one = read_message(*m, side == Side::output ? "assistant" : "user");
    if (!one) return std::nullopt;
    if (const auto r = text_member(o, {"finish_reason", "stop_reason"}); !r.empty())
      one->finish_reason = str(r);
    return std::vector<Message>{std::move(*one)};
  }
  return std::nullopt;
}

std::optional<std::vector<Message>> read_any(const json::value& v, Side side, int depth) {
  if (depth > kNesting) return std::nullopt;
  const std::string_view role = side == Side::output ? "assistant" : "user";
  if (v.is_string()) return std::vector<Message>{*read_message(v, role)};
  if (const json::array* a = v.if_array()) return read_list(*a, side, depth);
  if (!v.is_object()) return std::nullopt;
  if (auto body = read_body(v, side, depth)) return body;
  auto m = read_message(v, role);
  if (!m) return std::nullopt;
  return std::vector<Message>{std::move(*m)};
}

std::optional<std::vector<Message>> read_list(const json::array& a, Side side, int depth) {
  std::vector<Message> out;
  if (a.empty()) return out;
  const bool items = std::any_of(a.begin(), a.end(), [](const json::value& x) {
    return member(x, "role") || text_member(x, "type") == "message" ||
           text_member(x, "type") == "function_call_output";
  });
  if (!items && std::all_of(a.begin(), a.end(), is_block) &&
      !(side == Side::input && is_message_item(text_member(a[0], "type")))) {
    Message m;  // content blocks without a message around them
    m.role = side == Side::output ? "assistant" : "user";
    for (const auto& b : a) read_parts(b, m.parts);
    out.push_back(std::move(m));
    return out;
  }
  for (const auto& x : a) {
    if (const json::array* inner = x.if_array()) {
      const bool pair = inner->size() == 2 && (*inner)[0].is_string() && !(*inner)[1].is_array();
      if (!pair) {
        if (depth >= kNesting) return std::nullopt;
        auto nested = read_list(*inner, side, depth + 1);
        if (!nested) return std::nullopt;
        std::move(nested->begin(), nested->end(), std::back_inserter(out));
        continue;
      }
    }
    auto m = read_message(x, side == Side::output ? "assistant" : "user");
    if (!m) return std::nullopt;
    // The items of one Responses answer (reasoning, message, calls) are one message.
    if (side == Side::output && !out.empty() && !text_member(x, "type").empty() &&
        out.back().role == m->role && m->role == "assistant" && !member(x, "finish_reason")) {
      std::move(m->parts.begin(), m->parts.end(), std::back_inserter(out.back().parts));
      continue;
    }
    out.push_back(std::move(*m));
  }
  return out;
}
}  // namespace

std::string_view name(Part::Type t) {
  switch (t) {
    case PartType::text:
      return "text";
    case PartType::reasoning:
      return "reasoning";
    case PartType::tool_call:
      return "tool_call";
    case PartType::tool_call_response:
      return "tool_call_response";
    case PartType::media:
      return "media";
    case PartType::other:
      break;
  }
  return "other";
}

std::string_view canonical_role(std::string_view r) {
  if (r == "model" || r == "ai" || r == "AIMessageChunk" || r == "AIMessage") return "assistant";
  if (r == "human" || r == "HumanMessage" || r == "HumanMessageChunk") return "user";
  if (r == "SystemMessage") return "system";
  if (r == "ToolMessage") return "tool";
  return r;
}

json::value decode_arguments(const json::value& v) {
  if (v.is_string())
    if (auto p = parse_structured({v.get_string().data(), v.get_string().size()})) return std::move(*p);
  return v;
}

void read_parts(const json::value& content, std::vector<Part>& out) {
  if (content.is_null()) return;
  if (content.is_string()) {
    out.push_back(content_part(PartType::text, &content));
  } else if (const json::array* a = content.if_array()) {
    for (const auto& b : *a) {
      if (b.is_array())
        out.push_back(value_part(PartType::other, b));
      else
        read_parts(b, out);
    }
  } else if (auto p = read_block(content)) {
    out.push_back(std::move(*p));
  } else {
    out.push_back(value_part(PartType::other, content));
  }
}

void read_content_text(std::string_view content, std::vector<Part>& out) {
  if (auto v = parse_structured(content);
      v && v->is_array() && !v->get_array().empty() &&
      std::all_of(v->get_array().begin(), v->get_array().end(), is_block)) {
    read_parts(*v, out);
    return;
  }
  out.push_back(value_part(PartType::text, json::string(content)));
}

std::vector<Part> read_system(const json::value& v) {
  std::vector<Part> parts;
  if (const json::value* p = member(v, "parts"))
    read_parts(*p, parts);
  else
    read_parts(v, parts);
  return parts;
}

std::optional<Message> read_message(const json::value& v, std::optional<std::string_view> default_role) {
  Message m;
  if (default_role) m.role = str(*default_role);
  if (v.is_string()) {
    read_parts(v, m.parts);
    return m;
  }
  if (const json::array* pair = v.if_array()) {  // LangChain: ["user", "text"]
    if (pair->size() != 2 || !(*pair)[0].is_string()) return std::nullopt;
    m.role = str(canonical_role({(*pair)[0].get_string().data(), (*pair)[0].get_string().size()}));
    read_parts((*pair)[1], m.parts);
    return m;
  }
  if (!v.is_object()) return std::nullopt;

  const json::value* o = &v;
  std::string_view role = text_member(v, "role");
  const std::string_view type = text_member(v, "type");
  if (type == "constructor") {  // LangChain serialised: {lc, type, id: […, "AIMessage"], kwargs}
    const json::value* kwargs = member(v, "kwargs");
    if (!kwargs || !kwargs->is_object()) return std::nullopt;
    o = kwargs;
    role = text_member(*kwargs, {"role", "type"});
    const json::value* id = member(v, "id");
    if (role.empty() && id && id->is_array() && !id->get_array().empty() &&
        id->get_array().back().is_string()) {
      const auto& s = id->get_array().back().get_string();
      role = {s.data(), s.size()};
    }
  } else if (const json::value* data = member(v, "data");
             data && data->is_object() && role.empty() && !type.empty()) {
    o = data;  // LangChain: {"type": "human", "data": {…}}
    role = type;
  } else if (role.empty() && (type == "human" || type == "ai" || type == "system" || type == "tool" ||
                              type == "AIMessageChunk")) {
    role = type;
  }
  if (role.empty() && is_message_item(type)) {  // items of OpenAI's Responses
    m.role = type == "function_call_output" ? "tool" : "assistant";
    if (auto p = read_block(v)) m.parts.push_back(std::move(*p));
    return m;
  }
  const json::value* parts = member(*o, "parts");
  const json::value* content = member(*o, {"content", "contents"});
  const json::value* calls = member(*o, "tool_calls");
  if (!role.empty()) m.role = str(canonical_role(role));
  if (!parts && !content && !calls && role.empty()) {
    auto p = read_block(*o);
    if (!p) return std::nullopt;
    m.parts.push_back(std::move(*p));
    return m;
  }
  if (const auto r = text_member(*o, {"finish_reason", "stop_reason", "finishReason"}); !r.empty())
    m.finish_reason = str(r);
  if (parts) {
    read_parts(*parts, m.parts);
  } else {
    const auto id = id_of(*o, {"tool_call_id", "toolCallId"});
    const bool result_blocks =
        content && content->is_array() && !content->get_array().empty() &&
        std::all_of(content->get_array().begin(), content->get_array().end(), [](const json::value& b) {
          const auto p = read_block(b);
          return p && p->type == PartType::tool_call_response;
        });
    if ((m.role == "tool" || m.role == "function") && !result_blocks && (content || id)) {
      Part p;
      p.type = PartType::tool_call_response;
      p.id = id;
      if (content) p.result = *content;
      m.parts.push_back(std::move(p));
    } else {
      if (const auto reasoning = text_member(*o, {"reasoning_content", "reasoning"}); !reasoning.empty())
        m.parts.push_back(value_part(PartType::reasoning, json::string(reasoning)));
      if (content) {
        if (content->is_object() && member(*content, "parts"))
          read_parts(*member(*content, "parts"), m.parts);
        else
          read_parts(*content, m.parts);
      }
    }
  }
  if (calls) add_tool_calls(*calls, m.parts);
  if (const json::value* f = member(*o, "function_call"); f && f->is_object())
    m.parts.push_back(call_part(*f));
  if (const json::value* r = member(*o, "refusal"); r && r->is_string() && !r->get_string().empty())
    m.parts.push_back(value_part(PartType::other, json::object{{"type", "refusal"}, {"refusal", *r}}));
  if (const json::value* a = member(*o, "audio"); a && a->is_object())
    m.parts.push_back(value_part(PartType::media, json::object{{"type", "audio"}, {"audio", *a}}));
  return m;
}

std::optional<std::vector<Message>> read_messages(const json::value& v, Side side) {
  return read_any(v, side, 0);
}

void read_tools(const json::value& v, std::vector<Tool>& out) {
  if (out.size() > 10'000) return;
  if (const json::array* a = v.if_array()) {
    for (const auto& x : *a)
      if (!x.is_array()) read_tools(x, out);
    return;
  }
  if (v.is_string()) {
    const std::string_view s{v.get_string().data(), v.get_string().size()};
    if (auto p = parse_structured(s)) {
      if (p->is_object()) read_tools(*p, out);
    } else if (!s.empty()) {
      out.push_back({str(s), std::nullopt, nullptr});
    }
    return;
  }
  if (!v.is_object()) return;
  if (const json::value* list = member(v, {"functionDeclarations", "function_declarations"}))
    return read_tools(*list, out);
  const json::value* inner = member(v, {"function", "toolSpec"});
  const json::value& o = inner && inner->is_object() ? *inner : v;
  Tool t;
  t.name = str(text_member(o, {"name", "type"}));
  if (t.name.empty()) return;
  if (const auto d = text_member(o, "description"); !d.empty()) t.description = str(d);
  if (const json::value* s =
          member(o, {"parameters", "input_schema", "inputSchema", "parameters_json_schema"})) {
    const json::value* bedrock = member(*s, "json");
    t.schema = bedrock ? *bedrock : decode_arguments(*s);
  }
  out.push_back(std::move(t));
}

std::string text_of(const Message& m) {
  std::string out;
  for (const Part& p : m.parts) {
    if (p.type != PartType::text) continue;
    const std::string t = joined_text(p.content);
    if (!out.empty() && !t.empty()) out += '\n';
    out += t;
  }
  return out;
}

json::object to_json(const Part& p) {
  json::object o;
  o["type"] = json::string(name(p.type));
  switch (p.type) {
    case PartType::text:
    case PartType::reasoning:
      o["content"] = p.content;
      break;
    case PartType::tool_call:
      o["id"] = p.id ? json::value(*p.id) : json::value(nullptr);
      o["name"] = p.name ? json::value(*p.name) : json::value(nullptr);
      o["arguments"] = p.arguments;
      break;
    case PartType::tool_call_response:
      o["id"] = p.id ? json::value(*p.id) : json::value(nullptr);
      o["result"] = p.result;
      break;
    case PartType::media:
    case PartType::other:
      o["value"] = p.content;
      break;
  }
  return o;
}

json::object to_json(const Message& m) {
  json::object o;
  o["role"] = m.role ? json::value(*m.role) : json::value(nullptr);
  json::array parts;
  for (const Part& p : m.parts) parts.push_back(to_json(p));
  o["parts"] = std::move(parts);
  if (m.finish_reason) o["finish_reason"] = *m.finish_reason;
  return o;
}

json::array to_json(std::span<const Message> messages) {
  json::array a;
  for (const Message& m : messages) a.push_back(to_json(m));
  return a;
}

}  // namespace turnscope::genai
