#include "api/api_server.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>

#include "api/embedded.h"
#include "api/handlers.h"
#include "api/json_writer.h"
#include "base/anomaly.h"
#include "base/logger.h"

namespace turnscope::api {
namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  return out;
}

/// The name part of "name:port" or "[v6]:port".
std::string_view host_name(std::string_view host) {
  if (host.starts_with('['))
    return host.substr(0, host.find(']') == std::string_view::npos ? 0 : host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

bool is_address(std::string_view name) {
  std::string text(name);
  in_addr v4{};
  in6_addr v6{};
  if (text.size() > 2 && text.front() == '[') text = text.substr(1, text.size() - 2);
  return ::inet_pton(AF_INET, text.c_str(), &v4) == 1 || ::inet_pton(AF_INET6, text.c_str(), &v6) == 1;
}

bool accepts_gzip(std::string_view header) {
  const auto text = lower(header);
  const auto at = text.find("gzip");
  if (at == std::string::npos) return false;
  auto rest = std::string_view(text).substr(at + 4);
  rest = rest.substr(0, rest.find(','));
  return rest.find("q=0") == std::string_view::npos || rest.find("q=0.") != std::string_view::npos;
}

/// No request is worked on for longer, however many statements it needs.
constexpr std::chrono::milliseconds kRequestTime{25'000};

class Server final : public ApiServer {
 public:
  Server(ApiOptions options, Dependencies dependencies) : ui_(options.ui_dir) {
    context_.options = std::move(options);
    context_.dependencies = std::move(dependencies);
    context_.started = std::chrono::steady_clock::now();
    if (!context_.dependencies.health) context_.dependencies.health = [] { return HealthReport{}; };
    if (auto* engine = context_.dependencies.engine) {
      context_.queries =
          std::make_unique<query::Queries>(*engine, context_.options.query, *context_.dependencies.clock);
      context_.live = std::make_unique<LiveHub>(*context_.queries, context_.options.max_live_viewers);
    }
    if (auto* engine = context_.dependencies.restricted) {
      restricted_.options = context_.options;
      restricted_.dependencies = context_.dependencies;
      restricted_.dependencies.engine = engine;
      restricted_.queries =
          std::make_unique<query::Queries>(*engine, context_.options.query, *context_.dependencies.clock);
      restricted_.started = context_.started;
      add_trace_routes(restricted_router_, restricted_);
      add_span_routes(restricted_router_, restricted_);
      add_reading_routes(restricted_router_, restricted_);
      add_catalog_routes(restricted_router_, restricted_);
      add_usage_routes(restricted_router_, restricted_);
      restricted_router_.add(
          {"GET", "/api/v1/restricted/audit", [this](const ApiRequest& r) { return audit(r); }});
    }
    router_.add({"GET", "/api/v1/restricted",
                 [this](const ApiRequest&) -> query::QueryAnswer<Answer> {
                   JsonWriter json;
                   json.begin_object().field("enabled", context_.dependencies.audit != nullptr).end_object();
                   return answer(json);
                 },
                 false});
    // Described like every route; without the tier's key it says no more than that.
    router_.add({"GET", "/api/v1/restricted/audit",
                 [](const ApiRequest&) -> query::QueryAnswer<Answer> {
                   return std::unexpected(query::QueryError(
                       ErrorKind::permission_denied,
                       "the trail of the stricter tier is read with its key, in x-turnscope-restricted-key"));
                 },
                 false});
    context_.panels = std::make_unique<PanelStore>(context_.options.panels_file);
    add_trace_routes(router_, context_);
    add_span_routes(router_, context_);
    add_reading_routes(router_, context_);
    add_catalog_routes(router_, context_);
    add_usage_routes(router_, context_);
    add_explain_routes(router_, context_);
    add_price_routes(router_, context_);
    add_live_routes(router_, context_);
    add_redact_routes(router_, context_);
    add_panel_routes(router_, context_);
    add_jaeger_routes(router_, context_);
    add_health_routes(router_, context_);
    add_exporter_routes(router_, context_);
    add_renormalise_routes(router_, context_);
    add_mapping_routes(router_, context_);
    add_metric_routes(router_, context_);
    router_.add({"GET", "/api/v1/openapi.yaml",
                 [](const ApiRequest&) -> query::QueryAnswer<Answer> {
                   return Answer{200, std::string(openapi_yaml()), "application/yaml", {}, false};
                 },
                 false});
    router_.add({"GET", "/api/v1/openapi.json",
                 [](const ApiRequest&) -> query::QueryAnswer<Answer> {
                   return Answer{200, openapi_json(), "application/json", {}, false};
                 },
                 false});
  }

  ~Server() override {
    if (context_.live) context_.live->close();  // ends the streams first
    http_.reset();
  }

  Status listen() {
    auto http = context_.options.http;
    // Payloads to be explained and price lists are the largest that anybody has reason to send here.
    http.max_body_bytes = std::min<std::size_t>(http.max_body_bytes, 16u << 20);
    http.error_body = [this](int status, std::string_view message, const net::HttpRequest& head) {
      const auto kind = status == 413 || status == 431 ? ErrorKind::too_large
                        : status == 503                ? ErrorKind::overloaded
                        : status == 408                ? ErrorKind::deadline_exceeded
                                                       : ErrorKind::invalid_argument;
      auto answer = error_answer(query::QueryError(kind, std::string(message)));
      answer.status = status;
      return finish(std::move(answer), head, nullptr);
    };
    auto server = net::HttpServer::listen(
        std::move(http), [this](net::HttpRequest request, std::shared_ptr<net::Responder> responder) {
          handle(request, responder);
        });
    if (!server) return fail(server.error());
    http_ = std::move(*server);
    return {};
  }

  std::uint16_t port() const override { return http_->port(); }
  bool watched() const override { return context_.live && context_.live->watched(); }
  void stored(std::uint64_t position, store::Arrivals arrivals) override {
    if (context_.live) context_.live->stored(position, std::move(arrivals));
  }
  void forget() override {
    if (context_.queries) context_.queries->forget();
  }
  void drain(std::chrono::milliseconds deadline) override {
    if (context_.live) context_.live->close();  // streams would hold the drain up
    http_->drain(deadline);
  }
  const Router& router() const override { return router_; }

 private:
  void handle(const net::HttpRequest& request, const std::shared_ptr<net::Responder>& responder) {
    Answer answer;
    const Route* route = nullptr;
    if (auto refused = refuse(request)) {
      answer = error_answer(*refused);
    } else {
      auto made = dispatch(request, responder, route);
      if (made)
        answer = std::move(*made);
      else
        answer = route && route->jaeger ? jaeger_error(made.error()) : error_answer(made.error());
    }
    if (!answer.streamed) responder->send(finish(std::move(answer), request, route));
  }

  /// DNS rebinding and cross-site requests: a page of another host can send requests here but must not be
  /// served.
  std::optional<query::QueryError> refuse(const net::HttpRequest& request) const {
    const auto host = lower(host_name(request.header("host")));
    const auto& allowed = context_.options.allowed_hosts;
    const bool known = host.empty() || host == "localhost" || host.ends_with(".localhost") ||
                       is_address(host) || std::find(allowed.begin(), allowed.end(), host) != allowed.end();
    if (!known)
      return query::QueryError(
          ErrorKind::permission_denied,
          fmt::format(
              "the host name `{}` is not known here; open the page by its IP address or localhost, or "
              "add the name to ui.allowed_hosts",
              host.substr(0, 100)));
    const auto origin = request.header("origin");
    if (!origin.empty() && request.method != "GET" && request.method != "HEAD" &&
        request.method != "OPTIONS" && !own_origin(request) && !allowed_origin(origin))
      return query::QueryError(ErrorKind::permission_denied,
                               "requests that change something are taken from our own pages only");
    return std::nullopt;
  }

  static bool own_origin(const net::HttpRequest& request) {
    const auto origin = request.header("origin");
    const auto scheme = origin.find("://");
    return scheme != std::string_view::npos && origin.substr(scheme + 3) == request.header("host");
  }
  bool allowed_origin(std::string_view origin) const {
    const auto& list = context_.options.allowed_origins;
    return std::find(list.begin(), list.end(), origin) != list.end();
  }

  query::QueryAnswer<Answer> dispatch(const net::HttpRequest& request,
                                      const std::shared_ptr<net::Responder>& responder, const Route*& route) {
    if (request.method == "OPTIONS")
      return Answer{204, {}, "text/plain", {{"allow", "GET, HEAD, POST, OPTIONS"}}, false};
    const bool asks_restricted = !request.header(kRestrictedKey).empty();
    if (asks_restricted)
      if (auto denied = admit_restricted(request)) return std::unexpected(*denied);
    const auto match = asks_restricted ? restricted_router_.match(request.method, request.path)
                                       : router_.match(request.method, request.path);
    route = match.route;
    if (asks_restricted && !route)
      return std::unexpected(query::QueryError(
          ErrorKind::not_found,
          "the stricter tier has traces, spans, logs, catalogues and usage; nothing else is "
          "read with its key"));
    if (!match.route) {
      if (!match.other_method.empty()) {
        auto answer = error_answer(query::QueryError(
            ErrorKind::invalid_argument,
            fmt::format("{} is not allowed here; use {}", request.method.substr(0, 20), match.other_method)));
        answer.status = 405;
        answer.headers.emplace_back("allow", match.other_method == "GET" ? "GET, HEAD" : match.other_method);
        return answer;
      }
      if (request.path.starts_with("/api/") || request.path == "/api")
        return std::unexpected(
            query::QueryError(ErrorKind::not_found, "no such route; /api/v1/openapi.yaml lists them"));
      if (request.method != "GET" && request.method != "HEAD") {
        auto answer = error_answer(
            query::QueryError(ErrorKind::invalid_argument,
                              request.path.starts_with("/v1/")
                                  ? "this is the port of the UI; OTLP is received at listen.http, port 4318 "
                                    "unless it was changed"
                                  : "only GET and HEAD are allowed here"));
        answer.status = 405;
        answer.headers.emplace_back("allow", "GET, HEAD");
        return answer;
      }
      return ui_.serve(request.path, request.header("if-none-match"),
                       accepts_gzip(request.header("accept-encoding")));
    }
    const bool about_us = request.path == "/healthz" || request.path == "/readyz" ||
                          request.path == "/metrics" || request.path == "/api/v1/health" ||
                          request.path == "/api/v1/explain" || request.path.starts_with("/api/v1/openapi") ||
                          request.path.starts_with("/api/v1/exporters");
    if (!context_.queries && !about_us)
      return std::unexpected(query::QueryError(
          ErrorKind::unavailable, "the store is left out, spans are only logged; /api/v1/health says why"));
    ApiRequest api;
    api.http = &request;
    api.path = match.path;
    api.responder = responder;
    api.now = context_.dependencies.clock->unix_nanos();
    auto parameters = net::parse_query(request.query);
    if (!parameters) return std::unexpected(query::QueryError(parameters.error()));
    if (auto unknown = unknown_parameter(*match.route, *parameters)) return std::unexpected(*unknown);
    api.parameters = std::move(*parameters);
    api.caller.cancelled = [responder] { return responder->cancelled(); };
    api.caller.deadline =
        std::chrono::steady_clock::now() + std::min(3 * context_.options.query.time, kRequestTime);
    return match.route->handler(api);
  }

  /// A name that is not read would narrow nothing, and the answer would look as if it had.
  static std::optional<query::QueryError> unknown_parameter(
      const Route& route, const std::vector<std::pair<std::string, std::string>>& parameters) {
    if (route.jaeger) return std::nullopt;  // what clients of Jaeger send is theirs
    const auto known = query_parameters(route.method, route.pattern);
    for (const auto& [name, value] : parameters)
      if (!value.empty() && std::ranges::find(known, name) == known.end())
        return query::QueryError(
            ErrorKind::invalid_argument,
            fmt::format("{}= is not read here; {}", name.substr(0, 100),
                        known.empty() ? "this route has no parameters"
                                      : fmt::format("there are {}", fmt::join(known, ", "))),
            name.substr(0, 100));
    return std::nullopt;
  }

  /// Nothing when the key fits and the trail has it.
  std::optional<query::QueryError> admit_restricted(const net::HttpRequest& request) const {
    auto* trail = context_.dependencies.audit;
    if (!trail)
      return query::QueryError(ErrorKind::permission_denied,
                               "there is no stricter tier (restricted.enabled)");
    const bool allowed = same_key(request.header(kRestrictedKey), context_.dependencies.restricted_key);
    if (!allowed) count(Anomaly::restricted_denied);
    const auto written = trail->write(context_.dependencies.clock->unix_nanos(), request, allowed);
    if (!allowed)
      return query::QueryError(ErrorKind::permission_denied, "the key of the stricter tier does not fit");
    if (!written)
      return query::QueryError(ErrorKind::unavailable,
                               "the audit trail cannot be written, so nothing of the tier is shown");
    return std::nullopt;
  }

  query::QueryAnswer<Answer> audit(const ApiRequest& r) const {
    auto limit = r.number("limit", 1, 10'000, 100);
    if (!limit) return std::unexpected(limit.error());
    const auto lines = context_.dependencies.audit->last(*limit);
    if (!lines) return std::unexpected(query::QueryError(lines.error()));
    JsonWriter json;
    json.begin_object().key("entries").begin_array();
    for (const auto& line : *lines) json.raw(line);
    json.end_array().end_object();
    return Answer{200, json.take(), "application/json", {}, false};
  }

  net::HttpResponse finish(Answer answer, const net::HttpRequest& request, const Route*) const {
    net::HttpResponse response;
    response.status = answer.status;
    response.headers = std::move(answer.headers);
    const auto has = [&](std::string_view name) {
      return std::any_of(response.headers.begin(), response.headers.end(),
                         [&](const auto& h) { return h.first == name; });
    };
    const auto set = [&](std::string_view name, std::string_view value) {
      if (!has(name)) response.headers.emplace_back(name, value);
    };
    const bool page = answer.content_type.starts_with("text/html");
    set("content-type", answer.content_type);
    set("cache-control", page ? "no-cache" : "no-store");
    set("x-content-type-options", "nosniff");
    set("x-frame-options", "DENY");
    set("referrer-policy", "no-referrer");
    set("cross-origin-opener-policy", "same-origin");
    set("cross-origin-resource-policy", "same-origin");
    set("permissions-policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()");
    set("content-security-policy", page ? "default-src 'none'; script-src 'self'; style-src 'self'; img-src "
                                          "'self' data:; font-src 'self'; connect-src 'self'; "
                                          "worker-src 'self'; manifest-src 'self'; base-uri 'none'; "
                                          "form-action 'none'; frame-ancestors 'none'"
                                        : "default-src 'none'; frame-ancestors 'none'; sandbox");
    if (const auto origin = request.header("origin"); !origin.empty() && allowed_origin(origin)) {
      set("access-control-allow-origin", origin);
      set("vary", "origin");
    }
    response.body = std::move(answer.body);
    if (response.body.size() > 1'024 && !has("content-encoding") &&
        accepts_gzip(request.header("accept-encoding")) &&
        (answer.content_type.find("json") != std::string::npos || answer.content_type.starts_with("text/") ||
         answer.content_type.find("yaml") != std::string::npos)) {
      if (auto packed = gzip(response.body, 1); !packed.empty()) {
        response.body = std::move(packed);
        response.headers.emplace_back("content-encoding", "gzip");
        set("vary", "accept-encoding");
      }
    }
    if (request.method == "HEAD") response.body.clear();
    return response;
  }

  Context context_;
  Context restricted_;  ///< of the stricter tier; empty without one
  Router router_, restricted_router_;
  StaticUi ui_;
  std::unique_ptr<net::HttpServer> http_;
};

}  // namespace

Result<std::unique_ptr<ApiServer>> ApiServer::start(ApiOptions options, Dependencies dependencies) {
  auto server = std::make_unique<Server>(std::move(options), std::move(dependencies));
  TS_TRY(server->listen());
  return server;
}

}  // namespace turnscope::api
