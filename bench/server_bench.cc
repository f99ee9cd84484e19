#include "server_bench.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <cmath>
#include <thread>

#include "process.h"

namespace turnscope::bench {
namespace {
std::uint64_t number(const boost::json::value* v) {
  if (v == nullptr) return 0;
  if (v->is_uint64()) return v->as_uint64();
  if (v->is_int64()) return static_cast<std::uint64_t>(v->as_int64());
  if (v->is_double()) return static_cast<std::uint64_t>(v->as_double());
  if (v->is_string()) return std::strtoull(v->as_string().c_str(), nullptr, 10);
  return 0;
}
}  // namespace

std::optional<StoreState> store_state(RestClient& client) {
  const auto json = client.get_json("/api/v1/health");
  if (!json || !json->is_object()) return std::nullopt;
  StoreState s;
  const auto& o = json->as_object();
  if (const auto* log = o.if_contains("log"); log != nullptr && log->is_object())
    s.durable = number(log->as_object().if_contains("durable"));
  if (const auto* store = o.if_contains("store"); store != nullptr && store->is_object()) {
    s.spans = number(store->as_object().if_contains("spans"));
    s.bytes = number(store->as_object().if_contains("bytes"));
  }
  if (const auto* sinks = o.if_contains("sinks"); sinks != nullptr && sinks->is_array())
    for (const auto& sink : sinks->as_array())
      if (const auto& k = sink.as_object(); k.at("name").as_string() == "store")
        s.position = number(k.if_contains("position"));
  return s;
}

double settle(RestClient& client, pid_t pid, bool merges_too) {
  const double began = wall_seconds();
  for (auto s = store_state(client); (!s || s->position < s->durable) && wall_seconds() - began < 600;
       s = store_state(client))
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  const double caught_up = wall_seconds() - began;
  for (int still = 0; merges_too && still < 4 && wall_seconds() - began < 900;) {
    const auto before = process_use(pid);
    std::this_thread::sleep_for(std::chrono::seconds(1));
    const auto after = process_use(pid);
    if (!before || !after) break;
    still = after->cpu_seconds - before->cpu_seconds < 0.06 ? still + 1 : 0;
  }
  return caught_up;
}

double rounded(double v, double unit) { return std::round(v / unit) * unit; }

void print_report(const std::string& title, const boost::json::object& figures, bool json) {
  if (json) {
    boost::json::object all{{"benchmark", title}, {"environment", environment()}};
    for (const auto& kv : figures) all[kv.key()] = kv.value();
    fmt::print("{}\n", boost::json::serialize(all));
    return;
  }
  fmt::print("{}: {}\n", title, environment());
  for (const auto& kv : figures)
    fmt::print("  {:<44} {}\n", std::string_view(kv.key()),
               kv.value().is_double() ? fmt::format("{:.2f}", kv.value().as_double())
                                      : boost::json::serialize(kv.value()));
}

}  // namespace turnscope::bench
