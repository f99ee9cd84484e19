// One span in full, and ranges of its texts.
#include <fmt/format.h>

#include "api/handlers.h"
#include "api/render.h"
#include "genai/explain.h"
#include "otlp/decode.h"
#include "query/part_hash.h"

namespace turnscope::api {
namespace {

namespace json = boost::json;
using query::QueryAnswer;
using query::QueryError;

struct Found {
  std::shared_ptr<const query::TraceIndex> trace;
  std::uint32_t row = 0;
  std::shared_ptr<const query::StoredSpans> stored;
  const query::StoredSpan& span() const { return stored->spans.front(); }
};

QueryAnswer<Found> find_span(Context& context, const ApiRequest& r) {
  auto trace_id = r.trace_id("trace_id");
  if (!trace_id) return std::unexpected(trace_id.error());
  auto span_id = r.span_id("span_id");
  if (!span_id) return std::unexpected(span_id.error());
  auto trace = context.queries->trace(r.caller, *trace_id);
  if (!trace) return std::unexpected(QueryError(trace.error()));
  auto span = context.queries->span(r.caller, **trace, *span_id);
  if (!span) return std::unexpected(QueryError(span.error()));
  return Found{*trace, (*trace)->find(*span_id), *span};
}

constexpr int kMaxDepth = 64;

/// A decoded value; texts longer than `preview` are cut.
void write_value(JsonWriter& out, const json::value& v, std::size_t preview, int depth = 0) {
  if (depth > kMaxDepth) {
    out.value("[depth limit]");
    return;
  }
  switch (v.kind()) {
    case json::kind::null:
      out.null();
      break;
    case json::kind::bool_:
      out.value(v.get_bool());
      break;
    case json::kind::int64:
      out.value(std::int64_t{v.get_int64()});
      break;
    case json::kind::uint64:
      out.value(std::uint64_t{v.get_uint64()});
      break;
    case json::kind::double_:
      out.value(v.get_double());
      break;
    case json::kind::string:
      out.value(cut_text({v.get_string().data(), v.get_string().size()}, preview));
      break;
    case json::kind::array:
      out.begin_array();
      for (const auto& item : v.get_array()) write_value(out, item, preview, depth + 1);
      out.end_array();
      break;
    case json::kind::object:
      out.begin_object();
      for (const auto& member : v.get_object()) {
        out.key({member.key().data(), member.key().size()});
        write_value(out, member.value(), preview, depth + 1);
      }
      out.end_object();
      break;
  }
}

/// A value for reading: within the preview as it is, else the start of its text, told as cut.
bool write_bounded(JsonWriter& out, const json::value& v, std::size_t preview) {
  JsonWriter whole;
  write_value(whole, v, SIZE_MAX);
  if (whole.size() <= preview) {
    out.raw(whole.text());
    return false;
  }
  if (v.is_string())
    out.value(cut_text({v.get_string().data(), v.get_string().size()}, preview));
  else
    out.value(cut_text(whole.text(), preview));
  return true;
}

std::size_t text_bytes(const json::value& v) {
  if (v.is_null()) return 0;
  if (v.is_string()) return v.get_string().size();
  JsonWriter whole;
  write_value(whole, v, SIZE_MAX);
  return whole.size();
}

void write_part(JsonWriter& out, const genai::Part& part, std::size_t preview,
                const query::SaidBefore* said = nullptr) {
  out.begin_object().field("type", genai::name(part.type));
  if (part.id) out.field("id", *part.id);
  if (part.name) out.field("name", *part.name);
  bool cut = false;
  if (!part.content.is_null()) {
    // `content` is text in the contract; blocks are shown as the JSON they were.
    std::string text;
    if (part.content.is_string()) {
      text.assign(part.content.get_string().data(), part.content.get_string().size());
    } else {
      JsonWriter whole;
      write_value(whole, part.content, SIZE_MAX);
      text = whole.take();
    }
    cut = text.size() > preview;
    out.field("content", cut_text(text, preview));
  }
  if (!part.arguments.is_null()) {
    out.key("arguments");
    cut = write_bounded(out, part.arguments, preview) || cut;
  }
  if (!part.result.is_null()) {
    out.key("result");
    cut = write_bounded(out, part.result, preview) || cut;
  }
  out.field("bytes",
            std::uint64_t{text_bytes(part.content) + text_bytes(part.arguments) + text_bytes(part.result)});
  if (cut) out.field("cut", true);
  if (said != nullptr) out.field("new", !said->contains(query::part_hash(part)));
  out.end_object();
}

void write_messages(JsonWriter& out, std::string_view name,
                    const std::vector<genai::SourcedMessage>& messages, std::size_t preview,
                    std::string_view default_role, const query::SaidBefore* said = nullptr) {
  out.key(name).begin_array();
  for (const auto& m : messages) {
    out.begin_object()
        .field("role", m.message.role ? std::string_view(*m.message.role) : default_role)
        .key("parts")
        .begin_array();
    for (const auto& part : m.message.parts) write_part(out, part, preview, said);
    out.end_array();
    if (m.message.finish_reason) out.field("finish_reason", *m.message.finish_reason);
    out.field("source", m.source).end_object();
  }
  out.end_array();
}

/// The text of an attribute, or nothing.
std::string_view attribute(otlp::Attributes attributes, std::string_view key) {
  for (const auto& kv : attributes)
    if (kv.key == key && kv.value.type == otlp::AnyValue::Type::string) return kv.value.text;
  return {};
}

void write_error(JsonWriter& out, const query::StoredSpan& s, std::size_t preview) {
  out.key("error");
  const otlp::Event* exception = nullptr;
  for (const auto& e : s.span.events)
    if (e.name == "exception") exception = &e;
  if (!s.is_error && !exception) {
    out.null();
    return;
  }
  std::string_view type = s.error_type, message, stack;
  if (exception) {
    if (const auto t = attribute(exception->attributes, "exception.type"); !t.empty()) type = t;
    message = attribute(exception->attributes, "exception.message");
    stack = attribute(exception->attributes, "exception.stacktrace");
  }
  if (message.empty()) message = s.span.status_message.empty() ? s.error_message : s.span.status_message;
  out.begin_object().text_or_null("type", type).text_or_null("message", cut_text(message, preview));
  out.text_or_null("stacktrace", cut_text(stack, preview)).end_object();
}

QueryAnswer<Answer> span_detail(Context& context, const ApiRequest& r) {
  auto preview = r.number("preview_bytes", 0, 16u << 20, 65'536);
  if (!preview) return std::unexpected(preview.error());
  auto found = find_span(context, r);
  if (!found) return std::unexpected(found.error());
  const auto& s = found->span();
  const auto& node = found->trace->nodes()[found->row];
  static const otlp::Scope no_scope;
  static const otlp::Resource no_resource;
  const auto& scope = s.scope ? *s.scope : no_scope;
  const auto& resource = s.resource ? *s.resource : no_resource;

  JsonWriter out;
  auto texts = texts_of(*found->trace, found->row);
  texts.other_tokens = s.other_tokens;
  write_span(out, found->trace->trace_id(), found->trace->spans()[found->row], texts, true);
  out.key("end_unix_nano").text_of(s.start + static_cast<std::int64_t>(s.duration));
  out.text_or_null("trace_state", s.span.trace_state).field("flags", s.span.flags);
  out.text_or_null("response_model", s.response_model).text_or_null("request_model", s.request_model);
  out.text_or_null("response_id", s.response_id).text_or_null("operation", s.operation);
  out.key("attributes");
  write_attributes(out, s.span.attributes, *preview);
  out.key("resource");
  write_attributes(out, resource.attributes, *preview);
  out.key("scope")
      .begin_object()
      .field("name", scope.name)
      .text_or_null("version", scope.version)
      .key("attributes");
  write_attributes(out, scope.attributes, *preview);
  out.end_object().key("events").begin_array();
  for (const auto& e : s.span.events) {
    out.begin_object().key("time_unix_nano").text_of(e.time_unix_nano);
    out.field("name", e.name).key("attributes");
    write_attributes(out, e.attributes, *preview);
    out.end_object();
  }
  out.end_array().key("links").begin_array();
  for (const auto& link : s.span.links) {
    out.begin_object().field("trace_id", otlp::hex(link.trace_id)).field("span_id", hex_id(link.span_id));
    out.text_or_null("trace_state", link.trace_state).key("attributes");
    write_attributes(out, link.attributes, *preview);
    out.end_object();
  }
  out.end_array().key("dropped").begin_object().field("attributes", s.span.dropped_attributes);
  out.field("events", s.span.dropped_events).field("links", s.span.dropped_links).end_object();
  write_error(out, s, *preview);

  auto logs = context.queries->span_logs(r.caller, *found->trace, found->row);
  if (!logs) return std::unexpected(QueryError(logs.error()));
  auto said = context.queries->said_before(r.caller, *found->trace, found->row);
  if (!said) return std::unexpected(QueryError(said.error()));
  // Messages may stand in log records that carry the span's id.
  std::vector<const otlp::LogRecord*> records;
  for (const auto& record : (*logs)->records) records.push_back(&record);
  const auto view = genai::view(s.span, resource, scope, records);
  write_messages(out, "input", genai::detail_input(view), *preview, "user", *said ? &**said : nullptr);
  write_messages(out, "output", genai::detail_output(view), *preview, "assistant");
  out.key("tools_offered").begin_array();
  for (const auto& tool : view.tools) {
    out.begin_object().field("name", tool.name).field("description", tool.description).key("schema");
    write_bounded(out, tool.schema, *preview);
    out.end_object();
  }
  out.end_array().key("parameters");
  write_value(out, view.parameters, *preview);
  out.key("finish_reasons").begin_array();
  for (const auto& reason : view.finish_reasons) out.value(reason);
  out.end_array().key("scores").begin_array();
  for (const auto& score : view.scores) {
    out.begin_object().field("name", score.name).field("value", score.value).field("label", score.label);
    out.field("explanation", score.explanation).end_object();
  }
  out.end_array();
  out.key("logs").begin_array();
  for (const auto& line : (*logs)->lines) write_log(out, line);
  out.end_array().field("more_logs", (*logs)->more);
  out.field("duplicates", node.duplicates).field("self_ns", node.self);
  out.end_object();
  return Answer{200, out.take(), "application/json", {}, false};
}

/// The value at "attributes.KEY", "resource.KEY" or "events.N.KEY".
const otlp::AnyValue* value_at(const query::StoredSpan& s, std::string_view path) {
  const auto in = [](otlp::Attributes attributes, std::string_view key) -> const otlp::AnyValue* {
    for (const auto& kv : attributes)
      if (kv.key == key) return &kv.value;
    return nullptr;
  };
  if (path.starts_with("attributes.")) return in(s.span.attributes, path.substr(11));
  if (path.starts_with("resource.") && s.resource) return in(s.resource->attributes, path.substr(9));
  if (path.starts_with("events.")) {
    path.remove_prefix(7);
    std::size_t n = 0, digits = 0;
    while (digits < path.size() && digits < 6 && path[digits] >= '0' && path[digits] <= '9')
      n = n * 10 + static_cast<std::size_t>(path[digits++] - '0');
    if (digits == 0 || digits >= path.size() || path[digits] != '.' || n >= s.span.events.size())
      return nullptr;
    return in(s.span.events[n].attributes, path.substr(digits + 1));
  }
  return nullptr;
}

constexpr std::size_t kMostWhole = 64u << 20;

/// The field under which the value at a path lies in the object store; empty: it is in the span.
std::string offloaded_field(const query::StoredSpan& s, std::string_view path) {
  std::string field;
  if (path.starts_with("attributes.")) {
    field = path.substr(11);
  } else if (path.starts_with("events.")) {
    const auto dot = path.find('.', 7);
    if (dot == path.npos) return {};
    field = fmt::format("{}@event.{}", path.substr(dot + 1), path.substr(7, dot - 7));
  }
  const auto link = "turnscope.offloaded." + field;
  for (const auto& kv : s.span.attributes)
    if (!field.empty() && kv.key == link) return field;
  return {};
}

QueryAnswer<Answer> span_content(Context& context, const ApiRequest& r) {
  auto offset = r.number("offset", 0, 1u << 31, 0);
  if (!offset) return std::unexpected(offset.error());
  auto length = r.number("length", 1, 64u << 20, 1u << 20);
  if (!length) return std::unexpected(length.error());
  auto found = find_span(context, r);
  if (!found) return std::unexpected(found.error());
  const auto path = r.parameter("path");
  const auto* value = value_at(found->span(), path);
  if (!value)
    return std::unexpected(
        QueryError(ErrorKind::not_found,
                   fmt::format("the span has nothing at `{}`; path= takes attributes.KEY or events.N.KEY",
                               cut_text(path, 200)),
                   "path"));
  std::string made;
  std::string_view text = value->text;
  bool elsewhere = false;
  if (const auto field = offloaded_field(found->span(), path);
      !field.empty() && context.dependencies.objects) {
    // The key follows from ids: what a client wrote under the link's name leads nowhere else.
    const auto& s = found->span().span;
    auto packed = context.dependencies.objects->get(
        store::object_key(r.caller.project, (*found).trace->trace_id(), s.span_id, field));
    if (!packed) {
      auto error = packed.error();
      if (error.kind == ErrorKind::not_found)
        error.message =
            "the whole value is not in the object store: it has not arrived yet, or went with retention";
      return std::unexpected(QueryError(error));
    }
    auto whole = store::unpack_object(*packed, kMostWhole);
    if (!whole) return std::unexpected(QueryError(whole.error()));
    made = std::move(*whole);
    text = made;
    elsewhere = true;
  } else if (value->type != otlp::AnyValue::Type::string) {
    otlp::encode_plain_json(*value, made);
    text = made;
  }
  const auto total = text.size();
  text = text.substr(std::min(*offset, total));
  // A piece begins and ends between characters: a reader never sees half of one.
  while (*offset > 0 && !text.empty() && (static_cast<unsigned char>(text.front()) & 0xc0) == 0x80)
    text.remove_prefix(1);
  const auto begin = total - text.size();
  text = cut_text(text, *length);
  Answer answer{200, std::string(text), "text/plain; charset=utf-8", {}, false};
  if (elsewhere) answer.headers.emplace_back("x-source", "object-store");
  answer.headers.emplace_back("x-total-bytes", std::to_string(total));
  answer.headers.emplace_back("x-offset", std::to_string(begin));
  answer.headers.emplace_back("x-next-offset", begin + text.size() < total
                                                   ? std::to_string(begin + text.size())
                                                   : std::string("end"));
  return answer;
}

}  // namespace

void add_span_routes(Router& router, Context& context) {
  router.add({"GET", "/api/v1/traces/{trace_id}/spans/{span_id}",
              [&context](const ApiRequest& r) { return span_detail(context, r); }, false});
  router.add({"GET", "/api/v1/traces/{trace_id}/spans/{span_id}/content",
              [&context](const ApiRequest& r) { return span_content(context, r); }, false});
}

}  // namespace turnscope::api
