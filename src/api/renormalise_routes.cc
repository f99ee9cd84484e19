// /api/v1/renormalise: the columns of stored spans made again from the tables of dialects in use.
#include "api/handlers.h"
#include "api/json_writer.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

QueryAnswer<const Renormalise*> source(const Context& context) {
  const auto& r = context.dependencies.renormalise;
  if (!r.start || !r.stop || !r.state)
    return std::unexpected(
        QueryError(ErrorKind::unavailable, "this server cannot renormalise: it has no store of its own"));
  return &r;
}

Answer state(const sinks::RenormaliseState& s, int status) {
  JsonWriter json;
  const auto time = [&](std::string_view name, std::int64_t t) {
    json.key(name);
    if (t == 0)
      json.null();
    else
      json.text_of(t);
  };
  json.begin_object().field("running", s.running).field("step", s.step).text_or_null("error", s.error);
  json.key("since_unix_nano").text_of(s.since);
  time("started_unix_nano", s.started);
  time("finished_unix_nano", s.finished);
  json.field("rows", s.rows).field("read", s.read).field("read_before", s.read_before);
  json.field("changed", s.changed).field("skipped", s.skipped);
  json.field("duplicates_added", s.duplicates_added).field("duplicates_removed", s.duplicates_removed);
  json.field("days_folded", s.days_folded).end_object();
  return {status, json.take(), "application/json", {}, false};
}

QueryAnswer<Answer> start(const Context& context, const ApiRequest& r) {
  // A form of another page could send text/plain without asking; it cannot send JSON.
  if (!r.http->header("content-type").starts_with("application/json"))
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "send content-type: application/json (the body may be {})"));
  auto asked = source(context);
  if (!asked) return std::unexpected(asked.error());
  if (!r.has("since"))
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument,
                   "since= says from which start of spans on: now-30d, a date, or 0 for all", "since"));
  const auto fresh = r.parameter("fresh");
  if (r.has("fresh") && fresh != "true" && fresh != "false")
    return std::unexpected(QueryError(ErrorKind::invalid_argument, "fresh= is true or false", "fresh"));
  const auto since = query::parse_time(r.parameter("since"), r.now);
  if (!since) return std::unexpected(QueryError(ErrorKind::invalid_argument, since.error().message, "since"));
  if (const auto begun = (*asked)->start(*since, fresh == "true"); !begun)
    return std::unexpected(QueryError(begun.error()));
  return state((*asked)->state(), 202);
}

QueryAnswer<Answer> stop(const Context& context) {
  auto asked = source(context);
  if (!asked) return std::unexpected(asked.error());
  (*asked)->stop();
  return state((*asked)->state(), 200);
}

QueryAnswer<Answer> progress(const Context& context) {
  auto asked = source(context);
  if (!asked) return std::unexpected(asked.error());
  return state((*asked)->state(), 200);
}

}  // namespace

void add_renormalise_routes(Router& router, Context& context) {
  router.add(
      {"GET", "/api/v1/renormalise", [&context](const ApiRequest&) { return progress(context); }, false});
  router.add(
      {"POST", "/api/v1/renormalise", [&context](const ApiRequest& r) { return start(context, r); }, false});
  router.add(
      {"DELETE", "/api/v1/renormalise", [&context](const ApiRequest&) { return stop(context); }, false});
}

}  // namespace turnscope::api
