#include "server/config_mappings.h"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <charconv>

#include "server/config_values.h"

namespace turnscope::server {
namespace {

Status read_member(genai::Mapping& m, const std::string& name, const YAML::Node& value,
                   const std::string& where) {
  if (name == "values") {
    if (!value.IsMap())
      return fail(ErrorKind::invalid_argument, fmt::format("{}.values is a map of words to kinds", where));
    for (const auto& entry : value) m.values.emplace_back(entry.first.Scalar(), entry.second.Scalar());
    return {};
  }
  if (!value.IsScalar())
    return fail(ErrorKind::invalid_argument, fmt::format("{}.{} is one value", where, name));
  const std::string& text = value.Scalar();
  const std::pair<std::string_view, std::string*> texts[] = {
      {"attribute", &m.attribute}, {"event", &m.event},         {"field", &m.field}, {"convert", &m.convert},
      {"scope", &m.scope},         {"span_name", &m.span_name}, {"kind", &m.kind},   {"dialect", &m.dialect}};
  for (const auto& [key, to] : texts)
    if (key == name) {
      *to = text;
      return {};
    }
  if (name == "input_excludes_cache") {
    const auto flag = parse_flag(text);
    if (!flag) return fail(flag.error().with_context(where + "." + name));
    m.input_excludes_cache = *flag;
    return {};
  }
  if (name == "rank") {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), m.rank);
    if (error != std::errc{} || end != text.data() + text.size())
      return fail(ErrorKind::invalid_argument, fmt::format("{}.rank: {} is not a whole number", where, text));
    return {};
  }
  return fail(
      ErrorKind::invalid_argument,
      fmt::format(
          "{}.{} is not known; use attribute, event, field, convert, scope, rank, values, span_name, kind, "
          "input_excludes_cache or dialect",
          where, name));
}

}  // namespace

Result<std::vector<genai::Mapping>> parse_mappings(std::string_view yaml) {
  std::vector<genai::Mapping> out;
  try {
    const YAML::Node root = YAML::Load(std::string(yaml));
    if (root.IsNull()) return out;
    if (!root.IsSequence())
      return fail(ErrorKind::invalid_argument,
                  "is a list of rules, as [{attribute: acme.model, field: request_model}]");
    for (const auto& rule : root) {
      const std::string where = fmt::format("genai.mappings[{}]", out.size());
      if (!rule.IsMap())
        return fail(ErrorKind::invalid_argument, where + " is a map, as {attribute: …, field: …}");
      genai::Mapping m;
      for (const auto& member : rule) TS_TRY(read_member(m, member.first.Scalar(), member.second, where));
      out.push_back(std::move(m));
    }
  } catch (const YAML::Exception& e) {
    return fail(ErrorKind::invalid_argument, fmt::format("is not YAML: {}", e.what()));
  }
  TS_ASSIGN(const auto tables, genai::Registry::make(out));
  return out;
}

}  // namespace turnscope::server
