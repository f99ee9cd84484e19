// GET /api/v1/mappings: how attributes are read, as tables: the rules of the configuration and the built-in
// dialects, as they are in use for spans that come in now.
#include "api/handlers.h"
#include "genai/registry.h"
#include "genai/view.h"

namespace turnscope::api {
namespace {

void write_traits(JsonWriter& json, std::uint16_t traits) {
  json.key("traits").begin_array();
  for (const auto word : genai::trait_names(traits)) json.value(word);
  json.end_array();
}

void write(JsonWriter& json, const genai::Mapping& m) {
  json.begin_object().text_or_null("attribute", m.attribute).text_or_null("event", m.event);
  json.text_or_null("span_name", m.span_name).text_or_null("scope", m.scope);
  json.text_or_null("field", m.field).text_or_null("convert", m.convert).text_or_null("kind", m.kind);
  json.key("values").begin_object();
  for (const auto& [word, kind] : m.values) json.field(word, kind);
  json.end_object().key("input_excludes_cache");
  if (m.input_excludes_cache)
    json.value(*m.input_excludes_cache);
  else
    json.null();
  json.field("rank", m.rank).end_object();
}

void write(JsonWriter& json, const genai::Dialect& d) {
  json.begin_object().field("name", d.name).key("keys").begin_array();
  for (const auto& k : d.keys) {
    json.begin_object().field("key", k.key).field("field", genai::name(k.field));
    json.field("convert", genai::name(k.convert)).field("rank", int{k.rank}).end_object();
  }
  json.end_array().key("prefixes").begin_array();
  for (const auto& p : d.prefixes)
    json.begin_object().field("prefix", p.prefix).field("family", genai::name(p.family)).end_object();
  json.end_array().key("scopes").begin_array();
  for (const auto& s : d.scopes) {
    json.begin_object().field("scope", s.scope);
    write_traits(json, s.traits);
    json.end_object();
  }
  json.end_array().key("span_names").begin_array();
  for (const auto& n : d.names) {
    json.begin_object().field("name", n.name);
    json.field("kind", genai::name(static_cast<genai::Kind>(n.kind)));
    write_traits(json, n.scope_traits);
    json.end_object();
  }
  json.end_array().end_object();
}

query::QueryAnswer<Answer> mappings(const ApiRequest&) {
  JsonWriter json;
  json.begin_object().key("house").begin_array();
  for (const auto& m : genai::registry().mappings()) write(json, m);
  json.end_array().key("dialects").begin_array();
  for (const auto* d : genai::builtin_dialects()) write(json, *d);
  json.end_array().end_object();
  return answer(json);
}

}  // namespace

void add_mapping_routes(Router& router, Context&) {
  router.add({"GET", "/api/v1/mappings", mappings, false});
}

}  // namespace turnscope::api
