#include "examples/agent/model_server/script.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <charconv>
#include <cstdlib>

namespace turnscope::example {
namespace {

namespace json = boost::json;

std::string script_text(const json::object& object, std::string_view key) {
  const json::value* value = object.if_contains(key);
  return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

std::int64_t int_of(const json::object& object, std::string_view key, std::int64_t otherwise) {
  const json::value* value = object.if_contains(key);
  return value && value->is_int64() ? value->get_int64() : otherwise;
}

/// A conversation, as far as the script looks at it.
struct Conversation {
  std::string question;
  std::vector<json::value> results;  ///< of tools, since the question; JSON where the text is JSON
  bool last_failed = false;
  std::size_t step = 0;
};

std::string block_text(const json::value& content) {
  if (content.is_string()) return std::string(content.get_string());
  std::string all;
  if (const auto* blocks = content.if_array())
    for (const json::value& block : *blocks)
      if (const auto* object = block.if_object()) all += script_text(*object, "text");
  return all;
}

void read_results(const json::array& blocks, Conversation& conversation) {
  conversation.last_failed = false;
  for (const json::value& block : blocks) {
    const auto* object = block.if_object();
    if (!object || script_text(*object, "type") != "tool_result") continue;
    const json::value* content = object->if_contains("content");
    const std::string text = content ? block_text(*content) : "";
    const json::value* failed = object->if_contains("is_error");
    const bool is_error = failed && failed->is_bool() && failed->get_bool();
    json::error_code bad;
    json::value parsed = json::parse(text, bad);
    if (is_error) {
      conversation.last_failed = true;
      parsed = json::object{{"error", text}};
    } else if (bad) {
      parsed = json::object{{"text", text}};
    }
    conversation.results.push_back(std::move(parsed));
  }
}

Conversation read(const json::array& messages) {
  Conversation conversation;
  for (const json::value& message : messages) {
    const auto* object = message.if_object();
    if (!object) continue;
    const json::value* content = object->if_contains("content");
    if (!content) continue;
    if (script_text(*object, "role") == "assistant") {
      ++conversation.step;
      continue;
    }
    if (const std::string text = block_text(*content); !text.empty()) {
      conversation.question = text;
      conversation.results.clear();
      conversation.step = 0;
    }
    if (const auto* blocks = content->if_array()) read_results(*blocks, conversation);
  }
  return conversation;
}

std::string plain(const json::value& value) {
  if (value.is_string()) return std::string(value.get_string());
  return value.is_double() ? fmt::format("{:.15g}", value.get_double()) : json::serialize(value);
}

std::string rows(const json::value& value) {
  std::string out;
  const auto* list = value.if_array();
  if (!list) return plain(value);
  for (std::size_t i = 0; i < list->size() && i < 8; ++i) {
    out += "\n- ";
    if (const auto* row = (*list)[i].if_object()) {
      bool first = true;
      for (const auto& [key, cell] : *row) {
        out += fmt::format("{}{}: {}", first ? "" : ", ", std::string_view(key), plain(cell));
        first = false;
      }
    } else {
      out += plain((*list)[i]);
    }
  }
  if (list->size() > 8) out += fmt::format("\n- and {} more", list->size() - 8);
  return out;
}

std::string filtered(const json::value& value, std::string_view filter) {
  if (filter == "cents" && value.is_number()) return fmt::format("{:.2f}", value.to_number<double>() / 100);
  if (filter == "count") {
    const auto* list = value.if_array();
    return std::to_string(list ? list->size() : 0);
  }
  if (filter == "rows") return rows(value);
  return plain(value);
}

/// Renders templates against one conversation and the groups of the scenario's pattern.
class Renderer {
 public:
  Renderer(const Conversation& conversation, std::vector<std::string> groups)
      : conversation_(conversation), groups_(std::move(groups)) {}

  std::string text(std::string_view in) const {
    std::string out;
    for (;;) {
      const std::size_t open = in.find("{{");
      const std::size_t close = open == std::string_view::npos ? open : in.find("}}", open);
      if (close == std::string_view::npos) return out.append(in);
      out.append(in.substr(0, open));
      out += value(in.substr(open + 2, close - open - 2));
      in.remove_prefix(close + 2);
    }
  }

  json::value tree(const json::value& in) const {
    if (in.is_string()) return json::string(text(in.get_string()));
    if (const auto* list = in.if_array()) {
      json::array out;
      for (const json::value& item : *list) out.push_back(tree(item));
      return out;
    }
    if (const auto* object = in.if_object()) {
      json::object out;
      for (const auto& [key, item] : *object) out[key] = tree(item);
      return out;
    }
    return in;
  }

 private:
  std::string value(std::string_view expression) const {
    const std::size_t bar = expression.find('|');
    const std::string_view filter = bar == std::string_view::npos ? "" : expression.substr(bar + 1);
    std::string_view path = expression.substr(0, bar);
    if (path == "question") return conversation_.question;
    const std::string_view head = step(path);
    if (head == "match") {
      std::size_t n = 0;
      std::from_chars(path.data(), path.data() + path.size(), n);
      return n < groups_.size() ? groups_[n] : "";
    }
    if (head != "result" || conversation_.results.empty()) return "(unknown)";
    const std::string_view which = step(path);
    std::size_t n = conversation_.results.size() - 1;
    if (which != "last") std::from_chars(which.data(), which.data() + which.size(), n);
    if (n >= conversation_.results.size()) return "(unknown)";
    const json::value* at = &conversation_.results[n];
    while (at && !path.empty()) at = child(*at, step(path));
    return at ? filtered(*at, filter) : "(unknown)";
  }

  static std::string_view step(std::string_view& path) {
    const std::size_t dot = path.find('.');
    const std::string_view head = path.substr(0, dot);
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
    return head;
  }

  static const json::value* child(const json::value& of, std::string_view key) {
    if (const auto* object = of.if_object()) return object->if_contains(key);
    const auto* list = of.if_array();
    if (!list) return nullptr;
    std::size_t n = list->size();
    std::from_chars(key.data(), key.data() + key.size(), n);
    return n < list->size() ? &(*list)[n] : nullptr;
  }

  const Conversation& conversation_;
  std::vector<std::string> groups_;
};

Reply::Failure read_failure(const json::object& from, const Renderer& render) {
  const json::value rendered = render.tree(from);
  const json::object& object = rendered.get_object();
  const auto number = [&](std::string_view key, long otherwise) {
    const std::string text = script_text(object, key);
    return text.empty() ? static_cast<long>(int_of(object, key, otherwise))
                        : std::strtol(text.c_str(), nullptr, 10);
  };
  Reply::Failure failure;
  const long status = number("status", 500);
  failure.status = status < 400 || status > 599 ? 500 : static_cast<int>(status);
  failure.type = script_text(object, "type");
  failure.message = script_text(object, "message");
  failure.retry_after = script_text(object, "retry_after");
  if (const long times = number("times", 0); times > 0) failure.times = static_cast<std::uint64_t>(times);
  return failure;
}

}  // namespace

struct Script::Scenario {
  std::string name;
  std::unique_ptr<re2::RE2> when;
  int latency_ms = 0, chunk_ms = 0;
  json::array steps;
};

std::expected<Script, std::string> Script::parse(std::string_view text) {
  json::error_code bad;
  const json::value parsed = json::parse(text, bad);
  const json::object* root = bad ? nullptr : parsed.if_object();
  const json::value* list = root ? root->if_contains("scenarios") : nullptr;
  if (!list || !list->is_array() || list->get_array().empty())
    return std::unexpected("the script must be a JSON object with a non-empty array 'scenarios'");
  Script script;
  for (const json::value& entry : list->get_array()) {
    const json::object* object = entry.if_object();
    if (!object) return std::unexpected("a scenario is not an object");
    auto scenario = std::make_shared<Scenario>();
    scenario->name = script_text(*object, "name");
    scenario->when = std::make_unique<re2::RE2>(script_text(*object, "when"), re2::RE2::Quiet);
    if (!scenario->when->ok())
      return std::unexpected(fmt::format("scenario '{}': 'when' is not a regular expression: {}",
                                         scenario->name, scenario->when->error()));
    scenario->latency_ms = static_cast<int>(int_of(*object, "latency_ms", 90));
    scenario->chunk_ms = static_cast<int>(int_of(*object, "chunk_ms", 4));
    const json::value* steps = object->if_contains("steps");
    if (!steps || !steps->is_array() || steps->get_array().empty())
      return std::unexpected(fmt::format("scenario '{}' has no steps", scenario->name));
    for (const json::value& step : steps->get_array())
      if (!step.is_object())
        return std::unexpected(fmt::format("scenario '{}': a step is not an object", scenario->name));
    scenario->steps = steps->get_array();
    script.scenarios_.push_back(std::move(scenario));
  }
  return script;
}

const Script& Script::bundled() {
  static const Script script = [] {
    auto parsed = parse(bundled_script());
    if (!parsed) {
      fmt::print(stderr, "the bundled script is broken: {}\n", parsed.error());
      std::abort();  // it is compiled in, and a test reads it
    }
    return *parsed;
  }();
  return script;
}

Reply Script::answer(const json::array& messages, std::string_view scenario) const {
  const Conversation conversation = read(messages);
  const Scenario* chosen = nullptr;
  std::vector<std::string> groups;
  for (const auto& candidate : scenarios_) {
    if (!scenario.empty() && candidate->name != scenario) continue;
    const int count = candidate->when->NumberOfCapturingGroups() + 1;
    std::vector<re2::StringPiece> found(static_cast<std::size_t>(count));
    const bool matches = candidate->when->Match(conversation.question, 0, conversation.question.size(),
                                                re2::RE2::UNANCHORED, found.data(), count);
    if (!matches && scenario.empty()) continue;
    chosen = candidate.get();
    for (const auto& piece : found)
      groups.emplace_back(piece.data() ? std::string(piece.data(), piece.size()) : "");
    break;
  }
  Reply reply;
  if (!chosen) {
    reply.scenario = "none";
    reply.text = "The script has nothing to say to that.";
    return reply;
  }
  const Renderer render(conversation, std::move(groups));
  reply.scenario = chosen->name;
  reply.step = std::min(conversation.step, chosen->steps.size() - 1);
  for (std::size_t i = 0; i < reply.step; ++i)  // a looping step keeps the conversation
    if (chosen->steps[i].get_object().contains("loop")) reply.step = i;
  const json::object* step = &chosen->steps[reply.step].get_object();
  if (const auto* other = step->if_contains("if_failed");
      other && other->is_object() && conversation.last_failed)
    step = &other->get_object();

  reply.latency_ms = static_cast<int>(int_of(*step, "latency_ms", chosen->latency_ms));
  reply.chunk_ms = static_cast<int>(int_of(*step, "chunk_ms", chosen->chunk_ms));
  if (const auto* failure = step->if_contains("error"); failure && failure->is_object())
    reply.failure = read_failure(failure->get_object(), render);
  reply.text = render.text(script_text(*step, step->contains("answer") ? "answer" : "say"));
  if (const auto* tools = step->if_contains("tools"); tools && tools->is_array())
    for (const json::value& tool : tools->get_array())
      if (const auto* object = tool.if_object()) {
        const json::value* input = object->if_contains("input");
        json::value rendered =
            input && input->is_object() ? render.tree(*input) : json::value(json::object{});
        reply.tools.push_back({script_text(*object, "name"), std::move(rendered.get_object())});
      }
  reply.stop_reason = reply.tools.empty() ? "end_turn" : "tool_use";
  if (auto given = script_text(*step, "stop_reason"); !given.empty()) reply.stop_reason = given;
  return reply;
}

}  // namespace turnscope::example
