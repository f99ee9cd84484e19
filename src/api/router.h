// Routes of the API: a fixed table of method and pattern; what is not in it is the web UI's or 404.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_server.h"
#include "query/answers.h"
#include "query/caller.h"
#include "query/time_range.h"

namespace turnscope::api {

/// What a handler gives back; the server adds headers that all answers have.
struct Answer {
  int status = 200;
  std::string body;
  std::string content_type = "application/json";
  net::Headers headers;
  bool streamed = false;  ///< the handler has answered itself, by the responder
  static Answer already_sent() {
    Answer a;
    a.streamed = true;
    return a;
  }
};

/// A request that has been taken apart.
struct ApiRequest {
  const net::HttpRequest* http = nullptr;
  std::map<std::string, std::string, std::less<>> path;  ///< {id} → its text
  std::vector<std::pair<std::string, std::string>> parameters;
  query::Caller caller;
  std::shared_ptr<net::Responder> responder;
  std::int64_t now = 0;

  std::string_view parameter(std::string_view name) const;  ///< first of that name, or empty
  std::vector<std::string> all(std::string_view name) const;
  bool has(std::string_view name) const;
  /// Whole number between least and most; absent: `otherwise`. Errors name the parameter.
  query::QueryAnswer<std::size_t> number(std::string_view name, std::size_t least, std::size_t most,
                                         std::size_t otherwise) const;
  /// Whether it is 1; absent or empty: false. Errors name the parameter.
  query::QueryAnswer<bool> flag(std::string_view name) const;
  query::QueryAnswer<query::TimeRange> range() const;
  query::QueryAnswer<otlp::TraceId> trace_id(std::string_view path_name) const;
  query::QueryAnswer<std::uint64_t> span_id(std::string_view path_name) const;
};

using ApiHandler = std::function<query::QueryAnswer<Answer>(const ApiRequest&)>;

struct Route {
  std::string_view method;
  std::string_view pattern;  ///< "/api/v1/traces/{id}"
  ApiHandler handler;
  bool jaeger = false;  ///< errors come in Jaeger's envelope
};

class Router {
 public:
  void add(Route route) { routes_.push_back(std::move(route)); }
  /// A GET route of a handler that takes what all routes share.
  template <typename Context, typename Handler>
  void get(std::string_view pattern, Context& context, Handler handler) {
    add({"GET", pattern, [&context, handler](const ApiRequest& r) { return handler(context, r); }});
  }
  const std::vector<Route>& routes() const { return routes_; }
  struct Match {
    const Route* route = nullptr;
    std::map<std::string, std::string, std::less<>> path;
    std::string_view other_method;  ///< the path exists, not for this method but that one
  };
  Match match(std::string_view method, std::string_view path) const;

 private:
  std::vector<Route> routes_;
};

/// HTTP status of an error's kind.
int status_of(ErrorKind);
/// {"error": {"kind": …, "message": …, "field": …, "position": …}}
Answer error_answer(const query::QueryError&);
/// Jaeger's envelope of an error.
Answer jaeger_error(const query::QueryError&);

}  // namespace turnscope::api
