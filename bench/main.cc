#include <filesystem>

#include "cli/command_line.h"
#include "commands.h"

int main(int argc, char** argv) {
  using namespace turnscope::bench;
  turnscope::cli::CommandLine app(
      "Benchmarks of Turnscope on its canonical workload. Each run makes its own folder and server and "
      "removes them.");
  app.require_subcommand();
  int result = 0;

  StoreBenchOptions store;
  auto* s = app.add_subcommand("store", "the store's path alone, in this process");
  s->add_option("--spans", store.spans);
  s->add_option("--rows", store.rows, "rows a range");
  s->add_option("--bytes", store.bytes, "bytes a range");
  s->add_flag("!--no-settle", store.settle);
  s->add_flag("--columns", store.columns);
  s->add_option("--alter", store.alter, "statements before the load");
  s->add_option("--query", store.queries, "statements to time");
  s->add_option("--data", store.data,
                "time them in the store of this data folder instead; no server may run there");
  s->callback([&] { result = store_bench(store); });

  ServerBenchOptions server;
  server.server = (std::filesystem::read_symlink("/proc/self/exe").parent_path() / "turnscope").string();
  const auto add = [&](const char* name, const char* what, int (*run)(const ServerBenchOptions&)) {
    auto* c = app.add_subcommand(name, what);
    c->add_option("--spans", server.spans, "spans of the workload")->capture_default_str();
    c->add_flag("--json", server.json, "one JSON object on standard output");
    c->add_option("--server-bin", server.server, "the turnscope binary");
    c->add_option("--set", server.set,
                  "configuration of the server, key=value; log.sync=false shows what fdatasync costs");
    c->add_option("--data", server.data, "query, startup: keep the loaded store here, and use it again");
    c->add_option("--only", server.only, "query: only shapes whose name holds this");
    c->add_flag("--http", server.http, "OTLP/HTTP instead of gRPC");
    c->add_option("--rate", server.rate, "spans/s; 0: as fast as answers come");
    c->add_option("--connections", server.connections)->capture_default_str();
    c->add_option("--outstanding", server.outstanding, "requests under way on a gRPC connection")
        ->capture_default_str();
    c->callback([&, run] { result = run(server); });
  };
  add("ingest", "the whole server: acked spans/s, CPU, memory, bytes, time to be searchable, completeness",
      ingest_bench);
  add("export",
      "receive, log and forward without a store: spans/s, CPU, memory; --set exporters.0.compression=gzip",
      export_bench);
  add("query", "answers over a loaded store, 100 parameters a shape", query_bench);
  add("startup", "start to ready over a loaded store, memory and CPU at rest", startup_bench);
  add("normalise", "decoding and the GenAI view alone, in this process", normalise_bench);
  add("conversation", "50-turn runs that resend their history: bytes with and without shared texts",
      conversation_bench);
  add("sdk", "what a span costs the program that makes it", sdk_bench);

  add("pipeline", "the steps before the log alone, in this process: CPU with and without redaction",
      pipeline_bench);

  RedactBenchOptions redact;
  std::string ignored;
  auto* d = app.add_subcommand("redact", "recall and precision of each detector on the corpus");
  d->add_option("--seed", redact.seed)->capture_default_str();
  d->add_option("--each", redact.each, "positives a detector, both halves together")->capture_default_str();
  d->add_option("--hard-cases", redact.hard_cases)->capture_default_str();
  d->add_flag("--json", redact.json, "one JSON object on standard output");
  d->add_flag("--tuning", redact.tuning, "the half that rules may be worked on with");
  d->add_flag("--show", redact.show, "with --tuning: what was missed or wrong, on standard error");
  d->add_option("--server-bin", ignored, "not used");
  d->callback([&] { result = redact_bench(redact); });

  if (const auto code = app.parse(argc, argv)) return *code;
  return result;
}
