#include "net/http_head.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>

#include "net/hex_value.h"

namespace turnscope::net {
namespace {
namespace http = boost::beast::http;

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
bool equal_nocase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return lower(x) == lower(y); });
}

std::unexpected<Refusal> bad(std::string message) {
  return std::unexpected(Refusal{400, std::move(message)});
}

/// Decodes %XX, and '+' to a space where asked. False on a bad escape or NUL.
bool percent_decode(std::string_view raw, bool plus_is_space, std::string& out) {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    char c = raw[i];
    if (c == '%') {
      const int hi = i + 2 < raw.size() ? hex_value(raw[i + 1]) : -1;
      const int lo = i + 2 < raw.size() ? hex_value(raw[i + 2]) : -1;
      if (hi < 0 || lo < 0) return false;
      c = static_cast<char>(hi << 4 | lo);
      i += 2;
    } else if (c == '+' && plus_is_space) {
      c = ' ';
    }
    if (c == '\0') return false;
    out.push_back(c);
  }
  return true;
}

}  // namespace

std::expected<std::optional<std::size_t>, Refusal> find_head_end(std::string_view s, std::size_t& from) {
  for (; from < s.size(); ++from) {
    const char c = s[from];
    if (c == '\0') return bad("a NUL byte in the request head");
    if (c == '\n') {
      if (from == 0 || s[from - 1] != '\r')
        return bad("a line of the request head ends in a bare LF; lines end in CRLF");
      if (from >= 3 && s[from - 2] == '\n') return ++from;
    } else if (from > 0 && s[from - 1] == '\r') {
      return bad("a CR without LF in the request head");
    }
  }
  return std::nullopt;
}

Result<std::string> decode_path(std::string_view raw) {
  std::string path;
  if (raw.empty() || raw.front() != '/')
    return fail(ErrorKind::invalid_argument, "the request target must start with '/'");
  if (!percent_decode(raw, false, path))
    return fail(ErrorKind::invalid_argument, "a bad percent escape or NUL in the request path");
  for (std::size_t i = 0; i < path.size();) {
    std::size_t end = path.find('/', i);
    if (end == std::string::npos) end = path.size();
    if (std::string_view(path).substr(i, end - i) == "..")
      return fail(ErrorKind::invalid_argument, "\"..\" in the request path");
    i = end + 1;
  }
  return path;
}

std::expected<RequestHead, Refusal> parse_head(std::string_view text) {
  // Folded lines would be unfolded by the parser and read as part of another header by others.
  for (std::size_t i = text.find("\r\n"); i != std::string_view::npos && i + 2 < text.size();
       i = text.find("\r\n", i + 2))
    if (text[i + 2] == ' ' || text[i + 2] == '\t')
      return bad("a folded header line; obsolete folding is not accepted");

  http::request_parser<http::empty_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(text.size() + 1));
  parser.body_limit(boost::none);
  parser.eager(false);
  boost::beast::error_code ec;
  parser.put(boost::asio::buffer(text.data(), text.size()), ec);
  if (ec == http::error::need_more) ec = {};
  if (ec) return bad(fmt::format("the request head is not HTTP/1.1: {}", ec.message()));
  if (!parser.is_header_done()) return bad("the request head is not HTTP/1.1");

  const auto& message = parser.get();
  RequestHead head;
  if (message.version() == 10)
    head.http10 = true;
  else if (message.version() != 11)
    return std::unexpected(Refusal{505, "only HTTP/1.1 and HTTP/1.0 are spoken here"});
  HttpRequest& request = head.request;
  request.method = std::string(message.method_string());

  std::size_t hosts = 0, lengths = 0, encodings = 0;
  head.keep_alive = !head.http10;
  for (const auto& field : message) {
    std::string name(field.name_string());
    std::transform(name.begin(), name.end(), name.begin(), lower);
    const std::string_view value(field.value().data(), field.value().size());
    if (name == "host") ++hosts;
    if (name == "content-length") {
      ++lengths;
      if (value.empty() || value.size() > 18 ||
          value.find_first_not_of("0123456789") != std::string_view::npos)
        return bad("content-length is not a number");
      head.content_length = std::stoull(std::string(value));
    }
    if (name == "transfer-encoding") {
      ++encodings;
      if (!equal_nocase(value, "chunked"))
        return std::unexpected(Refusal{400, "the only transfer-encoding accepted is chunked"});
      head.chunked = true;
    }
    if (name == "connection") {
      if (equal_nocase(value, "close")) head.keep_alive = false;
      if (equal_nocase(value, "keep-alive")) head.keep_alive = true;
    }
    if (name == "expect") {
      if (!equal_nocase(value, "100-continue"))
        return std::unexpected(Refusal{417, "the only expectation met is 100-continue"});
      head.expect_continue = !head.http10;
    }
    request.headers.emplace_back(std::move(name), std::string(value));
  }
  if (lengths > 1) return bad("more than one content-length");
  if (encodings > 1) return bad("more than one transfer-encoding");
  if (lengths && encodings) return bad("both content-length and transfer-encoding");
  if (encodings && head.http10) return bad("transfer-encoding in an HTTP/1.0 request");
  if (hosts > 1 || (hosts == 0 && !head.http10)) return bad("exactly one host header is needed");

  const std::string_view target(message.target().data(), message.target().size());
  const std::size_t mark = target.find('?');
  auto path = decode_path(target.substr(0, mark));
  if (!path) return bad(path.error().message);
  request.path = std::move(*path);
  if (mark != std::string_view::npos) request.query = std::string(target.substr(mark + 1));
  return head;
}

std::string_view HttpRequest::header(std::string_view name) const {
  for (const auto& [key, value] : headers)
    if (key == name) return value;
  return {};
}

Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view text) {
  std::vector<std::pair<std::string, std::string>> pairs;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('&'), text.size());
    const std::string_view part = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (part.empty()) continue;
    const std::size_t equals = std::min(part.find('='), part.size());
    std::pair<std::string, std::string> pair;
    if (!percent_decode(part.substr(0, equals), true, pair.first) ||
        !percent_decode(part.substr(std::min(equals + 1, part.size())), true, pair.second))
      return fail(ErrorKind::invalid_argument,
                  fmt::format("parameter number {} has a bad percent escape or a NUL", pairs.size() + 1));
    pairs.push_back(std::move(pair));
  }
  return pairs;
}

}  // namespace turnscope::net
