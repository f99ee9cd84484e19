// POST /api/v1/redact/test: what redaction makes of a text. Nothing is stored or counted, and what was found
// is not said.
#include <boost/json.hpp>

#include "api/handlers.h"
#include "genai/json.h"
#include "pipeline/redact_trial.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

constexpr std::size_t kMostBytes = 1u << 20;

QueryAnswer<Answer> test(const ApiRequest& r, const Context& context) {
  if (!context.dependencies.redactor)
    return std::unexpected(QueryError(ErrorKind::unavailable, "this server has no redactor"));
  const auto body = genai::parse_json(r.http->body);
  if (!body || !body->is_object())
    return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                      "the body is a JSON object, as {\"text\": \"call +49 30 901820\"}"));
  const boost::json::value* given = genai::member(*body, "text");
  if (!given || !given->is_string())
    return std::unexpected(QueryError(ErrorKind::invalid_argument, "text is a string and required", "text"));
  const std::string_view text(given->get_string().data(), given->get_string().size());
  if (text.size() > kMostBytes)
    return std::unexpected(QueryError(ErrorKind::too_large,
                                      "text has more than 1 MiB; try a part of it, or turnscope redact test",
                                      "text"));
  const auto trial =
      pipeline::try_redaction(*context.dependencies.redactor,
                              {text, genai::text_member(*body, "key"), genai::text_member(*body, "service"),
                               genai::text_member(*body, "role")});
  return Answer{200,
                pipeline::trial_json(trial, context.dependencies.redaction_enabled),
                "application/json",
                {},
                false};
}

}  // namespace

void add_redact_routes(Router& router, Context& context) {
  router.add(
      {"POST", "/api/v1/redact/test", [&context](const ApiRequest& r) { return test(r, context); }, false});
}

}  // namespace turnscope::api
