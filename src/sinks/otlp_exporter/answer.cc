#include "sinks/otlp_exporter/answer.h"

#include <curl/curl.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <charconv>
#include <protozero/pbf_reader.hpp>

#include "base/logger.h"

namespace turnscope::sinks {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLongest = std::chrono::hours(1);
constexpr std::size_t kWords = 300;

milliseconds bounded(double seconds) {
  if (!(seconds > 0)) return milliseconds(0);
  return seconds >= 3600 ? kLongest : milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

std::optional<milliseconds> retry_info(protozero::pbf_reader any) {
  std::string_view type, value;
  while (any.next()) {
    if (any.tag() == 1 && any.wire_type() == protozero::pbf_wire_type::length_delimited) {
      const auto v = any.get_view();
      type = {v.data(), v.size()};
    } else if (any.tag() == 2 && any.wire_type() == protozero::pbf_wire_type::length_delimited) {
      const auto v = any.get_view();
      value = {v.data(), v.size()};
    } else {
      any.skip();
    }
  }
  if (!type.ends_with("google.rpc.RetryInfo")) return std::nullopt;
  double seconds = 0;
  protozero::pbf_reader info(value.data(), value.size());
  while (info.next()) {
    if (info.tag() != 1 || info.wire_type() != protozero::pbf_wire_type::length_delimited) {
      info.skip();
      continue;
    }
    auto duration = info.get_message();
    while (duration.next()) {
      if (duration.wire_type() != protozero::pbf_wire_type::varint)
        duration.skip();
      else if (duration.tag() == 1)
        seconds += static_cast<double>(duration.get_int64());
      else
        seconds += static_cast<double>(duration.get_int64()) / 1e9;
    }
  }
  return bounded(seconds);
}

}  // namespace

std::string cut_words(std::string_view text) {
  std::string out = printable(text.substr(0, kWords));
  if (text.size() > kWords) out += "…";
  return out;
}

PartialSuccess parse_partial_success(std::string_view bytes) {
  PartialSuccess p;
  try {
    protozero::pbf_reader r(bytes.data(), bytes.size());
    while (r.next()) {
      if (r.tag() != 1 || r.wire_type() != protozero::pbf_wire_type::length_delimited) {
        r.skip();
        continue;
      }
      auto part = r.get_message();
      while (part.next()) {
        if (part.tag() == 1 && part.wire_type() == protozero::pbf_wire_type::varint)
          p.rejected = static_cast<std::uint64_t>(std::max<std::int64_t>(0, part.get_int64()));
        else if (part.tag() == 2 && part.wire_type() == protozero::pbf_wire_type::length_delimited)
          p.message = cut_words(part.get_string());
        else
          part.skip();
      }
    }
  } catch (const protozero::exception&) {
    return {};
  }
  return p;
}

PartialSuccess parse_partial_success_json(std::string_view text) {
  PartialSuccess p;
  boost::system::error_code error;
  const auto json = boost::json::parse({text.data(), text.size()}, error);
  if (error || !json.is_object()) return p;
  const auto* part = json.as_object().if_contains("partialSuccess");
  if (part == nullptr || !part->is_object()) return p;
  for (const char* key : {"rejectedSpans", "rejectedLogRecords", "rejectedDataPoints"}) {
    const auto* n = part->as_object().if_contains(key);
    if (n == nullptr) continue;
    if (n->is_int64()) p.rejected = static_cast<std::uint64_t>(std::max<std::int64_t>(0, n->as_int64()));
    if (n->is_string()) {
      const auto& s = n->as_string();
      std::from_chars(s.data(), s.data() + s.size(), p.rejected);
    }
  }
  if (const auto* m = part->as_object().if_contains("errorMessage"); m != nullptr && m->is_string())
    p.message = cut_words({m->as_string().data(), m->as_string().size()});
  return p;
}

RpcStatus parse_rpc_status(std::string_view bytes) {
  RpcStatus s;
  try {
    protozero::pbf_reader r(bytes.data(), bytes.size());
    while (r.next()) {
      const bool text = r.wire_type() == protozero::pbf_wire_type::length_delimited;
      if (r.tag() == 1 && r.wire_type() == protozero::pbf_wire_type::varint)
        s.code = r.get_int32();
      else if (r.tag() == 2 && text)
        s.message = cut_words(r.get_string());
      else if (r.tag() == 3 && text) {
        if (const auto after = retry_info(r.get_message())) s.retry_after = after;
      } else
        r.skip();
    }
  } catch (const protozero::exception&) {
    return {};
  }
  return s;
}

std::optional<milliseconds> parse_retry_after(std::string_view text, std::int64_t now_unix_nano) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (!text.empty() && (text.ends_with(' ') || text.ends_with('\r') || text.ends_with('\n')))
    text.remove_suffix(1);
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  if (const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), seconds);
      error == std::errc{} && end == text.data() + text.size())
    return bounded(seconds);
  const std::time_t at = curl_getdate(std::string(text).c_str(), nullptr);
  if (at == -1) return std::nullopt;
  return bounded(static_cast<double>(at) - static_cast<double>(now_unix_nano) / 1e9);
}

Outcome::Kind kind_of_http(int status) {
  using enum Outcome::Kind;
  if (status >= 200 && status < 300) return accepted;
  switch (status) {
    case 408:
    case 429:
    case 502:
    case 503:
    case 504:
      return retry;
    case 413:
      return too_large;
    case 401:
    case 403:
    case 404:
    case 405:
    case 407:
    case 415:
      return not_us;
    default:
      // A redirect is not followed: where spans go is for the configuration to say.
      return status < 400 ? not_us : status < 500 ? refused : doubtful;
  }
}

Outcome::Kind kind_of_grpc(int code, bool has_retry_info) {
  using enum Outcome::Kind;
  switch (code) {
    case 0:
      return accepted;
    case 1:   // CANCELLED
    case 4:   // DEADLINE_EXCEEDED
    case 10:  // ABORTED
    case 11:  // OUT_OF_RANGE
    case 14:  // UNAVAILABLE
    case 15:  // DATA_LOSS
      return retry;
    case 8:  // RESOURCE_EXHAUSTED
      return has_retry_info ? retry : too_large;
    case 7:   // PERMISSION_DENIED
    case 12:  // UNIMPLEMENTED
    case 16:  // UNAUTHENTICATED
      return not_us;
    case 2:   // UNKNOWN
    case 13:  // INTERNAL
      return doubtful;
    default:
      return refused;
  }
}

}  // namespace turnscope::sinks
