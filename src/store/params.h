// Builds the parameters of a query: values go to the engine as text in ClickHouse's escaped form, never into
// the SQL.
//
//   Params p;
//   add_param(p, "project", std::uint64_t{1});            // {project:UInt32}
//   add_param(p, "q", "it's\na\\test");                    // {q:String}
//   add_param(p, "ids", std::span<const std::string_view>) // {ids:Array(String)}
//   add_param(p, "trace", trace_id);                       // {trace:FixedString(16)}
// Times: pass nanoseconds as Int64 and write fromUnixTimestamp64Nano({t:Int64}, 'UTC') in the SQL.
// (Not called `bind`: std::bind would be found by its argument's namespace, compile, and do nothing.)
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "otlp/model.h"
#include "store/engine.h"

namespace turnscope::store {

/// The value in escaped form; any bytes are allowed, NUL and invalid UTF-8 too.
std::string escaped(std::string_view value);

void add_param(Params&, std::string_view name,
               std::string_view value);  ///< String, FixedString(n), LowCardinality(String)
inline void add_param(Params& p, std::string_view name, const char* value) {
  add_param(p, name, std::string_view(value));
}
void add_param(Params&, std::string_view name, const otlp::TraceId&);  ///< FixedString(16)
void add_param(Params&, std::string_view name, bool);                  ///< UInt8
void add_param(Params&, std::string_view name, double);                ///< Float64, infinities and NaN too
void add_param(Params&, std::string_view name, std::uint64_t);         ///< UInt8 to UInt64
void add_param(Params&, std::string_view name, std::int64_t);          ///< Int8 to Int64
inline void add_param(Params& p, std::string_view name, std::uint32_t v) {
  add_param(p, name, std::uint64_t{v});
}
inline void add_param(Params& p, std::string_view name, std::int32_t v) {
  add_param(p, name, std::int64_t{v});
}
void add_param(Params&, std::string_view name, std::span<const std::string_view>);  ///< Array(String)
void add_param(Params&, std::string_view name, std::span<const std::string>);       ///< Array(String)
void add_param(Params&, std::string_view name, std::span<const otlp::TraceId>);  ///< Array(FixedString(16))
void add_param(Params&, std::string_view name, std::span<const std::uint64_t>);  ///< Array(UInt64)
void add_param(Params&, std::string_view name, std::span<const std::int64_t>);   ///< Array(Int64)

}  // namespace turnscope::store
