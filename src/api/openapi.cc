#include <yaml-cpp/yaml.h>

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

}  // namespace

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
