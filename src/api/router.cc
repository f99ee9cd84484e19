#include "api/router.h"

#include <fmt/format.h>

#include "api/json_writer.h"
#include "query/language/values.h"

namespace turnscope::api {
namespace {

std::string_view next_part(std::string_view& path) {
  const auto end = path.find('/');
  const auto part = path.substr(0, end);
  path = end == std::string_view::npos ? std::string_view{} : path.substr(end + 1);
  return part;
}

bool fits(std::string_view pattern, std::string_view path,
          std::map<std::string, std::string, std::less<>>& out) {
  if (std::count(pattern.begin(), pattern.end(), '/') != std::count(path.begin(), path.end(), '/'))
    return false;
  pattern.remove_prefix(1);
  path.remove_prefix(1);
  while (!pattern.empty() || !path.empty()) {
    const auto want = next_part(pattern), have = next_part(path);
    if (want.starts_with('{')) {
      if (have.empty()) return false;
      out[std::string(want.substr(1, want.size() - 2))] = std::string(have);
    } else if (want != have) {
      return false;
    }
  }
  return true;
}

}  // namespace

Router::Match Router::match(std::string_view method, std::string_view path) const {
  Match best;
  if (path.empty() || path.front() != '/') return best;
  if (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  for (const auto& route : routes_) {
    std::map<std::string, std::string, std::less<>> parts;
    if (!fits(route.pattern, path, parts)) continue;
    if (route.method != method && !(method == "HEAD" && route.method == "GET")) {
      best.other_method = route.method;
      continue;
    }
    best.route = &route;
    best.path = std::move(parts);
    return best;
  }
  return best;
}

std::string_view ApiRequest::parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters)
    if (key == name) return value;
  return {};
}

bool ApiRequest::has(std::string_view name) const {
  for (const auto& p : parameters)
    if (p.first == name) return true;
  return false;
}

std::vector<std::string> ApiRequest::all(std::string_view name) const {
  std::vector<std::string> out;
  for (const auto& [key, value] : parameters)
    if (key == name) out.push_back(value);
  return out;
}

query::QueryAnswer<std::size_t> ApiRequest::number(std::string_view name, std::size_t least, std::size_t most,
                                                   std::size_t otherwise) const {
  const auto text = parameter(name);
  if (text.empty()) return otherwise;
  const auto value = query::parse_integer(text);
  if (!value || *value < 0 || static_cast<std::uint64_t>(*value) < least ||
      static_cast<std::uint64_t>(*value) > most)
    return std::unexpected(query::QueryError(
        ErrorKind::invalid_argument,
        fmt::format("{}= must be a whole number from {} to {}", name, least, most), std::string(name)));
  return static_cast<std::size_t>(*value);
}

query::QueryAnswer<bool> ApiRequest::flag(std::string_view name) const {
  const auto text = parameter(name);
  if (text.empty() || text == "1") return text == "1";
  return std::unexpected(query::QueryError(ErrorKind::invalid_argument,
                                           fmt::format("{}= is 1 or left out", name), std::string(name)));
}

query::QueryAnswer<query::TimeRange> ApiRequest::range() const {
  auto range = query::parse_range(parameter("from"), parameter("to"), now);
  if (!range) {
    const bool from = !query::parse_time(parameter("from").empty() ? "now" : parameter("from"), now);
    return std::unexpected(
        query::QueryError(range.error().kind, range.error().message, from ? "from" : "to"));
  }
  return *range;
}

query::QueryAnswer<otlp::TraceId> ApiRequest::trace_id(std::string_view name) const {
  const auto it = path.find(name);
  const auto id = it == path.end() ? std::nullopt : query::parse_trace_id(it->second);
  if (!id)
    return std::unexpected(query::QueryError(
        ErrorKind::invalid_argument, "a trace id has 1 to 32 hex digits and is not zero", "trace_id"));
  return *id;
}

query::QueryAnswer<std::uint64_t> ApiRequest::span_id(std::string_view name) const {
  const auto it = path.find(name);
  const auto id = it == path.end() ? std::nullopt : query::parse_span_id(it->second);
  if (!id)
    return std::unexpected(query::QueryError(ErrorKind::invalid_argument,
                                             "a span id has 1 to 16 hex digits and is not zero", "span_id"));
  return *id;
}

int status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::invalid_argument:
      return 400;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::overloaded:
      return 503;
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::unauthenticated:
      return 401;
    case ErrorKind::permission_denied:
      return 403;
    case ErrorKind::unimplemented:
      return 501;
    case ErrorKind::deadline_exceeded:
      return 504;
    case ErrorKind::cancelled:
      return 499;
    case ErrorKind::corrupt:
      return 500;
    case ErrorKind::io:
      return 500;
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

Answer error_answer(const query::QueryError& e) {
  JsonWriter json;
  json.begin_object().key("error").begin_object();
  json.field("kind", name(e.kind)).field("message", e.message);
  if (!e.field.empty()) json.field("field", e.field);
  if (e.position) json.field("position", std::uint64_t{*e.position});
  json.end_object().end_object();
  Answer answer{status_of(e.kind), json.take(), "application/json", {}, false};
  if (e.retry_after)
    answer.headers.emplace_back("retry-after",
                                std::to_string(std::max<std::int64_t>(1, e.retry_after->count() / 1000)));
  else if (e.kind == ErrorKind::unavailable || e.kind == ErrorKind::overloaded)
    answer.headers.emplace_back("retry-after", "1");
  return answer;
}

Answer jaeger_error(const query::QueryError& e) {
  JsonWriter json;
  json.begin_object().key("data").null();
  json.field("total", 0).field("limit", 0).field("offset", 0).key("errors").begin_array().begin_object();
  json.field("code", status_of(e.kind)).field("msg", e.message).end_object().end_array().end_object();
  return {status_of(e.kind), json.take(), "application/json", {}, false};
}

}  // namespace turnscope::api
