// The head of an HTTP/1.x request, checked strictly: whatever two parsers could read in two ways is refused
// (both length headers, repeated lengths, folded lines, bare LF, spaces before the colon). Private to
// src/net.
#pragma once
#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "net/http_server.h"

namespace turnscope::net {

/// A refusal that the server answers itself, then closes the connection.
struct Refusal {
  int status;
  std::string message;
};

struct RequestHead {
  HttpRequest request;  ///< without body and peer
  bool http10 = false;
  bool keep_alive = true;
  bool chunked = false;
  bool expect_continue = false;
  std::uint64_t content_length = 0;
};

/// `text` is everything up to and including the blank line.
std::expected<RequestHead, Refusal> parse_head(std::string_view text);

/// Looks for the end of the head in what has come so far. `from` is where the last call stopped. Returns the
/// length of the head with its blank line, nullopt while it is not whole, or a refusal (bare LF, stray CR,
/// NUL).
std::expected<std::optional<std::size_t>, Refusal> find_head_end(std::string_view received,
                                                                 std::size_t& from);

/// Percent-decodes once. Errors: bad escapes, NUL, ".." segments; the path must start with '/'.
Result<std::string> decode_path(std::string_view raw);

}  // namespace turnscope::net
