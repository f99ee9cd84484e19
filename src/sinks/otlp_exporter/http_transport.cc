// OTLP/HTTP by libcurl: one easy handle, its connection kept between requests.
#include <curl/curl.h>
#include <fmt/format.h>

#include <mutex>

#include "base/clock.h"
#include "otlp/decode.h"
#include "sinks/otlp_exporter/answer.h"
#include "sinks/otlp_exporter/compress.h"
#include "sinks/otlp_exporter/transport.h"

namespace turnscope::sinks {
namespace {

constexpr std::size_t kAnswerBytes = 64u << 10;  // more of an answer is not kept
constexpr long kConnectTimeoutMs = 10'000;

struct Transfer {
  std::string body, retry_after, content_type;
  bool head_complete = false;  ///< libcurl takes a connection that closes within the head for a whole answer
  const std::atomic<bool>* stop = nullptr;
  std::optional<std::chrono::steady_clock::time_point> stop_seen;
};

std::size_t on_body(char* data, std::size_t, std::size_t n, void* p) {
  auto& t = *static_cast<Transfer*>(p);
  t.body.append(data, std::min(n, kAnswerBytes - std::min(t.body.size(), kAnswerBytes)));
  return n;
}

bool header_is(std::string_view line, std::string_view name) {
  return line.size() > name.size() && line[name.size()] == ':' &&
         curl_strnequal(line.data(), name.data(), name.size()) != 0;
}

std::size_t on_header(char* data, std::size_t, std::size_t n, void* p) {
  auto& t = *static_cast<Transfer*>(p);
  const std::string_view line(data, n);
  if (line.starts_with("HTTP/")) t.head_complete = false;
  if (line == "\r\n" || line == "\n") t.head_complete = true;
  if (header_is(line, "retry-after")) t.retry_after = line.substr(12, 100);
  if (header_is(line, "content-type")) t.content_type = line.substr(13, 100);
  return n;
}

int on_progress(void* p, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  auto& t = *static_cast<Transfer*>(p);
  if (!t.stop->load(std::memory_order_relaxed)) return 0;
  const auto now = std::chrono::steady_clock::now();
  if (!t.stop_seen) t.stop_seen = now;
  return now - *t.stop_seen > kStopGrace ? 1 : 0;
}

/// Certificates and names that do not fit are for a person to mend; everything else may pass.
Outcome::Kind kind_of_curl(CURLcode code) {
  switch (code) {
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR:
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
      return Outcome::Kind::not_us;
    default:
      return Outcome::Kind::retry;
  }
}

std::string url_for(const ExporterOptions& o, const std::string& whole, std::string_view path) {
  if (!whole.empty()) return whole;
  std::string base = o.endpoint;
  while (base.ends_with('/')) base.pop_back();
  return base + std::string(path);
}

class HttpTransport final : public Transport {
 public:
  explicit HttpTransport(const ExporterOptions& o)
      : options_(o),
        traces_(url_for(o, o.traces_url, "/v1/traces")),
        logs_(url_for(o, o.logs_url, "/v1/logs")),
        metrics_(url_for(o, o.metrics_url, "/v1/metrics")),
        compressor_(o.compression),
        curl_(curl_easy_init()) {}
  ~HttpTransport() override {
    curl_slist_free_all(headers_);
    curl_easy_cleanup(curl_);
  }
  Status prepare();
  Outcome send(log::Signal, std::string_view body, std::uint16_t hops,
               const std::atomic<bool>& stop) override;

 private:
  std::string_view encoded(std::string_view protobuf);
  Outcome answered(const Transfer&, long status);

  const ExporterOptions options_;
  const std::string traces_, logs_, metrics_;
  Compressor compressor_;
  CURL* curl_;
  curl_slist* header_list(std::uint16_t hops) const;
  curl_slist* headers_ = nullptr;
  std::uint16_t hops_ = 0;  ///< of headers_; 0: there are none yet
  std::string json_;
};

curl_slist* HttpTransport::header_list(std::uint16_t hops) const {
  curl_slist* list = nullptr;
  const auto add = [&](const std::string& line) { list = curl_slist_append(list, line.c_str()); };
  add(options_.encoding == Encoding::json ? "content-type: application/json"
                                          : "content-type: application/x-protobuf");
  if (const char* name = compressor_.name()) add(fmt::format("content-encoding: {}", name));
  add("expect:");
  add(fmt::format("turnscope-hops: {}", hops));
  for (const auto& [key, value] : options_.headers) add(key + ": " + value.reveal());
  return list;
}

Status HttpTransport::prepare() {
  if (curl_ == nullptr) return fail(ErrorKind::internal, "libcurl gives no handle");
  const auto text = [&](CURLoption option, const std::string& value) {
    if (!value.empty()) curl_easy_setopt(curl_, option, value.c_str());
  };
  curl_easy_setopt(curl_, CURLOPT_POST, 1L);
  curl_easy_setopt(curl_, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl_, CURLOPT_FOLLOWLOCATION, 0L);
  curl_easy_setopt(curl_, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl_, CURLOPT_USERAGENT, "turnscope");
  curl_easy_setopt(curl_, CURLOPT_TCP_KEEPALIVE, 1L);
  curl_easy_setopt(curl_, CURLOPT_TIMEOUT_MS, static_cast<long>(options_.timeout.count()));
  curl_easy_setopt(curl_, CURLOPT_CONNECTTIMEOUT_MS,
                   std::min(kConnectTimeoutMs, static_cast<long>(options_.timeout.count())));
  curl_easy_setopt(curl_, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
  text(CURLOPT_CAINFO, options_.tls.ca);
  text(CURLOPT_SSLCERT, options_.tls.cert);
  text(CURLOPT_SSLKEY, options_.tls.key);
  curl_easy_setopt(curl_, CURLOPT_WRITEFUNCTION, on_body);
  curl_easy_setopt(curl_, CURLOPT_HEADERFUNCTION, on_header);
  curl_easy_setopt(curl_, CURLOPT_XFERINFOFUNCTION, on_progress);
  curl_easy_setopt(curl_, CURLOPT_NOPROGRESS, 0L);
  return {};
}

std::string_view HttpTransport::encoded(std::string_view protobuf) {
  if (options_.encoding == Encoding::protobuf) return protobuf;
  otlp::Arena arena;
  otlp::DecodeReport report;
  otlp::Limits limits;
  limits.spans_per_request = protobuf.size();
  const auto traces = otlp::decode_traces_protobuf(protobuf, arena, limits, report);
  json_.clear();
  if (traces) otlp::encode_json(*traces, json_);
  return json_;
}

Outcome HttpTransport::answered(const Transfer& t, long status) {
  Outcome o;
  o.kind = kind_of_http(static_cast<int>(status));
  const bool json = t.content_type.find("json") != std::string::npos;
  if (o.kind == Outcome::Kind::accepted) {
    const auto partial = json ? parse_partial_success_json(t.body) : parse_partial_success(t.body);
    o.rejected = partial.rejected;
    o.message = partial.message;
    return o;
  }
  o.retry_after = parse_retry_after(t.retry_after, system_clock().unix_nanos());
  std::string words;
  if (t.content_type.find("protobuf") != std::string::npos) {
    const auto rpc = parse_rpc_status(t.body);
    words = rpc.message;
    if (!o.retry_after) o.retry_after = rpc.retry_after;
  } else {
    words = cut_words(t.body);
  }
  o.message = fmt::format("HTTP {}{}{}", status, words.empty() ? "" : ": ", words);
  return o;
}

Outcome HttpTransport::send(log::Signal signal, std::string_view protobuf, std::uint16_t hops,
                            const std::atomic<bool>& stop) {
  const auto body = compressor_.compress(encoded(protobuf));
  const std::string& url = signal == log::Signal::logs      ? logs_
                           : signal == log::Signal::metrics ? metrics_
                                                            : traces_;
  if (hops != hops_) {
    curl_slist_free_all(headers_);
    headers_ = header_list(hops_ = hops);
    curl_easy_setopt(curl_, CURLOPT_HTTPHEADER, headers_);
  }
  Transfer t;
  t.stop = &stop;
  char problem[CURL_ERROR_SIZE] = "";
  curl_easy_setopt(curl_, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl_, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl_, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl_, CURLOPT_WRITEDATA, &t);
  curl_easy_setopt(curl_, CURLOPT_HEADERDATA, &t);
  curl_easy_setopt(curl_, CURLOPT_XFERINFODATA, &t);
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, problem);
  const CURLcode code = curl_easy_perform(curl_);
  curl_easy_setopt(curl_, CURLOPT_ERRORBUFFER, nullptr);
  if (code == CURLE_ABORTED_BY_CALLBACK) return {Outcome::Kind::stopped, "stopping", std::nullopt, 0};
  if (code != CURLE_OK)
    return {kind_of_curl(code), cut_words(*problem != '\0' ? problem : curl_easy_strerror(code)),
            std::nullopt, 0};
  if (!t.head_complete)
    return {Outcome::Kind::retry, "the connection was closed in the middle of the answer", std::nullopt, 0};
  long status = 0;
  curl_easy_getinfo(curl_, CURLINFO_RESPONSE_CODE, &status);
  return answered(t, status);
}

}  // namespace

Result<std::unique_ptr<Transport>> make_http_transport(const ExporterOptions& options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  auto t = std::make_unique<HttpTransport>(options);
  TS_TRY(t->prepare());
  return std::unique_ptr<Transport>(std::move(t));
}

}  // namespace turnscope::sinks
