#include "query/sql.h"

#include <fmt/format.h>

#include <cmath>

#include "store/params.h"

namespace turnscope::query {

template <typename T>
Sql& Sql::bind(Fragment type, T&& value) {
  const auto name = fmt::format("p{}", next_++);
  text_ += '{';
  text_ += name;
  text_ += ':';
  text_ += type.text();
  text_ += '}';
  store::add_param(params_, name, std::forward<T>(value));
  return *this;
}

Sql& Sql::append(const Sql& other) {
  text_ += other.text_;
  params_.insert(params_.end(), other.params_.begin(), other.params_.end());
  next_ = std::max(next_, other.next_);
  return *this;
}

Sql& Sql::str(std::string_view value) { return bind("String", value); }
Sql& Sql::u64(std::uint64_t value) { return bind("UInt64", value); }
Sql& Sql::u32(std::uint32_t value) { return bind("UInt32", std::uint64_t{value}); }
Sql& Sql::i64(std::int64_t value) { return bind("Int64", value); }
Sql& Sql::f64(double value) { return bind("Float64", std::isfinite(value) ? value : 0.0); }
Sql& Sql::time(std::int64_t unix_nano) {
  text_ += "fromUnixTimestamp64Nano(";
  bind("Int64", unix_nano);
  text_ += ", 'UTC')";
  return *this;
}
Sql& Sql::trace(const otlp::TraceId& id) { return bind("FixedString(16)", id); }
Sql& Sql::u64s(const std::vector<std::uint64_t>& values) {
  return bind("Array(UInt64)", std::span<const std::uint64_t>(values));
}
Sql& Sql::strs(const std::vector<std::string>& values) {
  return bind("Array(String)", std::span<const std::string>(values));
}
Sql& Sql::traces(const std::vector<otlp::TraceId>& ids) {
  return bind("Array(FixedString(16))", std::span<const otlp::TraceId>(ids));
}

void attribute_text(Sql& sql, std::string_view key) {
  sql << "multiIf(mapContains(attrs_str, ";
  sql.str(key) << "), attrs_str[";
  sql.str(key) << "], mapContains(attrs_int, ";
  sql.str(key) << "), toString(attrs_int[";
  sql.str(key) << "]), mapContains(attrs_bool, ";
  sql.str(key) << "), if(attrs_bool[";
  sql.str(key) << "] = 1, 'true', 'false'), mapContains(attrs_dbl, ";
  sql.str(key) << "), toString(attrs_dbl[";
  sql.str(key) << "]), '')";
}

}  // namespace turnscope::query
