#include "store/resource_block.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "store/json_text.h"
#include "store/span_block.h"

namespace turnscope::store {

bool SeenResources::first(std::uint32_t project, std::uint64_t id, std::int64_t received) {
  if (keys_.size() > 100'000) keys_.clear();
  const std::uint64_t key[3] = {id, project, static_cast<std::uint64_t>(received / 3'600'000'000'000)};
  return keys_.insert(XXH3_64bits(key, sizeof key)).second;
}

std::string_view service_name(const otlp::Resource& r) {
  for (const auto& kv : r.attributes)
    if (kv.key == "service.name" && kv.value.type == otlp::AnyValue::Type::string) return kv.value.text;
  return {};
}

void ResourceBlock::row(std::uint32_t project, std::uint64_t id, std::string_view service,
                        std::int64_t received, bool scope, otlp::Attributes attributes) {
  project_.add(project);
  id_.add(id);
  service_.add(service);
  seen_.add(static_cast<std::uint32_t>(
      std::min<std::int64_t>(sane_received(received) / 1'000'000'000, 0xffffffff)));
  is_scope_.add(scope);
  for (const auto& kv : attributes)
    if (kv.value.type == otlp::AnyValue::Type::string) attrs_str_.add(kv.key, kv.value.text);
  attrs_str_.end_row();
  attrs_json_.add(json_);
  ++rows_;
}

std::uint64_t ResourceBlock::add(std::uint32_t project, const otlp::Resource& r, std::string_view service,
                                 std::int64_t received, SeenResources& seen) {
  json_.clear();
  append_json_attributes(json_, r.attributes);
  key_ = json_;
  key_ += r.schema_url;
  key_ += std::to_string(r.dropped_attributes);
  const std::uint64_t id = XXH3_64bits(key_.data(), key_.size());
  if (!seen.first(project, id, received)) return id;
  row(project, id, service, received, false, r.attributes);
  name_.add({});
  scope_version_.add({});
  schema_url_.add(r.schema_url);
  dropped_.add(r.dropped_attributes);
  return id;
}

std::uint64_t ResourceBlock::add(std::uint32_t project, const otlp::Scope& s, std::int64_t received,
                                 SeenResources& seen) {
  json_.clear();
  append_json_attributes(json_, s.attributes);
  key_ = "scope:";
  for (const auto part : {s.name, s.version, s.schema_url, std::string_view(json_)})
    key_.append(part).push_back('\0');
  key_ += std::to_string(s.dropped_attributes);
  const std::uint64_t id = XXH3_64bits(key_.data(), key_.size());
  if (!seen.first(project, id, received)) return id;
  row(project, id, {}, received, true, s.attributes);
  name_.add(s.name);
  scope_version_.add(s.version);
  schema_url_.add(s.schema_url);
  dropped_.add(s.dropped_attributes);
  return id;
}

}  // namespace turnscope::store
