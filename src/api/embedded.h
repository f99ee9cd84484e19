// Files that were made part of the program at build time: the web UI (web/dist) and the OpenAPI description.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace turnscope::api {

struct EmbeddedFile {
  const char* path;  ///< "/index.html"
  const unsigned char* begin;
  const unsigned char* end;
  std::string_view bytes() const {
    return {reinterpret_cast<const char*>(begin), static_cast<std::size_t>(end - begin)};
  }
};

/// Sorted by path; empty when web/dist did not exist at build time.
std::span<const EmbeddedFile> embedded_ui();
std::string_view openapi_yaml();
/// The same as JSON.
const std::string& openapi_json();
/// Names of a route's query parameters, as that document has them.
std::span<const std::string> query_parameters(std::string_view method, std::string_view pattern);

}  // namespace turnscope::api
