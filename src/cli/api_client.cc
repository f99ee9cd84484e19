#include "cli/api_client.h"

#include <curl/curl.h>
#include <fmt/format.h>

#include <boost/json/parse.hpp>
#include <memory>

namespace turnscope::cli {
namespace {

struct CurlDeleter {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
using Curl = std::unique_ptr<CURL, CurlDeleter>;

std::string url_of(CURL* curl, const std::string& base, std::string_view path, const QueryParams& params) {
  std::string url = base + std::string(path);
  char separator = '?';
  for (const auto& [name, value] : params) {
    char* escaped = curl_easy_escape(curl, value.c_str(), static_cast<int>(value.size()));
    url += fmt::format("{}{}={}", separator, name, escaped);
    curl_free(escaped);
    separator = '&';
  }
  return url;
}

std::size_t append(char* data, std::size_t size, std::size_t n, void* to) {
  static_cast<std::string*>(to)->append(data, size * n);
  return size * n;
}

Error not_reached(const std::string& base, CURLcode code) {
  return Error(
      ErrorKind::unavailable,
      fmt::format("no answer from {} ({}); start `turnscope serve`, or name the server with --server", base,
                  curl_easy_strerror(code)));
}

Error refused(const std::string& base, long status, const std::string& body) {
  std::string message = fmt::format(
      "{} answered {}; is that the address of a Turnscope's UI, as --server needs it?", base, status);
  boost::system::error_code error;
  const auto json = boost::json::parse(body, error);
  if (!error && json.is_object()) {
    if (const auto* inner = json.as_object().if_contains("error"); inner && inner->is_object()) {
      if (const auto* text = inner->as_object().if_contains("message"); text && text->is_string()) {
        message = std::string(text->as_string());
      }
    }
  }
  return Error(status == 404   ? ErrorKind::not_found
               : status == 400 ? ErrorKind::invalid_argument
               : status == 503 ? ErrorKind::unavailable
                               : ErrorKind::internal,
               message);
}

Result<boost::json::value> parsed(const std::string& base, std::string_view path, const std::string& body) {
  boost::system::error_code error;
  auto json = boost::json::parse(body, error);
  if (error)
    return fail(ErrorKind::internal,
                fmt::format("{}{}: the answer is not JSON ({})", base, path, error.message()));
  return json;
}

}  // namespace

ApiClient::ApiClient(std::string_view base)
    : base_(base.starts_with("http://") || base.starts_with("https://") ? std::string(base)
                                                                        : "http://" + std::string(base)) {
  while (base_.ends_with('/')) base_.pop_back();
}

Result<std::string> ApiClient::get_text(std::string_view path, const QueryParams& params) const {
  return ask(path, params, nullptr);
}

Result<std::string> ApiClient::ask(std::string_view path, const QueryParams& params,
                                   const std::string* posted) const {
  const Curl curl(curl_easy_init());
  if (!curl) return fail(ErrorKind::internal, "libcurl could not be initialised");
  const std::string url = url_of(curl.get(), base_, path, params);
  std::string body;
  const std::unique_ptr<curl_slist, decltype(&curl_slist_free_all)> headers(
      posted ? curl_slist_append(nullptr, "content-type: application/json") : nullptr, curl_slist_free_all);
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  if (posted) {
    curl_easy_setopt(curl.get(), CURLOPT_HTTPHEADER, headers.get());
    curl_easy_setopt(curl.get(), CURLOPT_POSTFIELDS, posted->c_str());
  }
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, append);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &body);
  curl_easy_setopt(curl.get(), CURLOPT_TIMEOUT, 60L);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl.get(), CURLOPT_ACCEPT_ENCODING, "");
  if (const CURLcode code = curl_easy_perform(curl.get()); code != CURLE_OK)
    return fail(not_reached(base_, code));
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (status < 200 || status > 299) return fail(refused(base_, status, body));
  return body;
}

Result<boost::json::value> ApiClient::get(std::string_view path, const QueryParams& params) const {
  TS_ASSIGN(const std::string body, get_text(path, params));
  return parsed(base_, path, body);
}

Result<boost::json::value> ApiClient::post(std::string_view path, std::string_view json_body,
                                           const QueryParams& params) const {
  const std::string sent(json_body);
  TS_ASSIGN(const std::string body, ask(path, params, &sent));
  return parsed(base_, path, body);
}

namespace {

// Splits a text/event-stream as it arrives.
struct EventReader {
  const std::function<bool(std::string_view, std::string_view)>* on_event;
  std::string buffer, event, data;
  bool stopped = false;

  bool line(std::string_view text) {
    if (text.empty()) {
      const bool go_on = data.empty() || (*on_event)(event, data);
      event.clear();
      data.clear();
      return go_on;
    }
    if (text.starts_with("event: ")) event = text.substr(7);
    if (text.starts_with("data: ")) data += text.substr(6);
    return true;
  }

  static std::size_t write(char* bytes, std::size_t size, std::size_t n, void* self) {
    auto& reader = *static_cast<EventReader*>(self);
    reader.buffer.append(bytes, size * n);
    std::size_t newline;
    while ((newline = reader.buffer.find('\n')) != std::string::npos) {
      std::string text = reader.buffer.substr(0, newline);
      if (text.ends_with('\r')) text.pop_back();
      reader.buffer.erase(0, newline + 1);
      if (!reader.line(text)) {
        reader.stopped = true;
        return 0;
      }
    }
    return size * n;
  }
};

}  // namespace

Status ApiClient::events(std::string_view path, const QueryParams& params,
                         const std::function<bool(std::string_view, std::string_view)>& on_event) const {
  const Curl curl(curl_easy_init());
  if (!curl) return fail(ErrorKind::internal, "libcurl could not be initialised");
  const std::string url = url_of(curl.get(), base_, path, params);
  EventReader reader{&on_event, {}, {}, {}, false};
  curl_easy_setopt(curl.get(), CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl.get(), CURLOPT_WRITEFUNCTION, EventReader::write);
  curl_easy_setopt(curl.get(), CURLOPT_WRITEDATA, &reader);
  curl_easy_setopt(curl.get(), CURLOPT_NOSIGNAL, 1L);
  const CURLcode code = curl_easy_perform(curl.get());
  long status = 0;
  curl_easy_getinfo(curl.get(), CURLINFO_RESPONSE_CODE, &status);
  if (reader.stopped) return {};
  if (code != CURLE_OK) return fail(not_reached(base_, code));
  if (status != 200) return fail(refused(base_, status, reader.buffer));
  return {};
}

}  // namespace turnscope::cli
