#include "rest_client.h"

#include <boost/json/parse.hpp>

namespace turnscope::bench {
namespace {
std::size_t take(char* data, std::size_t size, std::size_t n, void* to) {
  static_cast<std::string*>(to)->append(data, size * n);
  return size * n;
}
}  // namespace

RestClient::RestClient(std::string host_and_port) : curl_(curl_easy_init()) {
  base_ = host_and_port.starts_with("http") ? std::move(host_and_port) : "http://" + host_and_port;
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, take);
  curl_easy_setopt(curl_, CURLOPT_TIMEOUT, 120L);
  curl_easy_setopt(curl_, CURLOPT_TCP_NODELAY, 1L);
  curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
}
RestClient::~RestClient() {
  curl_easy_cleanup(curl_);
  curl_slist_free_all(headers_);
}

RestClient::Answer RestClient::perform(const std::string& path) {
  Answer a;
  const auto url = base_ + path;
  curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &a.body);
  if (curl_easy_perform(curl_) == CURLE_OK) curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &a.status);
  return a;
}

RestClient::Answer RestClient::get(const std::string& path) {
  curl_easy_setopt(curl_, CURLOPT_HTTPGET, 1L);
  return perform(path);
}

std::optional<boost::json::value> RestClient::get_json(const std::string& path) {
  const auto a = get(path);
  if (a.status != 200) return std::nullopt;
  boost::system::error_code ec;
  auto json = boost::json::parse(a.body, ec);
  if (ec) return std::nullopt;
  return json;
}

RestClient::Answer RestClient::post(const std::string& path, std::string_view body,
                                    const char* content_type) {
  if (type_ != content_type) {
    type_ = content_type;
    curl_slist_free_all(headers_);
    headers_ = curl_slist_append(nullptr, ("Content-Type: " + type_).c_str());
    headers_ = curl_slist_append(headers_, "Expect:");
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
  }
  curl_easy_setopt(curl_, CURLOPT_POST, 1L);
  curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  return perform(path);
}

std::string RestClient::escape(std::string_view text) {
  char* e = curl_easy_escape(curl_, text.data(), static_cast<int>(text.size()));
  std::string out(e);
  curl_free(e);
  return out;
}

}  // namespace turnscope::bench
