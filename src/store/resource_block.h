// Rows for the table `resources`: attributes of resources and scopes, once each (and again each hour, for
// `seen`).
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_set>

#include "otlp/model.h"
#include "store/table_block.h"

namespace turnscope::store {

/// What was written lately, so that it is not written with every block. Forgetting is harmless: rows are
/// idempotent.
class SeenResources {
 public:
  /// True the first time an id is asked for within an hour.
  bool first(std::uint32_t project, std::uint64_t id, std::int64_t received_unix_nano);

 private:
  std::unordered_set<std::uint64_t> keys_;
};

class ResourceBlock : public TableBlock<ResourceBlock> {
 public:
  /// The id of a resource; adds a row if it is new.
  std::uint64_t add(std::uint32_t project, const otlp::Resource&, std::string_view service,
                    std::int64_t received_unix_nano, SeenResources&);
  std::uint64_t add(std::uint32_t project, const otlp::Scope&, std::int64_t received_unix_nano,
                    SeenResources&);

  template <typename F>
  void each(F&& f) {
    f(project_, "project", "UInt32");
    f(id_, "id", "UInt64");
    f(service_, "service", "LowCardinality(String)");
    f(seen_, "seen", "DateTime('UTC')");
    f(is_scope_, "is_scope", "UInt8");
    f(attrs_str_, "attrs_str", "Map(LowCardinality(String), String)");
    f(attrs_json_, "attrs_json", "String");
    f(name_, "name", "String");
    f(scope_version_, "version", "String");
    f(schema_url_, "schema_url", "String");
    f(dropped_, "dropped", "UInt32");
  }

 private:
  void row(std::uint32_t project, std::uint64_t id, std::string_view service, std::int64_t received,
           bool scope, otlp::Attributes attributes);
  std::string json_, key_;
  NumberColumn<std::uint32_t> project_, seen_, dropped_;
  NumberColumn<std::uint64_t> id_;
  LowCardinalityColumn service_;
  NumberColumn<std::uint8_t> is_scope_;
  MapColumn<StringColumn> attrs_str_;
  StringColumn attrs_json_, name_, scope_version_, schema_url_;
};

/// The value of service.name, or empty.
std::string_view service_name(const otlp::Resource&);

}  // namespace turnscope::store
