// The groups of routes. Each function adds its own to the router.
#pragma once
#include <chrono>
#include <cmath>
#include <memory>

#include "api/api_server.h"
#include "api/json_writer.h"
#include "api/live.h"
#include "api/panel_store.h"
#include "api/router.h"
#include "query/queries.h"

namespace turnscope::api {

/// What handlers work with; lives as long as the server.
struct Context {
  ApiOptions options;
  Dependencies dependencies;
  std::unique_ptr<query::Queries> queries;  ///< null without a store
  std::unique_ptr<LiveHub> live;
  std::unique_ptr<PanelStore> panels;
  std::chrono::steady_clock::time_point started;
};

/// Whether a page was cut, and what its counts are where retention sampling took traces.
template <typename T>
void write_more(JsonWriter& json, const query::Page<T>& page) {
  json.field("more", page.more);
  if (page.adjusted) json.field("adjusted", true);
  if (page.stored_only) json.field("stored_only", true);
}

inline Answer answer(JsonWriter& json) { return {200, json.take(), "application/json", {}, false}; }

/// The milliseconds that a handler has worked, for "took_ms".
class Took {
 public:
  double ms() const {
    const auto t =
        std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start_).count();
    return std::round(t * 100) / 100;
  }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

void add_trace_routes(Router&, Context&);
void add_span_routes(Router&, Context&);
void add_reading_routes(Router&, Context&);
void add_catalog_routes(Router&, Context&);
void add_jaeger_routes(Router&, Context&);
void add_usage_routes(Router&, Context&);
void add_price_routes(Router&, Context&);
void add_explain_routes(Router&, Context&);
void add_health_routes(Router&, Context&);
void add_exporter_routes(Router&, Context&);
void add_live_routes(Router&, Context&);
void add_redact_routes(Router&, Context&);
void add_metric_routes(Router&, Context&);
void add_mapping_routes(Router&, Context&);
void add_renormalise_routes(Router&, Context&);
void add_panel_routes(Router&, Context&);

/// Files of the web UI, and index.html for its own routes. Null: no such file.
class StaticUi {
 public:
  explicit StaticUi(std::string folder);
  Answer serve(std::string_view path, std::string_view if_none_match, bool gzip) const;

 private:
  std::string folder_;
};

/// gzip of `body` (level 1 to 9).
std::string gzip(std::string_view body, int level);

}  // namespace turnscope::api
