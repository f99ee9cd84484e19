// turnscope_bench normalise and sdk.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>

#include "commands.h"
#include "genai/view.h"
#include "otlp/decode.h"
#include "server_bench.h"

namespace turnscope::bench {

int normalise_bench(const ServerBenchOptions& o) {
  const auto work = build_workload({.spans = std::min<std::size_t>(o.spans, 100'000)});
  genai::Columns columns;
  double decode = 0, view = 0;
  std::size_t spans = 0, content = 0;
  for (const auto& bytes : work.requests) {
    otlp::Arena arena;
    otlp::DecodeReport report;
    const double a = wall_seconds();
    const auto traces = otlp::decode_traces_protobuf(bytes, arena, {}, report);
    const double b = wall_seconds();
    if (!traces) return 1;
    for (const auto& rs : traces->resources)
      for (const auto& ss : rs.scopes)
        for (const auto& span : ss.spans) {
          genai::columns(span, rs.resource, ss.scope, columns);
          content += columns.content.size();
          ++spans;
        }
    decode += b - a;
    view += wall_seconds() - b;
  }
  boost::json::object f;
  f["spans"] = spans;
  f["decode us a span"] = rounded(decode * 1e6 / static_cast<double>(spans), 0.001);
  f["normalise us a span"] = rounded(view * 1e6 / static_cast<double>(spans), 0.001);
  f["content texts a span"] = rounded(static_cast<double>(content) / static_cast<double>(spans), 0.001);
  print_report("normalise", f, o.json);
  return 0;
}

int sdk_bench(const ServerBenchOptions& o) {
  const auto self = std::filesystem::read_symlink("/proc/self/exe").parent_path();
  for (const auto& place : {self / "sdk" / "bench" / "sdk_span_bench", self / "sdk_span_bench"}) {
    if (!std::filesystem::exists(place)) continue;
    const auto path = place.string();
    if (o.json) ::execl(path.c_str(), path.c_str(), "--benchmark_format=json", nullptr);
    ::execl(path.c_str(), path.c_str(), nullptr);
  }
  fmt::print(stderr, "sdk_span_bench is not built: ninja -C {} sdk_span_bench\n", self.string());
  return 1;
}

}  // namespace turnscope::bench
