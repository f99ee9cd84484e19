// The query port: REST (/api/v1), Jaeger's JSON API, live feed, health, metrics, and the web UI, on one HTTP
// server.
//
//   auto hub = std::make_shared<query::LiveHub>(…);      // tell it of every insert
//   TS_ASSIGN(auto api, api::ApiServer::start({.http = {.address = "127.0.0.1", .port = 16686}}, {.engine =
//   &engine, …}));
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/exporters.h"
#include "api/health.h"
#include "api/renormalise.h"
#include "api/restricted.h"
#include "api/router.h"
#include "base/clock.h"
#include "base/result.h"
#include "net/http_server.h"
#include "pipeline/redactor.h"
#include "query/cost/price_book.h"
#include "query/queries.h"
#include "store/arrivals.h"
#include "store/objects/object_store.h"

namespace turnscope::api {

struct ApiOptions {
  net::HttpOptions http;                   ///< address and port; head_check and error_body are set by us
  std::string ui_dir;                      ///< serve the UI from this folder instead of the built-in one
  std::vector<std::string> allowed_hosts;  ///< host names besides localhost and IP literals (DNS rebinding)
  std::vector<std::string>
      allowed_origins;  ///< browsers' origins that may read answers (CORS), as "https://grafana.example"
  std::string version = "0.1.0";
  query::QueryOptions query;
  std::size_t max_live_viewers = 200;
  std::string panels_file;  ///< where people's panels are kept; empty: in memory
};

struct Dependencies {
  store::Engine* engine = nullptr;  ///< null: the store is left out; queries answer 503
  HealthSource health;
  Exporters exporters;                                 ///< empty functions: there are none
  Renormalise renormalise;                             ///< empty functions: it cannot be done here
  store::ObjectStore* objects = nullptr;               ///< of large values; null: none is configured
  store::Engine* restricted = nullptr;                 ///< database of the stricter tier; null: there is none
  AuditTrail* audit = nullptr;                         ///< with `restricted`
  Secret restricted_key;                               ///< who has it may read the tier
  query::PriceBook* prices = nullptr;                  ///< that can be edited; null: prices are read only
  std::shared_ptr<const pipeline::Redactor> redactor;  ///< for trying it; null: none
  bool redaction_enabled = false;
  const Clock* clock = &system_clock();
};

class ApiServer {
 public:
  virtual ~ApiServer() = default;  ///< stops at once
  static Result<std::unique_ptr<ApiServer>> start(ApiOptions, Dependencies);
  virtual std::uint16_t port() const = 0;
  /// Cheap, never blocks: from any thread, when spans up to that log position became searchable. What came is
  /// asked of the store where it is not told.
  virtual void stored(std::uint64_t log_position, store::Arrivals = {}) = 0;
  /// Stored spans have changed in place: indices in memory are read again. From any thread.
  virtual void forget() = 0;
  /// Somebody watches spans come in. Cheap, never blocks.
  virtual bool watched() const = 0;
  virtual void drain(std::chrono::milliseconds deadline) = 0;
  /// The table of routes, for tests against the OpenAPI description.
  virtual const Router& router() const = 0;
};

}  // namespace turnscope::api
