// OTLP/HTTP with protobuf bodies over libcurl. Which codes may be tried again: OTLP specification, "Retryable
// Response Codes": 429, 502, 503, 504, and connections that broke.
#include <curl/curl.h>
#include <zlib.h>

#include <algorithm>
#include <cctype>
#include <mutex>

#include "log.h"
#include "sender.h"

namespace turnscope::sdk::detail {
namespace {

constexpr std::size_t max_response = 1 << 20;

class HttpTransport final : public Transport {
 public:
  HttpTransport(std::string url, const OtlpOptions& options) : url_(std::move(url)), options_(options) {
    static std::once_flag once;
    std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
    curl_ = curl_easy_init();
    auto add = [&](const std::string& line) {
      if (curl_slist* list = curl_slist_append(headers_, line.c_str())) headers_ = list;
    };
    add("Content-Type: application/x-protobuf");
    add("User-Agent: turnscope-sdk-cpp/" + std::string(version));
    add("Expect:");  // no extra round trip before large bodies
    if (options_.gzip) add("Content-Encoding: gzip");
    for (const auto& [name, value] : options_.headers) add(name + ": " + value);
  }
  ~HttpTransport() override {
    curl_slist_free_all(headers_);
    if (curl_) curl_easy_cleanup(curl_);
  }
  HttpTransport(const HttpTransport&) = delete;
  HttpTransport& operator=(const HttpTransport&) = delete;

  SendResult send(std::string_view request, std::chrono::milliseconds timeout,
                  const std::function<bool()>& cancelled) override {
    SendResult result;
    if (!curl_) {
      result.message = "libcurl could not be initialised";
      return result;
    }
    if (options_.gzip) {
      if (!gzip(request)) {
        result.message = "gzip failed";
        return result;
      }
      request = packed_;
    }
    response_.clear();
    retry_after_.clear();
    curl_easy_reset(curl_);
    curl_easy_setopt(curl_, CURLOPT_URL, url_.c_str());
    curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl_, CURLOPT_POST, 1L);
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, request.data());
    curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.size()));
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
    curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS,
                     static_cast<long>(std::max<std::int64_t>(timeout.count(), 1)));
    curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, &HttpTransport::on_body);
    curl_easy_setopt(curl_, CURLOPT_WRITEDATA, this);
    curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, &HttpTransport::on_header);
    curl_easy_setopt(curl_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, &HttpTransport::on_progress);
    curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, &cancelled);
    if (!options_.certificate.empty()) curl_easy_setopt(curl_, CURLOPT_CAINFO, options_.certificate.c_str());
    if (!options_.client_certificate.empty())
      curl_easy_setopt(curl_, CURLOPT_SSLCERT, options_.client_certificate.c_str());
    if (!options_.client_key.empty()) curl_easy_setopt(curl_, CURLOPT_SSLKEY, options_.client_key.c_str());

    const CURLcode code = curl_easy_perform(curl_);
    if (code != CURLE_OK) {
      result.message = url_ + ": " + curl_easy_strerror(code);
      result.retryable = code == CURLE_COULDNT_CONNECT || code == CURLE_COULDNT_RESOLVE_HOST ||
                         code == CURLE_OPERATION_TIMEDOUT || code == CURLE_SEND_ERROR ||
                         code == CURLE_RECV_ERROR || code == CURLE_GOT_NOTHING ||
                         code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2_STREAM ||
                         code == CURLE_WRITE_ERROR || code == CURLE_COULDNT_RESOLVE_PROXY;
      return result;
    }
    long status = 0;
    curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 200 && status < 300) {
      result.ok = true;
      if (!parse_partial_success(response_, result.rejected, result.message))
        result.message = "the collector's answer is no OTLP response";
      return result;
    }
    std::optional<std::chrono::milliseconds> ignored;
    std::string words;
    parse_rpc_status(response_, words, ignored);
    result.message = url_ + ": HTTP " + std::to_string(status) + (words.empty() ? "" : ": " + words);
    result.retryable = status == 429 || status == 502 || status == 503 || status == 504;
    if (result.retryable) result.retry_after = parse_retry_after();
    return result;
  }

 private:
  static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) {
    auto& t = *static_cast<HttpTransport*>(self);
    if (t.response_.size() + size * count > max_response) return 0;
    t.response_.append(data, size * count);
    return size * count;
  }
  static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) {
    auto& t = *static_cast<HttpTransport*>(self);
    std::string_view line(data, size * count);
    constexpr std::string_view name = "retry-after:";
    if (line.size() > name.size() && std::equal(name.begin(), name.end(), line.begin(), [](char a, char b) {
          return a == std::tolower(static_cast<unsigned char>(b));
        })) {
      line.remove_prefix(name.size());
      const auto from = line.find_first_not_of(" \t"), to = line.find_last_not_of(" \t\r\n");
      t.retry_after_ = from == line.npos || to == line.npos || to < from
                           ? ""
                           : std::string(line.substr(from, to - from + 1));
    }
    return size * count;
  }
  static int on_progress(void* cancelled, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    return (*static_cast<const std::function<bool()>*>(cancelled))() ? 1 : 0;
  }

  /// Seconds, or an HTTP date.
  std::optional<std::chrono::milliseconds> parse_retry_after() const {
    if (retry_after_.empty()) return std::nullopt;
    constexpr std::int64_t longest = 86'400;
    if (std::all_of(retry_after_.begin(), retry_after_.end(),
                    [](unsigned char c) { return std::isdigit(c); })) {
      const std::int64_t seconds = retry_after_.size() > 9 ? longest : std::stoll(retry_after_);
      return std::chrono::seconds(std::min(seconds, longest));
    }
    const time_t at = curl_getdate(retry_after_.c_str(), nullptr);
    if (at < 0) return std::nullopt;
    return std::chrono::seconds(std::clamp<std::int64_t>(at - time(nullptr), 0, longest));
  }

  bool gzip(std::string_view in) {
    z_stream z{};
    if (deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) return false;
    packed_.resize(deflateBound(&z, in.size()));
    z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
    z.avail_in = static_cast<uInt>(in.size());
    z.next_out = reinterpret_cast<Bytef*>(packed_.data());
    z.avail_out = static_cast<uInt>(packed_.size());
    const bool ok = deflate(&z, Z_FINISH) == Z_STREAM_END;
    packed_.resize(z.total_out);
    deflateEnd(&z);
    return ok;
  }

  std::string url_;
  OtlpOptions options_;
  CURL* curl_ = nullptr;
  curl_slist* headers_ = nullptr;
  std::string packed_, response_, retry_after_;
};

}  // namespace

std::unique_ptr<Transport> make_http_transport(Signal signal, const Config& config) {
  const OtlpOptions& otlp = signal == Signal::traces ? config.traces : config.metrics;
  std::string url = otlp.endpoint;
  if (url.empty())
    url = std::string("http://localhost:4318/v1/") + (signal == Signal::traces ? "traces" : "metrics");
  return std::make_unique<HttpTransport>(std::move(url), otlp);
}

}  // namespace turnscope::sdk::detail
