#include "server/exporter_config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "server/config.h"

namespace turnscope::server {
namespace {

class ExporterFile : public ::testing::Test {
 protected:
  std::string write(std::string_view text) {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string problem(std::string_view text, const std::vector<std::string>& set = {}) {
    const auto config = load_config(write(text), set);
    return config ? std::string() : config.error().message;
  }
  ~ExporterFile() override { std::remove(path_.c_str()); }
  std::string path_ = ::testing::TempDir() + "turnscope-exporters-" + std::to_string(::getpid()) + ".yaml";
};

constexpr std::string_view kFull = R"(
exporters:
  - name: tempo
    protocol: grpc
    endpoint: https://tempo.example:4317
    headers:
      Authorization: "Bearer ${env:TURNSCOPE_TEST_KEY}"
    match:
      service: [shop*, pay]
      kind: [llm, tool]
      error: true
      attributes: {deployment.environment.name: prod}
    rename_attributes: {gen_ai.usage.input_tokens: llm.tokens.in}
    redact: true
    sampling:
      enabled: true
      idle: 5s
      policies:
        - {name: errors, error: true}
        - {cost_above_usd: 0.5, keep_percent: 50}
        - {tool: [sql*], budget_per_second: 3}
  - name: second
    endpoint: http://127.0.0.1:1
    signals: [traces, logs]
)";

TEST_F(ExporterFile, everything_is_read_and_secrets_are_not_printed) {
  ::setenv("TURNSCOPE_TEST_KEY", "s3cr3t-value", 1);
  const auto config = load_config(write(kFull), {"exporters.1.batch.bytes=1MiB"});
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->exporters.size(), 2u);
  const auto& t = config->exporters[0];
  EXPECT_EQ(t.protocol, sinks::Protocol::grpc);
  EXPECT_EQ(t.headers.at("authorization").reveal(), "Bearer s3cr3t-value");
  EXPECT_EQ(t.match.service, (std::vector<std::string>{"shop*", "pay"}));
  EXPECT_EQ(t.match.kind, (std::vector{genai::Kind::llm, genai::Kind::tool}));
  EXPECT_EQ(t.match.attributes.at("deployment.environment.name"), "prod");
  EXPECT_EQ(t.changes.rename.at("gen_ai.usage.input_tokens"), "llm.tokens.in");
  ASSERT_EQ(t.sampling.policies.size(), 3u);
  EXPECT_EQ(t.sampling.policies[1].cost_above_nano_usd, 500'000'000);
  EXPECT_EQ(t.sampling.policies[1].keep_per_mille, 500u);
  EXPECT_EQ(t.sampling.policies[2].budget_per_second, 3u);
  EXPECT_EQ(config->exporters[1].batch_bytes, 1u << 20);
  EXPECT_TRUE(config->exporters[1].logs);
  const auto shown = effective_yaml(*config);
  EXPECT_EQ(shown.find("s3cr3t"), std::string::npos);
  EXPECT_NE(shown.find("***${env:TURNSCOPE_TEST_KEY}"), std::string::npos) << shown;
}

TEST_F(ExporterFile, what_is_printed_can_be_read_again) {
  ::setenv("TURNSCOPE_TEST_KEY", "s3cr3t-value", 1);
  const auto config = load_config(write(kFull), {});
  ASSERT_TRUE(config) << config.error().message;
  const auto again = load_config(write(effective_yaml(*config)), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(effective_yaml(*again), effective_yaml(*config));
}

TEST_F(ExporterFile, a_key_given_in_the_clear_is_stars) {
  const auto config = load_config(
      write("exporters:\n  - {name: a, endpoint: \"http://h:1\", headers: {x-api-key: abc123def}}\n"), {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(effective_yaml(*config).find("abc123def"), std::string::npos);
}

TEST_F(ExporterFile, mistakes_are_named_with_their_path) {
  const auto one = [&](std::string_view body) {
    return problem("exporters:\n  - {name: a, endpoint: \"http://h:1\", " + std::string(body) + "}\n");
  };
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"endpont: x", "exporters[0].endpont: no such key; did you mean endpoint?"},
      {"batch: {byte: 1}", "did you mean batch.bytes?"},
      {"protocol: udp", "exporters[0].protocol: \"udp\" is not one of http, grpc"},
      {"protocol: grpc, compression: zstd", "exporters[0].compression: zstd goes over http only"},
      {"headers: {a: \"${env:TURNSCOPE_NOT_SET}\"}", "the environment has no variable TURNSCOPE_NOT_SET"},
      {"headers: {a: \"${file:/nowhere}\"}", "the file /nowhere cannot be read"},
      {"headers: {a: \"x\\ny\"}", "exporters[0].headers.a: holds characters"},
      {"traces_url: \"http://me:pw@h/x\"", "exporters[0].traces_url: holds a user name"},
      {"signals: [spans]", "\"spans\" is not one of traces, logs, metrics"},
      {"encoding: json, signals: [traces, logs]", "json carries traces only"},
      {"tls: {cert: x}", "cert and key belong together"},
      {"concurrency: 0", "exporters[0].concurrency: 0 is not from 1 to 64"},
      {"match: {kind: [model]}", "exporters[0].match.kind: \"model\" is not one of agent"},
      {"large_values: linked", "exporters[0].large_values: linked needs offload.above"},
      {"large_values: gone", "\"gone\" is not one of whole, linked"},
      {"sampling: {policies: [{eror: true}]}",
       "exporters[0].sampling.policies[0].eror: no such key; did you mean error?"},
      {"sampling: {policies: [{error: true}]}", "sampling.enabled is not true"},
      {"sampling: {enabled: true, policies: [{keep_percent: 101}]}", "101 is not from 0 to 100"},
  };
  for (const auto& [body, words] : cases)
    EXPECT_NE(one(body).find(words), std::string::npos) << body << " said: " << one(body);
  EXPECT_NE(
      problem(
          "exporters:\n  - {name: a, endpoint: \"http://h:1\"}\n  - {name: a, endpoint: \"http://h:2\"}\n")
          .find("taken by another"),
      std::string::npos);
  EXPECT_NE(problem("exporters:\n  - {name: A b, endpoint: \"http://h:1\"}\n").find("exporters[0].name"),
            std::string::npos);
  EXPECT_EQ(one("headers: {a: \"${env:TURNSCOPE_NOT_SET}\"}").find("pw"), std::string::npos);
}

TEST_F(ExporterFile, an_exporter_to_ourselves_is_a_loop) {
  for (const auto* at :
       {"http://127.0.0.1:4318", "http://localhost:4318", "https://localhost:4317", "http://0.0.0.0:4318"}) {
    const auto said = problem("exporters:\n  - {name: a, endpoint: \"" + std::string(at) + "\"}\n");
    EXPECT_NE(said.find("exporters[0].endpoint"), std::string::npos) << at << ": " << said;
    EXPECT_NE(said.find("round for ever"), std::string::npos) << at << ": " << said;
  }
  // Another port of this machine is somebody else.
  EXPECT_EQ(problem("exporters:\n  - {name: a, endpoint: \"http://127.0.0.1:4319\"}\n"), "");
}

TEST(FindLoops, a_port_that_listens_everywhere_is_found_by_every_address_of_the_machine) {
  sinks::ExporterOptions o;
  o.name = "a";
  o.endpoint = "http://127.0.0.5:9999";
  EXPECT_EQ(find_loops({o}, {{"listen.http", "0.0.0.0", 9999}}).size(), 1u);
  EXPECT_TRUE(find_loops({o}, {{"listen.http", "0.0.0.0", 9998}}).empty());
  EXPECT_TRUE(find_loops({o}, {{"listen.http", "127.0.0.1", 9999}}).empty());
}

TEST(Url, parts) {
  EXPECT_EQ(parse_url("https://[::1]:44/x").host, "::1");
  EXPECT_EQ(parse_url("https://[::1]:44/x").port, 44);
  EXPECT_EQ(parse_url("http://a.b/x:1").port, 80);
  EXPECT_TRUE(parse_url("http://a:99999").host.empty());
  EXPECT_TRUE(parse_url("a:1").host.empty());
}

}  // namespace
}  // namespace turnscope::server
