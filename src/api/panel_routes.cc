// Panels of the overview that people made: read, and put as a whole.
#include <boost/json.hpp>

#include "api/handlers.h"
#include "genai/json.h"

namespace turnscope::api {
namespace {

using query::QueryAnswer;
using query::QueryError;

QueryAnswer<Answer> read(const PanelStore& store) {
  const auto set = store.get();
  JsonWriter json;
  json.begin_object().field("revision", set.revision).key("panels").begin_array();
  for (const auto& p : set.panels)
    json.begin_object()
        .field("title", p.title)
        .field("q", p.q)
        .field("figure", p.figure)
        .field("by", p.by)
        .end_object();
  json.end_array().end_object();
  return answer(json);
}

QueryAnswer<Answer> put(const ApiRequest& r, PanelStore& store) {
  const auto wrong = [](std::string what, std::string field = {}) {
    return std::unexpected(QueryError(ErrorKind::invalid_argument, std::move(what), std::move(field)));
  };
  const auto body = genai::parse_json(r.http->body);
  if (!body || !body->is_object())
    return wrong("the body is a JSON object, as {\"revision\": 0, \"panels\": []}");
  const auto* revision = genai::member(*body, "revision");
  if (!revision || !revision->is_int64() || revision->get_int64() < 0)
    return wrong("revision is a whole number: that of the panels as they were read", "revision");
  const auto* list = genai::member(*body, "panels");
  if (!list || !list->is_array()) return wrong("panels is a list and required", "panels");
  if (list->get_array().size() > PanelStore::kMost)
    return wrong("at most 50 panels are kept; remove some", "panels");
  std::vector<Panel> panels;
  for (const auto& p : list->get_array())
    panels.push_back({std::string(genai::text_member(p, "title")), std::string(genai::text_member(p, "q")),
                      std::string(genai::text_member(p, "figure")),
                      std::string(genai::text_member(p, "by"))});
  const auto next = store.put(static_cast<std::uint64_t>(revision->get_int64()), std::move(panels));
  if (!next) return std::unexpected(QueryError(next.error().kind, next.error().message, "panels"));
  JsonWriter json;
  json.begin_object().field("revision", *next).end_object();
  return answer(json);
}

}  // namespace

void add_panel_routes(Router& router, Context& context) {
  auto& store = *context.panels;
  router.add({"GET", "/api/v1/panels", [&store](const ApiRequest&) { return read(store); }, false});
  router.add({"POST", "/api/v1/panels", [&store](const ApiRequest& r) { return put(r, store); }, false});
}

}  // namespace turnscope::api
