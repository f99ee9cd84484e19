#include "server/server.h"

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>
#include <thread>

#include "api/api_server.h"
#include "base/anomaly.h"
#include "base/clock.h"
#include "base/filesystem.h"
#include "base/logger.h"
#include "base/memory.h"
#include "log/log.h"
#include "query/cost/price_book.h"
#include "receivers/export_handler.h"
#include "receivers/otlp_grpc.h"
#include "receivers/otlp_http.h"
#include "server/exporters.h"
#include "server/ingest_rate.h"
#include "server/memory_shares.h"
#include "server/retention_task.h"
#include "server/stable_timer.h"
#include "server/start_guard.h"
#include "sinks/offload/offloader.h"
#include "sinks/renormaliser.h"
#include "sinks/store_writer.h"
#include "store/chdb_engine.h"
#include "store/schema.h"

namespace turnscope::server {
namespace {

constexpr std::uint64_t kLeastGrpcQuota = 64u << 20;  // connections alone hold some of it

LogLevel level_of(const std::string& name) {
  if (name == "debug") return LogLevel::debug;
  if (name == "warn") return LogLevel::warn;
  if (name == "error") return LogLevel::error;
  return LogLevel::info;
}

std::string host_port(const std::string& host, std::uint16_t port) {
  return host.find(':') == std::string::npos ? fmt::format("{}:{}", host, port)
                                             : fmt::format("[{}]:{}", host, port);
}

// Members are declared in the order in which they are made; what is made last goes first.
class ServerImpl final : public Server {
 public:
  explicit ServerImpl(Config config)
      : config_(std::move(config)), shares_(memory_shares(config_)), ceiling_(config_.memory_max) {}
  ~ServerImpl() override { stop(); }

  Status start();
  Addresses addresses() const override { return addresses_; }
  void stop() override;

 private:
  Status open_store(bool crash_loop);
  Status listen();
  Status start_exporters();
  Status open_objects();
  api::HealthReport health() const;

  const Config config_;
  const MemoryShares shares_;
  MemoryCeiling ceiling_;
  Addresses addresses_;
  std::string store_message_;
  std::unique_ptr<StartGuard> guard_;
  std::unique_ptr<log::Log> log_;
  std::unique_ptr<store::Engine> engine_, restricted_;
  std::unique_ptr<api::AuditTrail> audit_;
  std::unique_ptr<query::PriceBook> prices_;
  std::shared_ptr<pipeline::Pipeline> pipeline_;
  std::unique_ptr<receivers::ExportHandler> handler_;
  std::unique_ptr<IngestRate> rate_;
  std::unique_ptr<api::ApiServer> api_;
  std::unique_ptr<sinks::StoreWriter> writer_, restricted_writer_;
  std::unique_ptr<sinks::Renormaliser> renormaliser_;
  std::unique_ptr<ExporterSet> exporters_;
  std::unique_ptr<receivers::GrpcReceiver> grpc_;
  std::unique_ptr<receivers::HttpReceiver> http_;
  std::unique_ptr<store::ObjectStore> objects_;
  std::unique_ptr<sinks::Offloader> offloader_;
  std::unique_ptr<RetentionTask> retention_, restricted_retention_;
  std::unique_ptr<StableTimer> stable_;
  // The store writer tells the API what became searchable; the API outlives it.
  std::atomic<api::ApiServer*> api_to_tell_{nullptr};
  std::atomic<bool> stopping_{false};
  std::once_flag stopped_;
};

Status ServerImpl::start() {
  set_log_level(level_of(config_.log_level));
  TS_TRY(genai::use_mappings(config_.genai_mappings));
  std::error_code error;
  std::filesystem::create_directories(config_.data, error);
  if (error) {
    return fail(ErrorKind::io, fmt::format("data: cannot make {}: {}; name a writable directory with --data",
                                           config_.data, error.message()));
  }
  // The log is opened first: its lock keeps a second process out of everything else in the directory.
  log::Options log_options;
  log_options.directory = config_.data + "/log";
  log_options.segment_bytes = config_.log_segment_bytes;
  log_options.max_bytes = config_.log_max_bytes;
  log_options.max_pending_bytes = shares_.log_pending;
  log_options.max_record_bytes = config_.request_bytes + (16u << 20);
  log_options.sync = config_.log_sync;
  TS_ASSIGN(log_, log::open_log(posix_filesystem(), system_clock(), log_options));

  TS_ASSIGN(auto guard, StartGuard::record_start(config_.data, system_clock().unix_nanos()));
  guard_ = std::make_unique<StartGuard>(std::move(guard));
  TS_TRY(open_objects());
  TS_TRY(open_store(guard_->crash_loop()));

  receivers::ExportOptions export_options;
  export_options.limits.request_bytes = config_.request_bytes;
  export_options.limits.spans_per_request = config_.spans_per_request;
  export_options.limits.attributes_per_item = config_.attributes_per_item;
  export_options.limits.events_per_span = config_.events_per_span;
  export_options.limits.links_per_span = config_.links_per_span;
  export_options.limits.attribute_depth = config_.attribute_depth;
  export_options.limits.string_bytes = config_.string_bytes;
  export_options.limits.key_bytes = config_.key_bytes;
  export_options.limits.model_bytes = shares_.model;
  export_options.in_flight_bytes = shares_.in_flight;
  export_options.memory = &ceiling_;
  export_options.hold = config_.hold;
  TS_ASSIGN(pipeline_, make_pipeline(config_));
  export_options.pipeline = pipeline_;
  handler_ = std::make_unique<receivers::ExportHandler>(*log_, export_options);
  rate_ = std::make_unique<IngestRate>([this] { return handler_->stats().spans; });
  TS_TRY(listen());
  TS_TRY(start_exporters());
  if (const auto keep = retention_options(config_); engine_ && keep.any())
    retention_ =
        std::make_unique<RetentionTask>(*engine_, system_clock(), keep, config_.retention_check_every,
                                        objects_ ? remove_from(*objects_) : query::Retention::Remove{});
  if (restricted_ && config_.restricted_retention.count() != 0) {
    query::RetentionOptions keep;
    keep.spans = keep.logs = config_.restricted_retention;
    restricted_retention_ =
        std::make_unique<RetentionTask>(*restricted_, system_clock(), keep, config_.retention_check_every,
                                        objects_ ? remove_from(*objects_) : query::Retention::Remove{});
  }
  stable_ = std::make_unique<StableTimer>(std::chrono::minutes(1), [this] { guard_->mark_clean(); });
  return {};
}

Status ServerImpl::open_store(bool crash_loop) {
  if (!config_.store_enabled) {
    store_message_ = "switched off (store.enabled=false): spans are received and logged only";
    return {};
  }
  if (crash_loop) {
    count(Anomaly::store_degraded);
    store_message_ =
        "left out after three starts within a minute that did not end cleanly; spans are received and "
        "logged. Look at the "
        "process's output, then restart after a minute";
    log_error("store {}", store_message_);
    return {};
  }
  store::ChdbOptions options;
  options.directory = config_.data + "/store";
  options.library = config_.store_library;
  options.memory_bytes = shares_.engine;
  options.query_memory_bytes = shares_.query;
  options.read_connections = static_cast<unsigned>(config_.query_workers);
  TS_ASSIGN(engine_, store::open_chdb(options));
  TS_ASSIGN(prices_, query::PriceBook::open(config_.data + "/prices", config_.prices_file));
  query::use_prices(prices_.get());
  TS_TRY(store::migrate(*engine_));

  sinks::StoreWriterOptions writer_options;
  writer_options.range.rows = config_.store_block_rows;
  writer_options.range.bytes = shares_.range;
  if (objects_) writer_options.range.offload = {config_.offload_above, config_.offload_preview};
  writer_options.range.fold_storms = config_.bounds_storm_spans != 0;
  writer_options.linger = config_.store_freshness / 2;
  writer_options.stored = [this](log::Position position, store::Arrivals arrivals) {
    if (auto* api = api_to_tell_.load(std::memory_order_acquire)) api->stored(position, std::move(arrivals));
  };
  if (config_.restricted_enabled) writer_options.range.tier = pipeline::Tier::ordinary;
  writer_options.watched = [this] {
    const auto* api = api_to_tell_.load(std::memory_order_acquire);
    return api != nullptr && api->watched();
  };
  writer_ = std::make_unique<sinks::StoreWriter>(*engine_, *log_, system_clock(), writer_options);
  sinks::RenormaliseOptions renormalise;
  renormalise.ceiling = &ceiling_;
  renormalise.checkpoint = config_.data + "/renormalise";
  renormalise.changed = [this] {
    if (auto* api = api_to_tell_.load(std::memory_order_acquire)) api->forget();
  };
  renormaliser_ = std::make_unique<sinks::Renormaliser>(*engine_, system_clock(), std::move(renormalise));
  if (!config_.restricted_enabled) {
    // A cursor that nobody moves would hold the log for ever.
    if (posix_filesystem().exists(config_.data + "/log/cursors/store-restricted"))
      TS_TRY(log_->remove_cursor("store-restricted"));
    return {};
  }
  auto restricted = options;
  restricted.read_connections = 1;
  TS_ASSIGN(restricted_, store::open_chdb_database(restricted, "restricted"));
  TS_TRY(store::migrate(*restricted_));
  auto audit = api::AuditTrail::open(config_.data + "/audit/restricted.jsonl");
  if (!audit) return fail(audit.error().with_context("restricted"));
  audit_ = std::move(*audit);
  writer_options.cursor = "store-restricted";
  writer_options.range.tier = pipeline::Tier::restricted;
  writer_options.range.bytes = shares_.range / 4;
  writer_options.stored = {};
  restricted_writer_ =
      std::make_unique<sinks::StoreWriter>(*restricted_, *log_, system_clock(), writer_options);
  return {};
}

Status ServerImpl::open_objects() {
  if (config_.offload_above == 0) {
    // A cursor that nobody moves would hold the log for ever.
    if (posix_filesystem().exists(config_.data + "/log/cursors/offload"))
      TS_TRY(log_->remove_cursor("offload"));
    return {};
  }
  if (!config_.offload_directory.empty()) {
    auto opened = store::open_local_objects(config_.offload_directory);
    if (!opened) return fail(opened.error().with_context("offload.directory"));
    objects_ = std::move(*opened);
  } else {
    TS_ASSIGN(objects_, store::open_s3_objects({config_.offload_s3_endpoint, config_.offload_s3_bucket,
                                                config_.offload_s3_region, config_.offload_s3_prefix,
                                                config_.offload_s3_access_key, config_.offload_s3_secret_key,
                                                config_.offload_s3_ca}));
  }
  sinks::OffloaderOptions options;
  options.rule = {config_.offload_above, config_.offload_preview};
  options.concurrency = config_.offload_concurrency;
  offloader_ = std::make_unique<sinks::Offloader>(options, *log_, system_clock(), *objects_);
  return offloader_->start();
}

Status ServerImpl::listen() {
  TS_ASSIGN(const auto ui, parse_address("listen.ui", config_.listen_ui));
  api::ApiOptions api_options;
  api_options.http.address = ui.host;
  api_options.http.port = ui.port;
  api_options.http.max_body_bytes = config_.request_bytes;
  api_options.http.workers = config_.query_workers;
  api_options.ui_dir = config_.ui_dir;
  api_options.panels_file = config_.data + "/panels.json";
  api_options.allowed_hosts = config_.allowed_hosts;
  api_options.allowed_origins = config_.cors_origins;
  api_options.version = TURNSCOPE_VERSION;
  api_options.query.time = config_.query_time;
  api_options.query.memory_bytes = shares_.query;
  api_options.query.ceiling = &ceiling_;
  api_options.http.max_buffered_body_bytes = 32u << 20;
  api_options.http.max_buffered_answer_bytes = shares_.in_flight;
  api::Dependencies dependencies;
  dependencies.engine = engine_.get();
  dependencies.prices = prices_.get();
  if (renormaliser_)
    dependencies.renormalise = {
        [this](std::int64_t since, bool fresh) { return renormaliser_->start(since, fresh); },
        [this] { renormaliser_->stop(); }, [this] { return renormaliser_->state(); }};
  dependencies.objects = objects_.get();
  dependencies.restricted = restricted_.get();
  dependencies.audit = audit_.get();
  dependencies.restricted_key = config_.restricted_key;
  dependencies.health = [this] { return health(); };
  exporters_ = std::make_unique<ExporterSet>(config_, *log_);
  dependencies.exporters = exporters_->functions();
  dependencies.redactor = pipeline_->redactor();
  dependencies.redaction_enabled = config_.redact_enabled;
  auto api = api::ApiServer::start(api_options, dependencies);
  if (!api) return fail(api.error().with_context("listen.ui"));
  api_ = std::move(*api);
  addresses_.ui = host_port(ui.host, api_->port());
  api_to_tell_.store(api_.get(), std::memory_order_release);
  if (writer_) TS_TRY(writer_->start());
  if (restricted_writer_) TS_TRY(restricted_writer_->start());

  if (config_.listen_grpc != "off") {
    TS_ASSIGN(const auto at, parse_address("listen.grpc", config_.listen_grpc));
    receivers::GrpcOptions options;
    options.address = at.host;
    options.port = at.port;
    // gRPC's own refusal (RESOURCE_EXHAUSTED without a delay) makes clients drop the batch: the handler is to
    // refuse first, so the quota leaves room for what limits.in_flight_bytes lets wait.
    options.memory_bytes = std::max(shares_.receiving, kLeastGrpcQuota);
    auto grpc = receivers::start_grpc(options, *handler_);
    if (!grpc) return fail(grpc.error().with_context("listen.grpc"));
    grpc_ = std::move(*grpc);
    addresses_.grpc = host_port(at.host, grpc_->port());
  }
  if (config_.listen_http != "off") {
    TS_ASSIGN(const auto at, parse_address("listen.http", config_.listen_http));
    receivers::HttpReceiverOptions options;
    options.address = at.host;
    options.port = at.port;
    // limits.in_flight_bytes holds for bytes that are still being received, too.
    options.max_buffered_body_bytes = std::min(shares_.receiving, shares_.in_flight);
    options.cors_origins = config_.cors_origins;
    options.allowed_hosts = config_.allowed_hosts;
    auto http = receivers::start_http(options, *handler_);
    if (!http) return fail(http.error().with_context("listen.http"));
    http_ = std::move(*http);
    addresses_.http = host_port(at.host, http_->port());
  }
  return {};
}

Status ServerImpl::start_exporters() {
  std::vector<OwnAddress> ours;
  const auto add = [&](std::string_view key, const std::string& at) {
    if (at.empty()) return;
    if (const auto address = parse_address(key, at))
      ours.push_back({std::string(key), address->host, address->port});
  };
  add("listen.grpc", addresses_.grpc);
  add("listen.http", addresses_.http);
  add("listen.ui", addresses_.ui);
  return exporters_->start(ours, cost_of_call);
}

api::HealthReport ServerImpl::health() const {
  api::HealthReport report;
  const log::Stats log = log_->stats();
  report.log = {!log.poisoned && log.error.empty(),
                log.error,
                log.oldest,
                log.durable,
                log.bytes_on_disk,
                config_.log_max_bytes,
                log.pending_bytes};
  if (writer_) {
    report.sinks.push_back(writer_->health());
    report.store.ok = report.sinks.back().ok;
    report.store.message = report.sinks.back().message;
  } else {
    report.store.ok = !config_.store_enabled;
    report.store.message = store_message_;
  }
  if (restricted_writer_) report.sinks.push_back(restricted_writer_->health());
  if (exporters_) exporters_->add_health(report);
  if (offloader_) report.sinks.push_back(offloader_->health());
  if (handler_) {
    const auto stats = handler_->stats();
    report.ingest.accepted_spans = stats.spans;
    report.ingest.refused_requests =
        stats.refused_invalid + stats.refused_too_large + stats.refused_overload + stats.refused_other;
    report.ingest.spans_per_second = rate_ ? rate_->per_second() : 0;
  }
  report.max_memory_bytes = config_.memory_max;
  if (stopping_.load()) {
    report.ready = false;
    report.not_ready = "stopping";
  } else if (!engine_) {
    report.ready = false;
    report.not_ready = store_message_;
  } else if (!report.log.ok) {
    report.ready = false;
    report.not_ready = report.log.message;
  }
  return report;
}

void ServerImpl::stop() {
  std::call_once(stopped_, [this] {
    stopping_.store(true);
    const auto deadline = std::chrono::steady_clock::now() + config_.stop_deadline;
    const auto left = [&] {
      return std::max(std::chrono::milliseconds(100), std::chrono::duration_cast<std::chrono::milliseconds>(
                                                          deadline - std::chrono::steady_clock::now()));
    };
    // Receivers first: what they have is answered while the log still takes it. Both drain at once.
    std::thread http_drain([&] {
      if (http_) http_->drain(left());
    });
    if (grpc_) grpc_->drain(left());
    http_drain.join();
    if (log_) log_->close();
    http_.reset();
    grpc_.reset();
    retention_.reset();
    restricted_retention_.reset();
    if (offloader_) offloader_->stop();
    if (exporters_) exporters_->stop();
    if (renormaliser_) renormaliser_->stop();
    if (writer_) writer_->stop();
    if (restricted_writer_) restricted_writer_->stop();
    api_to_tell_.store(nullptr, std::memory_order_release);
    if (api_) api_->drain(std::min(left(), std::chrono::milliseconds(2'000)));
    if (renormaliser_) renormaliser_->stop();  // one that a last request began
    stable_.reset();
    writer_.reset();
    restricted_writer_.reset();
    api_.reset();
    renormaliser_.reset();
    exporters_.reset();
    offloader_.reset();
    objects_.reset();
    rate_.reset();
    handler_.reset();
    query::use_prices(static_cast<query::PriceBook*>(nullptr));
    prices_.reset();
    restricted_.reset();
    engine_.reset();
    log_.reset();
    if (guard_) guard_->mark_clean();
  });
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const Config& config) {
  auto server = std::make_unique<ServerImpl>(config);
  if (auto ok = server->start(); !ok) return fail(ok.error());
  return std::unique_ptr<Server>(std::move(server));
}

}  // namespace turnscope::server
