#include "server/config.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "server/config_values.h"

namespace turnscope::server {
namespace {

class ConfigFile : public ::testing::Test {
 protected:
  std::string write(std::string_view text) {
    char path[] = "/tmp/turnscope-config-XXXXXX";
    const int fd = mkstemp(path);
    EXPECT_GE(fd, 0);
    EXPECT_EQ(::write(fd, text.data(), text.size()), static_cast<ssize_t>(text.size()));
    ::close(fd);
    files_.emplace_back(path);
    return path;
  }
  ~ConfigFile() override {
    for (const auto& f : files_) std::filesystem::remove(f);
  }
  std::vector<std::string> files_;
};

TEST_F(ConfigFile, mapping_rules_are_a_list_of_maps_and_wrong_ones_are_named) {
  const auto file = write(
      "genai:\n  mappings:\n    - {attribute: acme.model, field: request_model, scope: \"acme*\"}\n"
      "    - {attribute: acme.type, field: kind, values: {call: llm}}\n"
      "    - {span_name: \"acme.tool*\", kind: tool}\n    - {scope: acme, input_excludes_cache: true}\n");
  const auto config = load_config(file, {});
  ASSERT_TRUE(config) << config.error().message;
  ASSERT_EQ(config->genai_mappings.size(), 4u);
  EXPECT_EQ(config->genai_mappings[0].scope, "acme*");
  EXPECT_EQ(config->genai_mappings[1].values.at(0).second, "llm");
  EXPECT_EQ(config->genai_mappings[3].input_excludes_cache, true);
  // What is printed can be read again.
  const auto again = load_config(write(effective_yaml(*config)), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(again->genai_mappings.size(), 4u);
  for (const auto& [text, wanted] :
       {std::pair{"[{attribute: a, field: nonsense}]", "genai.mappings[0].field 'nonsense'"},
        std::pair{"[{attribute: a, feild: input}]", "genai.mappings[0].feild is not known"},
        std::pair{"{attribute: a}", "is a list of rules"},
        std::pair{"[{attribute: a, field: input, rank: x}]", "rank: x"}}) {
    const auto wrong = load_config("", {std::string("genai.mappings=") + text});
    ASSERT_FALSE(wrong);
    EXPECT_NE(wrong.error().message.find(wanted), std::string::npos) << wrong.error().message;
  }
}

TEST_F(ConfigFile, values_of_the_file_are_read_and_overridden_by_set) {
  const auto file = write(
      "listen:\n  grpc: 127.0.0.1:0\nlog:\n  max_bytes: 1GiB\nhttp:\n  cors_origins: [https://a.example, "
      "https://b.example]\n");
  const auto config = load_config(file, {"listen.grpc=127.0.0.1:9", "query.time=3s"});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->listen_grpc, "127.0.0.1:9");
  EXPECT_EQ(config->log_max_bytes, 1u << 30);
  EXPECT_EQ(config->query_time.count(), 3000);
  EXPECT_EQ(config->cors_origins, (std::vector<std::string>{"https://a.example", "https://b.example"}));
}

TEST_F(ConfigFile, unknown_keys_are_refused_with_the_nearest_known_one) {
  const auto config = load_config(write("limits:\n  request_byte: 1MiB\nlog:\n  syncs: false\n"), {});
  ASSERT_FALSE(config);
  EXPECT_NE(
      config.error().message.find("limits.request_byte: no such key; did you mean limits.request_bytes?"),
      std::string::npos)
      << config.error().message;
  EXPECT_NE(config.error().message.find("did you mean log.sync?"), std::string::npos)
      << config.error().message;
}

TEST_F(ConfigFile, every_problem_is_reported_at_once) {
  const auto config =
      load_config("", {"query.time=fast", "log.max_bytes=1KiB", "listen.ui=nowhere", "nonsense"});
  ASSERT_FALSE(config);
  for (const auto* part : {"query.time:", "log.max_bytes:", "listen.ui:", "--set nonsense"}) {
    EXPECT_NE(config.error().message.find(part), std::string::npos) << part << " in\n"
                                                                    << config.error().message;
  }
}

TEST_F(ConfigFile, listening_beyond_loopback_needs_so_many_words) {
  EXPECT_FALSE(load_config("", {"listen.ui=0.0.0.0:16686"}));
  EXPECT_TRUE(load_config("", {"listen.ui=0.0.0.0:16686", "listen.allow_remote_without_auth=true"}));
}

TEST_F(ConfigFile, the_effective_configuration_reads_back_as_itself) {
  const auto config = load_config("", {"limits.hold=1500ms", "http.allowed_hosts=a.example,b.example"});
  ASSERT_TRUE(config);
  const auto again = load_config(write(effective_yaml(*config)), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(effective_yaml(*again), effective_yaml(*config));
}

TEST_F(ConfigFile, lists_of_redaction_are_read_and_printed) {
  const auto file = write(
      "redact:\n  enabled: true\n  detectors: {email: drop}\n  patterns:\n    - {name: staff, regex: "
      "\"EMP-[0-9]{6}\\\\b\"}\n"
      "  rules:\n    - {service: \"a*\", do: strip}\n    - {attribute: note, detectors: {phone: mask}}\n");
  const auto config = load_config(file, {"redact.rules.0.service=b*", "redact.detectors.ip=keep"});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->pipeline.rules.at(0).service, "b*");
  EXPECT_EQ(config->pipeline.rules.at(0).what, pipeline::RedactRule::Do::strip);
  EXPECT_EQ(config->pipeline.patterns.at(0).regex, "EMP-[0-9]{6}\\b");
  EXPECT_EQ(config->pipeline.detectors.at(static_cast<std::size_t>(pipeline::Detector::email)),
            pipeline::Action::drop);
  EXPECT_EQ(config->pipeline.detectors.at(static_cast<std::size_t>(pipeline::Detector::ip)),
            pipeline::Action::keep);
  const auto again = load_config(write(effective_yaml(*config)), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(effective_yaml(*again), effective_yaml(*config));
}

TEST_F(ConfigFile, problems_of_redaction_name_the_key_and_the_nearest_one) {
  const auto config = load_config(write("redact:\n  detectors: {emial: mask, ip: hide}\n  patterns:\n    - "
                                        "{regx: x}\n  rules:\n    - {servce: x, do: burn}\n"),
                                  {});
  ASSERT_FALSE(config);
  for (const auto* part :
       {"redact.detectors.emial: no such key; did you mean email?", "redact.detectors.ip: \"hide\"",
        "redact.patterns.0.regx: no such key; did you mean regex?",
        "redact.rules.0.servce: no such key; did you mean service?", "redact.rules.0.do: \"burn\""})
    EXPECT_NE(config.error().message.find(part), std::string::npos) << part << " in\n"
                                                                    << config.error().message;
}

TEST_F(ConfigFile, catastrophic_and_invalid_regexes_are_refused_with_their_place) {
  for (const auto* regex : {"(a+)+$", "(?=x)", "[a-", "(x|xy)*", "a{1000}{1000}"}) {
    const auto config = load_config("", {std::string("redact.patterns.0.regex=") + regex});
    ASSERT_FALSE(config) << regex;
    EXPECT_NE(config.error().message.find("redact.patterns[0].regex: "), std::string::npos)
        << config.error().message;
  }
}

TEST_F(ConfigFile, bounds_are_read_printed_and_checked) {
  const auto config = load_config(write("bounds:\n  attribute_bytes: 64KiB\n  drop_attributes: [debug.*]\n  "
                                        "drop_spans:\n    - {name: \"GET /health*\"}\n"),
                                  {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->bounds_attribute_bytes, 64u << 10);
  EXPECT_EQ(config->pipeline.drop_spans.at(0).name, "GET /health*");
  const auto again = load_config(write(effective_yaml(*config)), {});
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(effective_yaml(*again), effective_yaml(*config));
  for (const auto& [set, part] :
       {std::pair{"bounds.drop_spans.0.errors=true", "bounds.drop_spans[0]: has no condition"},
        {"bounds.attribute_bytes=5", "bounds.attribute_bytes: 5 is too small"},
        {"bounds.drop_spans.0.nme=x", "did you mean name?"}}) {
    const auto wrong = load_config("", {set});
    ASSERT_FALSE(wrong) << set;
    EXPECT_NE(wrong.error().message.find(part), std::string::npos) << wrong.error().message;
  }
}

TEST_F(ConfigFile, retention_offload_and_the_stricter_tier_are_read_printed_and_checked) {
  ::setenv("TURNSCOPE_TEST_TIER", "0123456789abcdef0123", 1);
  const auto file = write(
      "retention:\n  spans: 30d\n  logs: 14d\n  sampling: true\n  sample_after: 72h\n  policies:\n"
      "    - {name: errors, error: true}\n    - {name: rest, keep_percent: 0.5}\n"
      "offload:\n  above: 64KiB\n  s3:\n    endpoint: http://127.0.0.1:9000\n    bucket: traces\n"
      "    access_key: key\n    secret_key: ${env:TURNSCOPE_TEST_TIER}\n"
      "redact:\n  enabled: true\n"
      "restricted:\n  enabled: true\n  key: ${env:TURNSCOPE_TEST_TIER}\n  retention: 7d\n  rules:\n"
      "    - {name: vip, attribute: tenant, value: \"gold*\"}\n    - {service: payroll}\n");
  const auto config = load_config(file, {});
  ASSERT_TRUE(config) << config.error().message;
  EXPECT_EQ(config->retention_spans, std::chrono::hours(24 * 30));
  ASSERT_EQ(config->retention_policies.size(), 2u);
  EXPECT_EQ(config->retention_policies[1].keep_per_mille, 5u);
  EXPECT_EQ(config->offload_s3_bucket, "traces");
  ASSERT_EQ(config->pipeline.tier_rules.size(), 2u);
  EXPECT_EQ(config->pipeline.tier_rules[0].when.value, "gold*");
  const auto shown = effective_yaml(*config);
  EXPECT_EQ(shown.find("0123456789abcdef0123"), std::string::npos) << shown;
  EXPECT_NE(shown.find("policies: [{name: \"errors\", error: true, keep_percent: 100}"), std::string::npos)
      << shown;
  for (const auto& [settings, wanted] :
       {std::pair<std::vector<std::string>, std::string>{{"offload.above=64KiB"}, "offload: give either"},
        {{"offload.above=64KiB", "offload.directory=x", "offload.preview=1MiB"}, "offload.preview"},
        {{"offload.above=64KiB", "offload.s3.endpoint=http://u:p@h", "offload.s3.bucket=b"},
         "offload.s3.endpoint"},
        {{"retention.sampling=true", "retention.spans=1d"}, "retention.sample_after"},
        {{"retention.policies.0.budget_per_second=5"}, "retention.policies[0].budget_per_second"},
        {{"retention.policies.0.erorr=true"}, "did you mean error?"},
        {{"restricted.enabled=true", "restricted.key=0123456789abcdef"}, "restricted.found"},
        {{"restricted.enabled=true", "redact.enabled=true"}, "restricted.key"},
        {{"restricted.enabled=true", "restricted.key=0123456789abcdef", "restricted.rules.0.name=x"},
         "restricted.rules[0]"},
        {{"restricted.rules.0.atribute=x"}, "did you mean attribute?"}}) {
    const auto wrong = load_config("", settings);
    ASSERT_FALSE(wrong) << wanted;
    EXPECT_NE(wrong.error().message.find(wanted), std::string::npos) << wrong.error().message;
  }
}

TEST_F(ConfigFile, a_missing_file_is_named) {
  const auto config = load_config("/nowhere/turnscope.yaml", {});
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().kind, ErrorKind::not_found);
  EXPECT_NE(config.error().message.find("/nowhere/turnscope.yaml"), std::string::npos);
}

TEST(ConfigDocs, the_page_shows_exactly_the_defaults_of_the_code) {
  std::ifstream in(
      std::string(std::getenv("TURNSCOPE_SOURCE_DIR") ? std::getenv("TURNSCOPE_SOURCE_DIR") : ".") +
      "/docs/configuration.md");
  const std::string page((std::istreambuf_iterator<char>(in)), {});
  EXPECT_NE(page.find("```yaml\n" + effective_yaml(Config{}) + "```"), std::string::npos)
      << "docs/configuration.md should hold:\n"
      << effective_yaml(Config{});
}

TEST(ConfigValues, sizes_and_times_have_units) {
  EXPECT_EQ(parse_bytes("64MiB").value(), 64u << 20);
  EXPECT_EQ(parse_bytes("1.5GB").value(), 1'500'000'000u);
  EXPECT_EQ(parse_bytes("10").value(), 10u);
  EXPECT_FALSE(parse_bytes("10 apples"));
  EXPECT_FALSE(parse_bytes("-1"));
  EXPECT_FALSE(parse_bytes(""));
  EXPECT_EQ(parse_duration("1.5s")->count(), 1500);
  EXPECT_FALSE(parse_duration("10"));
  EXPECT_FALSE(parse_count("12a"));
}

}  // namespace
}  // namespace turnscope::server
