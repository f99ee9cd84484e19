// Where a model call ran: by its host, by the span, by the resource.
#include "genai/region.h"

#include <gtest/gtest.h>

#include "genai/test_spans.h"

namespace turnscope::genai {
namespace {
using test::Maker;

TEST(Region, a_host_tells_it_where_its_name_has_one) {
  struct HostRow {
    std::string_view host, region;
  };
  const HostRow rows[] = {
      {"bedrock-runtime.eu-west-1.amazonaws.com", "eu-west-1"},
      {"bedrock-runtime-fips.us-gov-west-1.amazonaws.com", "us-gov-west-1"},
      {"bedrock-runtime.cn-north-1.amazonaws.com.cn", "cn-north-1"},
      {"vpce-0a1-b2.bedrock-runtime.ap-southeast-2.vpce.amazonaws.com", "ap-southeast-2"},
      {"bedrock-runtime.amazonaws.com", ""},
      {"s3-1.amazonaws.com", ""},
      {"eu-west-1.amazonaws.com.evil.example", ""},
      {"amazonaws.com", ""},
      {"europe-west4-aiplatform.googleapis.com", "europe-west4"},
      {"aiplatform.us.rep.googleapis.com", "us"},
      {"aiplatform.googleapis.com", "global"},
      {"-aiplatform.googleapis.com", ""},
      {"generativelanguage.googleapis.com", ""},
      {"swedencentral.api.cognitive.microsoft.com", "swedencentral"},
      {"name.eastus2.models.ai.azure.com", "eastus2"},
      {"name.westeurope.inference.ml.azure.com", "westeurope"},
      {"shop.openai.azure.com", ""},
      {"eu.api.openai.com", "eu"},
      {"a.b.api.openai.com", ""},
      {"api.openai.com", ""},
      {"127.0.0.1", ""},
      {"", ""},
  };
  for (const HostRow& row : rows) EXPECT_EQ(region_of_host(row.host), row.region) << row.host;
}

TEST(Region, the_host_is_found_in_what_libraries_write) {
  EXPECT_EQ(host_in("https://u:p@eu.api.openai.com:443/v1?x=a@b#c"), "eu.api.openai.com");
  EXPECT_EQ(host_in("eu.api.openai.com:443"), "eu.api.openai.com");
  EXPECT_EQ(host_in("https://"), "");
  EXPECT_EQ(host_in(""), "");
}

struct CallCase {
  const char* what;
  std::vector<std::pair<const char*, const char*>> span;
  const char* resource;  ///< its cloud.region; null: none
  const char* region;
  const char* from;
};

TEST(Region, host_goes_before_span_and_span_before_resource) {
  const CallCase cases[] = {
      {"host",
       {{"gen_ai.provider.name", "aws.bedrock"},
        {"server.address", "bedrock-runtime.EU-West-1.amazonaws.com"},
        {"cloud.region", "us-east-1"}},
       "us-east-2",
       "eu-west-1",
       "attributes.server.address"},
      {"URL",
       {{"gen_ai.provider.name", "gcp.vertex_ai"},
        {"url.full", "https://us-central1-aiplatform.googleapis.com/v1/x"}},
       nullptr,
       "us-central1",
       "attributes.url.full"},
      {"a proxy's host tells nothing",
       {{"gen_ai.provider.name", "openai"}, {"server.address", "proxy.local"}, {"cloud.region", "EU"}},
       nullptr,
       "eu",
       "attributes.cloud.region"},
      {"older name",
       {{"gen_ai.provider.name", "aws.bedrock"}, {"aws.region", "eu-central-1"}},
       "us-east-1",
       "eu-central-1",
       "attributes.aws.region"},
      {"resource of a cloud",
       {{"gen_ai.provider.name", "aws.bedrock"}},
       "Us-East-1",
       "us-east-1",
       "resource.cloud.region"},
      {"no cloud: where the process runs says nothing of the model",
       {{"gen_ai.provider.name", "anthropic"}},
       "us-east-1",
       "",
       ""},
      {"an endpoint without regions", {{"gen_ai.provider.name", "gcp.gemini"}}, "europe-west1", "", ""},
      {"no name of a region",
       {{"gen_ai.provider.name", "openai"}, {"cloud.region", "West Europe!"}},
       nullptr,
       "",
       ""},
      {"not told",
       {{"gen_ai.provider.name", "azure.ai.openai"}, {"server.address", "shop.openai.azure.com"}},
       nullptr,
       "",
       ""},
  };
  for (const CallCase& c : cases) {
    SCOPED_TRACE(c.what);
    Maker m;
    std::vector<otlp::KeyValue> attributes{{m.key("gen_ai.operation.name"), m.text("chat")}};
    for (const auto& [key, value] : c.span) attributes.push_back({m.key(key), m.text(value)});
    const auto span = m.span("chat", attributes);
    otlp::Resource resource;
    if (c.resource) resource.attributes = m.attributes({{m.key("cloud.region"), m.text(c.resource)}});
    Columns out;
    columns(span, resource, {}, out);
    EXPECT_EQ(out.region, c.region);
    const auto seen = view(span, resource, {}, {});
    EXPECT_EQ(seen.facts.contains("region"), *c.region != 0);
    if (*c.region == 0) continue;
    EXPECT_EQ(seen.facts.at("region").as_string(), c.region);
    EXPECT_EQ(seen.origins.at("region").at("from").as_string(), c.from);
  }
}

TEST(Region, only_model_calls_have_one) {
  Maker m;
  const auto span = m.span("execute_tool x", {{m.key("gen_ai.operation.name"), m.text("execute_tool")},
                                              {m.key("cloud.region"), m.text("eu-west-1")}});
  Columns out;
  columns(span, {}, {}, out);
  EXPECT_EQ(out.region, "");
  EXPECT_FALSE(view(span, {}, {}, {}).facts.contains("region"));
}

}  // namespace
}  // namespace turnscope::genai
