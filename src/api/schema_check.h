// The part of JSON Schema that openapi.yaml uses, strictly: members that are not declared are errors, unless
// additionalProperties says otherwise.
#pragma once
#include <boost/json.hpp>
#include <string>
#include <vector>

namespace turnscope::api::test {

class SchemaCheck {
 public:
  explicit SchemaCheck(const boost::json::value& openapi) : root_(openapi) {}

  std::vector<std::string> problems(const boost::json::value& schema, const boost::json::value& v) {
    out_.clear();
    check(schema, v, "$");
    return out_;
  }

 private:
  using Value = boost::json::value;
  const Value& resolve(const Value& schema) const {
    const auto* o = schema.if_object();
    if (!o || !o->contains("$ref")) return schema;
    const auto& ref = o->at("$ref").as_string();
    return resolve(root_.at_pointer(std::string_view(ref).substr(1)));
  }
  static std::string type_of(const Value& v) {
    if (v.is_null()) return "null";
    if (v.is_bool()) return "boolean";
    if (v.is_string()) return "string";
    if (v.is_array()) return "array";
    if (v.is_object()) return "object";
    return v.is_double() ? "number" : "integer";
  }
  void check(const Value& unresolved, const Value& v, const std::string& where) {
    const auto& schema = resolve(unresolved).as_object();
    const auto type = type_of(v);
    if (const auto* want = schema.if_contains("type")) {
      std::vector<std::string> types;
      if (want->is_string())
        types.emplace_back(want->as_string());
      else
        for (const auto& t : want->as_array()) types.emplace_back(t.as_string());
      bool good = false;
      for (const auto& t : types) good = good || t == type || (t == "number" && type == "integer");
      if (!good) return problem(where, "is " + type + ": " + boost::json::serialize(v).substr(0, 80));
    }
    if (const auto* choices = schema.if_contains("enum")) {
      bool good = false;
      for (const auto& c : choices->as_array()) good = good || c == v;
      if (!good) problem(where, "is none of the enum: " + boost::json::serialize(v));
    }
    if (v.is_array()) {
      if (const auto* most = schema.if_contains("maxItems");
          most && v.as_array().size() > most->to_number<std::size_t>())
        problem(where, "has too many items");
      if (const auto* items = schema.if_contains("items"))
        for (std::size_t i = 0; i < v.as_array().size(); ++i)
          check(*items, v.as_array()[i], where + "[" + std::to_string(i) + "]");
    }
    if (v.is_object()) {
      if (const auto* required = schema.if_contains("required"))
        for (const auto& name : required->as_array())
          if (!v.as_object().contains(name.as_string()))
            problem(where, "lacks " + std::string(name.as_string()));
      const auto* properties = schema.if_contains("properties");
      const auto* additional = schema.if_contains("additionalProperties");
      for (const auto& member : v.as_object()) {
        const auto inside = where + "." + std::string(member.key());
        if (properties && properties->as_object().contains(member.key()))
          check(properties->as_object().at(member.key()), member.value(), inside);
        else if (additional && additional->is_object())
          check(*additional, member.value(), inside);
        else if (properties && !additional)
          problem(inside, "is not described");
      }
    }
  }
  void problem(const std::string& where, const std::string& what) { out_.push_back(where + " " + what); }

  const Value& root_;
  std::vector<std::string> out_;
};

}  // namespace turnscope::api::test
