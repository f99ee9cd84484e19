#include <yaml-cpp/yaml.h>

#include <map>

#include "api/embedded.h"
#include "api/json_writer.h"

namespace turnscope::api {
namespace {

void write(JsonWriter& json, const YAML::Node& node) {
  switch (node.Type()) {
    case YAML::NodeType::Map:
      json.begin_object();
      for (const auto& member : node) {
        json.key(member.first.Scalar());
        write(json, member.second);
      }
      json.end_object();
      break;
    case YAML::NodeType::Sequence:
      json.begin_array();
      for (const auto& item : node) write(json, item);
      json.end_array();
      break;
    case YAML::NodeType::Scalar: {
      // "!" is the tag of quoted texts; bare ones are numbers and truths if they look like it.
      std::int64_t number = 0;
      bool flag = false;
      if (node.Tag() != "!" && YAML::convert<std::int64_t>::decode(node, number))
        json.value(number);
      else if (node.Tag() != "!" && (node.Scalar() == "true" || node.Scalar() == "false") &&
               YAML::convert<bool>::decode(node, flag))
        json.value(flag);
      else
        json.value(node.Scalar());
      break;
    }
    default:
      json.null();
      break;
  }
}

/// Method and pattern → names.
std::map<std::pair<std::string, std::string>, std::vector<std::string>> all_query_parameters() {
  std::map<std::pair<std::string, std::string>, std::vector<std::string>> out;
  const auto document = YAML::Load(std::string(openapi_yaml()));
  const auto shared = document["components"]["parameters"];
  for (const auto& path : document["paths"])
    for (const auto& method : path.second) {
      auto& names = out[{method.first.Scalar(), path.first.Scalar()}];
      for (const auto& parameter : method.second["parameters"]) {
        constexpr std::string_view kShared = "#/components/parameters/";
        const auto reference = parameter["$ref"];
        const auto told = reference ? shared[reference.Scalar().substr(kShared.size())] : parameter;
        if (told["in"].Scalar() == "query") names.push_back(told["name"].Scalar());
      }
    }
  return out;
}

}  // namespace

std::span<const std::string> query_parameters(std::string_view method, std::string_view pattern) {
  static const auto all = all_query_parameters();
  std::string lower(method == "HEAD" ? "get" : method);
  for (char& c : lower)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  const auto found = all.find({lower, std::string(pattern)});
  return found == all.end() ? std::span<const std::string>() : found->second;
}

const std::string& openapi_json() {
  static const std::string text = [] {
    try {
      JsonWriter json;
      write(json, YAML::Load(std::string(openapi_yaml())));
      return json.take();
    } catch (const YAML::Exception&) {
      return std::string("{}");  // cannot be: a test reads the same text
    }
  }();
  return text;
}

}  // namespace turnscope::api
