#include "sender.h"

#include <algorithm>
#include <mutex>

#include "ids.h"
#include "log.h"

namespace turnscope::sdk::detail {
namespace {

using Clock = std::chrono::steady_clock;

std::mutex grpc_mutex;
TransportFactory& grpc_factory() {
  static TransportFactory& f = *new TransportFactory;
  return f;
}

/// A reader of protobuf messages that refuses what is cut short; groups are refused.
struct Wire {
  explicit Wire(std::string_view message) : rest(message) {}
  std::string_view rest;
  bool bad = false;
  int field = 0, type = 0;
  std::uint64_t number = 0;
  std::string_view text;

  std::uint64_t varint() {
    std::uint64_t v = 0;
    for (int shift = 0; shift < 64 && !rest.empty(); shift += 7) {
      const auto b = static_cast<std::uint8_t>(rest.front());
      rest.remove_prefix(1);
      v |= static_cast<std::uint64_t>(b & 0x7F) << shift;
      if (b < 0x80) return v;
    }
    bad = true;
    return 0;
  }
  bool next() {
    if (bad || rest.empty()) return false;
    const std::uint64_t tag = varint();
    field = static_cast<int>(std::min<std::uint64_t>(tag >> 3, 1 << 29));
    type = static_cast<int>(tag & 7);
    std::uint64_t skip = 0;
    if (type == 0) {
      number = varint();
      return !bad;
    }
    if (type == 1)
      skip = 8;
    else if (type == 5)
      skip = 4;
    else if (type == 2)
      skip = varint();
    else
      bad = true;
    if (bad || skip > rest.size()) {
      bad = true;
      return false;
    }
    text = rest.substr(0, skip);
    rest.remove_prefix(skip);
    return true;
  }
};

}  // namespace

SendResult Sender::send(std::string_view request, const std::function<Clock::time_point()>& deadline,
                        const std::function<void(Clock::time_point)>& wait) {
  double delay_ms = static_cast<double>(retry_.initial.count());
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline() - Clock::now());
    SendResult result;
    if (left.count() > 0)
      result = transport_->send(request, std::min(left, attempt_timeout_),
                                [&] { return Clock::now() >= deadline(); });
    else
      result.message = "no time left before the deadline of this export";
    if (result.ok || !result.retryable) return result;

    const double jitter = 1 + retry_.jitter * (2 * random_unit() - 1);
    auto pause = std::chrono::milliseconds(static_cast<std::int64_t>(delay_ms * jitter));
    if (result.retry_after)
      pause = std::max(*result.retry_after, retry_.initial);  // "at once" is no delay to loop on
    delay_ms = std::min(delay_ms * retry_.multiplier, static_cast<double>(retry_.max.count()));
    const auto again = Clock::now() + pause;
    if (again >= deadline()) {
      result.message += "; no further attempt fits before the deadline of this export";
      return result;
    }
    log(LogLevel::warning, "retry", "export failed, trying again: " + result.message);
    while (Clock::now() < again && again < deadline()) wait(again);
  }
}

void register_grpc(TransportFactory factory) {
  std::lock_guard lock(grpc_mutex);
  grpc_factory() = std::move(factory);
}

std::unique_ptr<Transport> make_transport(Signal signal, const Config& config) {
  if (config.transport) return config.transport(signal, config);
  const OtlpOptions& otlp = signal == Signal::traces ? config.traces : config.metrics;
  if (otlp.protocol == "grpc") {
    std::unique_lock lock(grpc_mutex);
    if (TransportFactory factory = grpc_factory()) {
      lock.unlock();
      return factory(signal, config);
    }
    lock.unlock();
    log(LogLevel::error, "protocol",
        "OTEL_EXPORTER_OTLP_PROTOCOL=grpc, but this program does not call use_grpc() of turnscope::sdk_grpc; "
        "sending http/protobuf");
  } else if (otlp.protocol != "http/protobuf") {
    log(LogLevel::error, "protocol",
        "OTLP protocol '" + otlp.protocol + "' is not supported; sending http/protobuf");
  }
  return make_http_transport(signal, config);
}

bool parse_partial_success(std::string_view response, std::uint64_t& rejected, std::string& message) {
  for (Wire outer{response}; outer.next();) {
    if (outer.field != 1 || outer.type != 2) continue;
    Wire inner{outer.text};
    while (inner.next()) {
      if (inner.field == 1 && inner.type == 0) rejected = inner.number;
      if (inner.field == 2 && inner.type == 2) message = inner.text;
    }
    if (inner.bad) return false;
  }
  return true;
}

bool parse_rpc_status(std::string_view status, std::string& message,
                      std::optional<std::chrono::milliseconds>& retry_after) {
  Wire outer{status};
  while (outer.next()) {
    if (outer.field == 2 && outer.type == 2) message = outer.text;
    if (outer.field != 3 || outer.type != 2) continue;
    std::string_view url, value;
    for (Wire any{outer.text}; any.next();) {
      if (any.field == 1 && any.type == 2) url = any.text;
      if (any.field == 2 && any.type == 2) value = any.text;
    }
    if (!url.ends_with("google.rpc.RetryInfo")) continue;
    for (Wire info{value}; info.next();) {
      if (info.field != 1 || info.type != 2) continue;
      std::int64_t seconds = 0, nanos = 0;
      for (Wire duration{info.text}; duration.next();) {
        if (duration.type != 0) continue;
        if (duration.field == 1)
          seconds = static_cast<std::int64_t>(std::min<std::uint64_t>(duration.number, 86'400));
        if (duration.field == 2)
          nanos = static_cast<std::int64_t>(std::min<std::uint64_t>(duration.number, 999'999'999));
      }
      retry_after = std::chrono::milliseconds(seconds * 1000 + nanos / 1'000'000);
    }
  }
  return !outer.bad;
}

}  // namespace turnscope::sdk::detail
