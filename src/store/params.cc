#include "store/params.h"

#include <fmt/format.h>

#include <cmath>

namespace turnscope::store {
namespace {

void append_escaped(std::string& out, std::string_view value) {
  for (const char c : value) {
    switch (c) {
      case '\0':
        out += "\\0";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\'':
        out += "\\'";
        break;
      default:
        out += c;
    }
  }
}

std::string_view view(const std::string& s) { return s; }
std::string_view view(std::string_view s) { return s; }
std::string_view view(const otlp::TraceId& id) {
  return {reinterpret_cast<const char*>(id.data()), id.size()};
}

template <typename T>
std::string quoted_array(std::span<const T> items) {
  std::string out = "[";
  for (const auto& item : items) {
    if (out.size() > 1) out += ',';
    out += '\'';
    append_escaped(out, view(item));
    out += '\'';
  }
  out += ']';
  return out;
}

void put(Params& p, std::string_view name, std::string value) {
  p.emplace_back(std::string(name), std::move(value));
}

}  // namespace

std::string escaped(std::string_view value) {
  std::string out;
  out.reserve(value.size() + 8);
  append_escaped(out, value);
  return out;
}

void add_param(Params& p, std::string_view name, std::string_view value) { put(p, name, escaped(value)); }
void add_param(Params& p, std::string_view name, const otlp::TraceId& id) { put(p, name, escaped(view(id))); }
void add_param(Params& p, std::string_view name, bool value) { put(p, name, value ? "1" : "0"); }
void add_param(Params& p, std::string_view name, double value) {
  if (std::isnan(value)) return put(p, name, "nan");
  if (std::isinf(value)) return put(p, name, value < 0 ? "-inf" : "inf");
  put(p, name, fmt::format("{}", value));
}
void add_param(Params& p, std::string_view name, std::uint64_t value) {
  put(p, name, fmt::format_int(value).str());
}
void add_param(Params& p, std::string_view name, std::int64_t value) {
  put(p, name, fmt::format_int(value).str());
}
void add_param(Params& p, std::string_view name, std::span<const std::string_view> v) {
  put(p, name, quoted_array(v));
}
void add_param(Params& p, std::string_view name, std::span<const std::string> v) {
  put(p, name, quoted_array(v));
}
void add_param(Params& p, std::string_view name, std::span<const otlp::TraceId> v) {
  put(p, name, quoted_array(v));
}
void add_param(Params& p, std::string_view name, std::span<const std::uint64_t> v) {
  put(p, name, fmt::format("[{}]", fmt::join(v, ",")));
}
void add_param(Params& p, std::string_view name, std::span<const std::int64_t> v) {
  put(p, name, fmt::format("[{}]", fmt::join(v, ",")));
}

}  // namespace turnscope::store
