#include "receivers/otlp_http.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "net/http_server.h"

namespace turnscope::receivers {
namespace {

using net::HttpRequest;
using net::HttpResponse;
using net::Responder;

std::string lower(std::string_view s) {
  std::string out(s);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}
std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

std::optional<log::Signal> signal_of(std::string_view path) {
  if (path == "/v1/traces") return log::Signal::traces;
  if (path == "/v1/logs") return log::Signal::logs;
  if (path == "/v1/metrics") return log::Signal::metrics;
  return std::nullopt;
}

std::optional<Encoding> encoding_of(const HttpRequest& request) {
  const std::string type =
      lower(trim(request.header("content-type").substr(0, request.header("content-type").find(';'))));
  if (type == "application/x-protobuf") return Encoding::protobuf;
  if (type == "application/json") return Encoding::json;
  return std::nullopt;
}

std::optional<Compression> compression_of(const HttpRequest& request) {
  const std::string coding = lower(trim(request.header("content-encoding")));
  if (coding.empty() || coding == "identity") return Compression::none;
  if (coding == "gzip" || coding == "x-gzip") return Compression::gzip;
  if (coding == "zstd") return Compression::zstd;
  return std::nullopt;
}

std::string_view content_type(Encoding encoding) {
  return encoding == Encoding::json ? "application/json" : "application/x-protobuf";
}

class Receiver : public HttpReceiver {
 public:
  Receiver(HttpReceiverOptions options, ExportHandler& handler)
      : options_(std::move(options)), handler_(handler) {
    const std::string& at = options_.address;
    hosts_ = {"localhost", "127.0.0.1", "[::1]", lower(at)};
    for (const std::string& host : options_.allowed_hosts) hosts_.push_back(lower(host));
    // A name that resolves to us is how a web page elsewhere reaches a server on loopback (DNS rebinding).
    check_host_ =
        !options_.allowed_hosts.empty() || at == "localhost" || at == "::1" || at.starts_with("127.");
  }

  Status open() {
    net::HttpOptions o;
    o.address = options_.address;
    o.port = options_.port;
    o.max_body_bytes = handler_.options().limits.request_bytes;
    o.max_buffered_body_bytes = options_.max_buffered_body_bytes;
    o.read_timeout = options_.read_timeout;
    o.idle_timeout = options_.idle_timeout;
    o.max_connections = options_.max_connections;
    o.workers = options_.workers;
    o.head_check = [this](const HttpRequest& head, std::size_t) { return check(head); };
    o.error_body = [this](int status, std::string_view message, const HttpRequest& head) {
      return server_error(status, message, head);
    };
    TS_ASSIGN(server_, net::HttpServer::listen(std::move(o),
                                               [this](HttpRequest request, std::shared_ptr<Responder> out) {
                                                 handle(std::move(request), std::move(out));
                                               }));
    return {};
  }

  std::uint16_t port() const override { return server_->port(); }
  void drain(std::chrono::milliseconds deadline) override { server_->drain(deadline); }

 private:
  bool origin_allowed(std::string_view origin) const {
    return std::any_of(
        options_.cors_origins.begin(), options_.cors_origins.end(),
        [&](const std::string& allowed) { return allowed == "*" || lower(allowed) == lower(origin); });
  }
  bool host_allowed(std::string_view host) const {
    if (!check_host_) return true;
    const std::string name = lower(host);
    if (std::find(hosts_.begin(), hosts_.end(), name) != hosts_.end()) return true;
    const std::size_t colon = name.rfind(':');
    if (colon == std::string::npos || name.find_first_not_of("0123456789", colon + 1) != std::string::npos)
      return false;
    return std::find(hosts_.begin(), hosts_.end(), name.substr(0, colon)) != hosts_.end();
  }

  /// Headers that let a configured origin read the answer.
  void allow_origin(const HttpRequest& request, HttpResponse& response) const {
    const std::string_view origin = request.header("origin");
    if (origin.empty() || !origin_allowed(origin)) return;
    response.headers.emplace_back("Access-Control-Allow-Origin", std::string(origin));
    response.headers.emplace_back("Vary", "Origin");
  }

  HttpResponse refusal(const HttpRequest& request, int status, int grpc_code, const Error& error) const {
    const Encoding encoding = encoding_of(request).value_or(Encoding::json);
    HttpResponse response{status,
                          {{"Content-Type", std::string(content_type(encoding))}},
                          status_body(encoding, grpc_code, error)};
    if (const auto delay = retry_delay(error)) {
      const auto seconds = (delay->count() + 999) / 1000;
      response.headers.emplace_back("Retry-After", std::to_string(std::max<std::int64_t>(1, seconds)));
    }
    allow_origin(request, response);
    return response;
  }

  /// Everything that can be said before the body is read.
  std::optional<HttpResponse> check(const HttpRequest& head) const {
    const auto no = [&](int status, ErrorKind kind, std::string message) {
      return refusal(head, status, export_code(kind).grpc, {kind, std::move(message)});
    };
    if (!host_allowed(head.header("host")))
      return no(403, ErrorKind::permission_denied,
                "the Host header is not one of this server's names; add it to allowed_hosts if it is");
    const std::string_view origin = head.header("origin");
    if (!origin.empty() && !origin_allowed(origin))
      return no(403, ErrorKind::permission_denied,
                "this web origin may not send telemetry here; add it to cors_origins if it should");
    const auto signal = signal_of(head.path);
    if (!signal) {
      if (head.path.starts_with("/v1development/"))
        return no(404, ErrorKind::unimplemented,
                  "profiles are not received here; send traces, logs or metrics");
      return no(404, ErrorKind::not_found, "OTLP is received at /v1/traces, /v1/logs and /v1/metrics");
    }
    if (head.method == "OPTIONS") return preflight(head);
    if (head.method != "POST") {
      HttpResponse response = no(405, ErrorKind::unimplemented, "OTLP is sent with POST");
      response.headers.emplace_back("Allow", "POST, OPTIONS");
      return response;
    }
    if (!encoding_of(head))
      return no(415, ErrorKind::invalid_argument,
                "the Content-Type must be application/x-protobuf or application/json");
    if (!compression_of(head)) {
      HttpResponse response =
          no(415, ErrorKind::invalid_argument, "the Content-Encoding must be identity, gzip or zstd");
      response.headers.emplace_back("Accept-Encoding", "gzip, zstd");
      return response;
    }
    return std::nullopt;
  }

  HttpResponse preflight(const HttpRequest& head) const {
    HttpResponse response{204, {{"Allow", "POST, OPTIONS"}}, {}};
    if (head.header("origin").empty()) return response;
    allow_origin(head, response);
    response.headers.emplace_back("Access-Control-Allow-Methods", "POST");
    if (const auto asked = head.header("access-control-request-headers"); !asked.empty())
      response.headers.emplace_back("Access-Control-Allow-Headers", std::string(asked));
    response.headers.emplace_back("Access-Control-Max-Age", "7200");
    return response;
  }

  /// What the HTTP server refuses by itself.
  HttpResponse server_error(int status, std::string_view message, const HttpRequest& head) const {
    ErrorKind kind = ErrorKind::invalid_argument;
    if (status == 413 || status == 431) kind = ErrorKind::too_large;
    if (status == 503) kind = ErrorKind::overloaded;
    if (status == 408) kind = ErrorKind::deadline_exceeded;
    if (status >= 500 && status != 503) kind = ErrorKind::internal;
    handler_.count_refusal(kind);
    HttpResponse response = refusal(head, status, export_code(kind).grpc, {kind, std::string(message)});
    std::erase_if(response.headers,
                  [](const auto& h) { return h.first == "Retry-After"; });  // the server adds its own
    return response;
  }

  void handle(HttpRequest request, std::shared_ptr<Responder> out) {
    // The head check has let only these through.
    auto kept = std::make_shared<HttpRequest>(std::move(request));
    const log::Signal signal = *signal_of(kept->path);
    const Encoding encoding = *encoding_of(*kept);
    ExportRequest e;
    e.hops = parse_hops(kept->header(kHopsHeader));
    e.signal = signal;
    e.encoding = encoding;
    e.compression = *compression_of(*kept);
    e.bytes = kept->body;
    e.owner = std::shared_ptr<const void>(kept, kept->body.data());
    handler_.handle(std::move(e), [this, kept, out, signal, encoding](ExportReply reply) {
      if (reply.error) {
        const ExportCode code = export_code(reply.error->kind);
        out->send(refusal(*kept, code.http, code.grpc, *reply.error));
        return;
      }
      HttpResponse response{200,
                            {{"Content-Type", std::string(content_type(encoding))}},
                            response_body(signal, encoding, reply)};
      allow_origin(*kept, response);
      out->send(std::move(response));
    });
  }

  HttpReceiverOptions options_;
  ExportHandler& handler_;
  std::vector<std::string> hosts_;
  bool check_host_ = false;
  std::unique_ptr<net::HttpServer> server_;
};

}  // namespace

Result<std::unique_ptr<HttpReceiver>> start_http(HttpReceiverOptions options, ExportHandler& handler) {
  auto receiver = std::make_unique<Receiver>(std::move(options), handler);
  TS_TRY(receiver->open());
  return receiver;
}

}  // namespace turnscope::receivers
