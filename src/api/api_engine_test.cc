// The whole port with a real engine and a real HTTP client.
#include <curl/curl.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <mutex>
#include <set>
#include <thread>

#include "api/api_server.h"
#include "api/embedded.h"
#include "api/schema_check.h"
#include "otlp/decode.h"
#include "query/test_store.h"

namespace turnscope::api {
namespace {

using query::test::Batch;
using query::test::trace_id;

struct Reply {
  long status = 0;
  std::string body;
  std::map<std::string, std::string> headers;
};

std::size_t take_body(char* data, std::size_t, std::size_t n, void* to) {
  static_cast<std::string*>(to)->append(data, n);
  return n;
}
std::size_t take_header(char* data, std::size_t, std::size_t n, void* to) {
  std::string_view line(data, n);
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return n;
  std::string name(line.substr(0, colon));
  for (char& c : name) c = static_cast<char>(std::tolower(c));
  auto value = line.substr(colon + 1);
  while (!value.empty() && value.front() == ' ') value.remove_prefix(1);
  while (!value.empty() && (value.back() == '\r' || value.back() == '\n')) value.remove_suffix(1);
  (*static_cast<std::map<std::string, std::string>*>(to))[name] = value;
  return n;
}

class Api : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    auto& store = query::test::Store::get();
    now_ = system_clock().unix_nanos();
    Batch b("shop");
    b.resource({b.text("host.name", "h")});
    const auto t = trace_id(1);
    b.span(t, 1, 0, now_ - 9'000'000'000, 8'000'000'000, "agent.run",
           {b.text("agent.user_message", "Where is my refund?")});
    auto& llm = b.span(
        t, 2, 1, now_ - 8'000'000'000, 2'000'000'000, "chat m",
        {b.text("gen_ai.operation.name", "chat"), b.text("gen_ai.provider.name", "anthropic"),
         b.text("gen_ai.request.model", "claude-sonnet-4"), Batch::number("gen_ai.usage.input_tokens", 100),
         Batch::number("gen_ai.usage.output_tokens", 10), Batch::real("gen_ai.request.temperature", 0.5),
         b.text("gen_ai.input.messages",
                R"([{"role":"user","parts":[{"type":"text","content":"<script>alert(1)</script>"}]}])"),
         b.text("cloud.region", "EU-West-1"), Batch::number("big", 9'007'199'254'740'993),
         b.text("long", std::string(3'000, 'x'))});
    llm.kind = otlp::SpanKind::client;
    auto& failed = b.span(t, 3, 1, now_ - 5'000'000'000, 1'000'000'000, "tool.execute.refund",
                          {b.text("tool.name", "refund"), Batch::flag("ok", false)});
    failed.status = otlp::StatusCode::error;
    failed.status_message = "RefundPolicyError";
    otlp::Event e;
    e.time_unix_nano = static_cast<std::uint64_t>(now_);
    e.name = "exception";
    e.attributes = b.attributes({b.text("exception.type", "E"), b.text("exception.message", "too late"),
                                 b.text("exception.stacktrace", "at x")});
    b.events(failed, {e});
    Batch worker("worker");
    worker.span(t, 4, 3, now_ - 4'900'000'000, 100'000'000, "job");
    worker.span(trace_id(2), 5, 77, now_ - 1'000'000'000, 100'000'000, "orphan");
    store.insert(1, b, now_);
    store.insert(1, worker, now_);
    ApiOptions options;
    options.allowed_origins = {"https://grafana.example"};
    Dependencies dependencies;
    dependencies.engine = &store.engine();
    auto prices = query::PriceBook::open((prices_folder_.path() / "prices").string(), "");
    ASSERT_TRUE(prices) << prices.error().message;
    prices_ = prices->release();
    query::use_prices(prices_);
    dependencies.prices = prices_;
    dependencies.redactor =
        std::shared_ptr<const pipeline::Redactor>(std::move(*pipeline::Redactor::make({})));
    dependencies.health = [] {
      HealthReport report;
      report.sinks.push_back({"store \"quoted\"", true, "", 5, 0, 0.1});
      return report;
    };
    dependencies.exporters.list = [] {
      sinks::ExporterStatus plain, sampled;
      plain.health.name = "export-a";
      plain.protocol = "grpc";
      sampled = plain;
      sampled.protocol = "http/json";
      sampled.sampling = true;
      return std::vector{plain, sampled};
    };
    dependencies.renormalise.start = [](std::int64_t since, bool fresh) -> Status {
      if (renormalise_.running) return fail(ErrorKind::unavailable, "a run is under way");
      renormalise_ = {};
      renormalise_.running = true;
      renormalise_.step = "spans";
      renormalise_.since = since;
      renormalise_.started = since + 1;
      renormalise_.rows = 7;
      renormalise_.read_before = fresh ? 0 : 3;
      return {};
    };
    dependencies.renormalise.stop = [] {
      renormalise_.running = false;
      renormalise_.step = "stopped";
    };
    dependencies.renormalise.state = [] { return renormalise_; };
    dependencies.exporters.letters = [](std::string_view name,
                                        std::size_t) -> Result<std::vector<sinks::DeadLetter>> {
      if (name != "a") return fail(ErrorKind::not_found, "no such exporter");
      return std::vector{sinks::DeadLetter{3, log::Signal::traces, 2, 5, 1, 2, "HTTP 400", "body"}};
    };
    auto server = ApiServer::start(options, dependencies);
    ASSERT_TRUE(server) << server.error().message;
    server_ = server->release();
    boost::json::error_code error;
    openapi_ = new boost::json::value(boost::json::parse(openapi_json(), error));
    ASSERT_FALSE(error);
  }
  static void TearDownTestSuite() {
    delete server_;
    query::use_prices(static_cast<query::PriceBook*>(nullptr));
    delete prices_;
    delete openapi_;
  }

  Reply get(const std::string& path, const std::vector<std::string>& headers = {}, const char* method = "GET",
            bool raw_path = false, const std::string& body = {}) {
    Reply reply;
    CURL* curl = curl_easy_init();
    const auto url = "http://127.0.0.1:" + std::to_string(server_->port()) + path;
    curl_slist* list = nullptr;
    for (const auto& h : headers) list = curl_slist_append(list, h.c_str());
    curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, list);
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
    if (std::string_view(method) == "HEAD") curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
    if (!body.empty()) {
      curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
      curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
    }
    if (raw_path) curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &reply.body);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &reply.headers);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
    const auto code = curl_easy_perform(curl);
    EXPECT_EQ(code, CURLE_OK) << path << ": " << curl_easy_strerror(code);
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &reply.status);
    curl_slist_free_all(list);
    curl_easy_cleanup(curl);
    return reply;
  }

  /// The answer must fit the schema of its route in the description.
  boost::json::value checked(const std::string& path, const std::string& pattern, long status = 200,
                             const std::string& posted = {}) {
    const char* method = posted.empty() ? "GET" : "POST";
    const auto reply = get(path, {}, method, false, posted);
    EXPECT_EQ(reply.status, status) << path << "\n" << reply.body.substr(0, 500);
    boost::json::error_code error;
    auto body = boost::json::parse(reply.body, error);
    if (error) {
      ADD_FAILURE() << path << ": " << error.message() << "\n" << reply.body.substr(0, 300);
      return nullptr;
    }
    const auto& responses =
        openapi_->at("paths").at(pattern).at(posted.empty() ? "get" : "post").at("responses").as_object();
    const boost::json::value* response = responses.if_contains(std::to_string(status));
    if (!response) response = &responses.at("default");
    if (response->as_object().contains("$ref"))
      response = &openapi_->at_pointer(std::string_view(response->at("$ref").as_string()).substr(1));
    test::SchemaCheck check(*openapi_);
    for (const auto& problem :
         check.problems(response->at("content").at("application/json").at("schema"), body))
      ADD_FAILURE() << path << ": " << problem;
    return body;
  }

  static inline ApiServer* server_ = nullptr;
  static inline boost::json::value* openapi_ = nullptr;
  static inline std::int64_t now_ = 0;
  static inline sinks::RenormaliseState renormalise_;
  static inline TestFolder prices_folder_;
  static inline query::PriceBook* prices_ = nullptr;
};

TEST_F(Api, every_route_is_described_and_every_description_is_a_route) {
  std::set<std::string> routes, described;
  for (const auto& r : server_->router().routes()) routes.insert(std::string(r.pattern));
  for (const auto& p : openapi_->at("paths").as_object()) described.insert(std::string(p.key()));
  EXPECT_EQ(routes, described);
}

TEST_F(Api, answers_fit_their_schemas) {
  const auto id = otlp::hex(trace_id(1));
  const auto list = checked("/api/v1/traces", "/api/v1/traces");
  ASSERT_EQ(list.at("traces").as_array().size(), 2u);
  const auto& first = list.at("traces").as_array()[1];
  EXPECT_EQ(first.at("question").as_string(), "Where is my refund?");
  EXPECT_EQ(first.at("tokens").at("input").as_int64(), 100);
  EXPECT_EQ(first.at("errors").as_int64(), 1);
  EXPECT_TRUE(list.at("traces").as_array()[0].at("root").is_null());
  checked("/api/v1/traces?q=modle:x", "/api/v1/traces");
  checked("/api/v1/spans?limit=2", "/api/v1/spans");
  const auto header = checked("/api/v1/traces/" + id, "/api/v1/traces/{trace_id}");
  EXPECT_EQ(header.at("findings").as_array().size(), 3u);
  checked("/api/v1/traces/" + otlp::hex(trace_id(2)), "/api/v1/traces/{trace_id}");
  checked("/api/v1/traces/" + id + "/spans", "/api/v1/traces/{trace_id}/spans");
  const auto window = checked("/api/v1/traces/" + id + "/window?minimap=1&find=late&around=4&plumbing=hide",
                              "/api/v1/traces/{trace_id}/window");
  EXPECT_EQ(window.at("rows").as_array().size(), 4u);
  checked("/api/v1/traces/" + id + "/find?q=ALERT", "/api/v1/traces/{trace_id}/find");
  const auto detail = checked("/api/v1/traces/" + id + "/spans/2?preview_bytes=1000",
                              "/api/v1/traces/{trace_id}/spans/{span_id}");
  EXPECT_EQ(detail.at("input").as_array().size(), 1u);
  bool big = false, cut = false;
  for (const auto& a : detail.at("attributes").as_array()) {
    if (a.at("key").as_string() == "big") big = a.at("value") == "9007199254740993";
    if (a.at("key").as_string() == "long") cut = a.at("cut").as_bool() && a.at("bytes").as_int64() == 3'000;
  }
  EXPECT_TRUE(big);
  EXPECT_TRUE(cut);
  EXPECT_EQ(checked("/api/v1/traces/" + id + "/spans/3", "/api/v1/traces/{trace_id}/spans/{span_id}")
                .at("error")
                .at("stacktrace")
                .as_string(),
            "at x");
  checked("/api/v1/traces/" + id + "/otlp", "/api/v1/traces/{trace_id}/otlp");
  checked("/api/v1/services", "/api/v1/services");
  checked("/api/v1/operations?service=shop", "/api/v1/operations");
  EXPECT_EQ(checked("/api/v1/dependencies", "/api/v1/dependencies").at("dependencies").as_array().size(), 1u);
  checked("/api/v1/facets?row=spans&fields=service,kind,status,user", "/api/v1/facets");
  checked("/api/v1/keys?prefix=g", "/api/v1/keys");
  checked("/api/v1/values?key=model", "/api/v1/values");
  checked("/api/v1/timeseries?from=now-1h&buckets=20", "/api/v1/timeseries");
  checked("/api/v1/tokens", "/api/v1/tokens");
  const auto usage = checked("/api/v1/usage?by=model,day", "/api/v1/usage");
  ASSERT_EQ(usage.at("rows").as_array().size(), 1u);
  EXPECT_EQ(usage.at("rows").at(0).at("key").at("model").as_string(), "claude-sonnet-4");
  EXPECT_EQ(usage.at("total").at("tokens").at("input").as_int64(), 100);
  // 100 × $3 and 10 × $15 a million.
  EXPECT_EQ(usage.at("total").at("cost").at("nano_usd").as_int64(), 450'000);
  EXPECT_EQ(usage.at("total").at("cost").at("state").as_string(), "priced");
  for (const auto* by :
       {"provider", "service", "agent", "tool", "name", "environment", "user", "session", "prompt_name",
        "prompt_version", "experiment", "variant", "hour", "user,session,tool,hour"})
    EXPECT_EQ(
        checked("/api/v1/usage?by=" + std::string(by), "/api/v1/usage").at("total").at("calls").as_int64(), 1)
        << by;
  checked("/api/v1/usage?q=kind:tool", "/api/v1/usage");
  for (const auto* sort : {"cost", "duration", "turns", "tokens", "tool_calls", "errors"})
    EXPECT_GE(
        checked("/api/v1/runs?sort=" + std::string(sort), "/api/v1/runs").at("traces").as_array().size(), 1u)
        << sort;
  const auto tools = checked("/api/v1/tools", "/api/v1/tools");
  EXPECT_EQ(tools.at("tools").at(0).at("name").as_string(), "refund");
  EXPECT_EQ(tools.at("tools").at(0).at("errors").as_int64(), 1);
  checked("/api/v1/users", "/api/v1/users");
  checked("/api/v1/sessions", "/api/v1/sessions");
  EXPECT_GT(checked("/api/v1/prices", "/api/v1/prices").at("rules").as_array().size(), 100u);
  EXPECT_GE(checked("/api/v1/prices?model=claude-sonnet-4", "/api/v1/prices").at("rules").as_array().size(),
            1u);
  const auto cost =
      checked("/api/v1/traces/" + id + "/spans/2/cost", "/api/v1/traces/{trace_id}/spans/{span_id}/cost");
  EXPECT_EQ(cost.at("nano_usd").as_int64(), 450'000);
  EXPECT_EQ(cost.at("arithmetic").as_string(), "100 input × $3/M + 10 output × $15/M = 450000 nano-dollars");
  checked("/api/v1/traces/" + id + "/spans/3/cost", "/api/v1/traces/{trace_id}/spans/{span_id}/cost");
  const auto growth = checked("/api/v1/traces/" + id + "/growth", "/api/v1/traces/{trace_id}/growth");
  EXPECT_EQ(growth.at("calls").as_array().size(), 1u);
  checked("/api/v1/health", "/api/v1/health");
  EXPECT_EQ(checked("/api/v1/exporters", "/api/v1/exporters").at("exporters").as_array().size(), 2u);
  EXPECT_EQ(checked("/api/v1/exporters/a/dead-letters", "/api/v1/exporters/{name}/dead-letters")
                .at("dead_letters")
                .as_array()
                .size(),
            1u);
  checked("/api/v1/exporters/b/dead-letters", "/api/v1/exporters/{name}/dead-letters", 404);
  EXPECT_EQ(checked("/api/v1/renormalise", "/api/v1/renormalise").at("step").as_string(), "never run");
  checked("/api/services", "/api/services");
  checked("/api/services/shop/operations", "/api/services/{service}/operations");
  checked("/api/operations?service=shop&spanKind=client", "/api/operations");
  checked("/api/traces?service=shop&tags=%7B%22error%22%3A%22true%22%7D", "/api/traces");
  checked("/api/traces?traceID=" + id + "&traceID=" + otlp::hex(trace_id(2)), "/api/traces");
  checked("/api/traces/" + id, "/api/traces/{trace_id}");
  checked("/api/dependencies", "/api/dependencies");
}

TEST_F(Api, renormalise_begins_once_says_how_far_it_is_and_stops) {
  const std::vector<std::string> json{"content-type: application/json"};
  EXPECT_EQ(get("/api/v1/renormalise?since=0", {"content-type: text/plain"}, "POST", false, "{}").status,
            400);
  EXPECT_EQ(get("/api/v1/renormalise", json, "POST", false, "{}").status, 400);
  EXPECT_EQ(get("/api/v1/renormalise?since=whenever", json, "POST", false, "{}").status, 400);
  EXPECT_EQ(get("/api/v1/renormalise?since=0&fresh=perhaps", json, "POST", false, "{}").status, 400);
  const auto begun = get("/api/v1/renormalise?since=1970-01-01T00:00:05Z", json, "POST", false, "{}");
  EXPECT_EQ(begun.status, 202) << begun.body;
  EXPECT_EQ(get("/api/v1/renormalise?since=0", json, "POST", false, "{}").status, 503) << "one at a time";
  const auto state = checked("/api/v1/renormalise", "/api/v1/renormalise");
  EXPECT_EQ(state.at("since_unix_nano").as_string(), "5000000000");
  EXPECT_EQ(state.at("rows").as_int64(), 7);
  EXPECT_EQ(state.at("read_before").as_int64(), 3);
  EXPECT_TRUE(state.at("finished_unix_nano").is_null());
  EXPECT_EQ(get("/api/v1/renormalise", {}, "DELETE").status, 200);
  EXPECT_EQ(checked("/api/v1/renormalise", "/api/v1/renormalise").at("step").as_string(), "stopped");
  EXPECT_EQ(get("/api/v1/renormalise?since=0&fresh=true", json, "POST", false, "{}").status, 202);
  EXPECT_EQ(checked("/api/v1/renormalise", "/api/v1/renormalise").at("read_before").as_int64(), 0);
}

TEST_F(Api, explain_reads_otlp_in_every_envelope_and_refuses_what_is_none) {
  const std::string otlp =
      R"({"resourceSpans":[{"resource":{"attributes":[]},"scopeSpans":[{"scope":{"name":"x"},"spans":[)"
      R"({"traceId":"0af7651916cd43dd8448eb211c80319c","spanId":"b7ad6b7169203331","name":"chat m",)"
      R"("startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[)"
      R"({"key":"gen_ai.operation.name","value":{"stringValue":"chat"}},)"
      R"({"key":"gen_ai.request.model","value":{"stringValue":"m-1"}},)"
      R"({"key":"gen_ai.usage.input_tokens","value":{"intValue":"12"}},)"
      R"({"key":"house.secret","value":{"stringValue":"?"}}]}]}]}]})";
  const auto post = [&](const std::string& body, long status, const std::string& path = "/api/v1/explain") {
    return checked(path, "/api/v1/explain", status, body);
  };
  const auto facts = [](const boost::json::value& v) { return v.at("spans").at("b7ad6b7169203331"); };
  const auto plain = facts(post(otlp, 200));
  EXPECT_EQ(plain.at("kind").as_string(), "llm");
  EXPECT_EQ(plain.at("request_model").as_string(), "m-1");
  EXPECT_EQ(plain.at("input_tokens").to_number<int>(), 12);
  EXPECT_EQ(plain.at("origins").at("request_model").at("from").as_string(),
            "attributes.gen_ai.request.model");
  EXPECT_NE(boost::json::serialize(plain.at("not_understood")).find("house.secret"), std::string::npos);
  EXPECT_EQ(facts(post(R"({"files":[{"name":"a.json","json":)" + otlp + "}]}", 200)), plain);
  // What is no OTLP gets a sentence, never an empty answer.
  for (const std::string body : {R"({})", R"([])", R"({"hello":"world"})", R"("text")",
                                 R"([{"resourceSpan":[]}])", R"({"spans":[]})"}) {
    const auto refused = post(body, 400);
    EXPECT_NE(refused.at("error").at("message").as_string().find("no OTLP export request"), std::string::npos)
        << body;
  }
  post("not even JSON", 400);
  post(R"({"resourceSpans":"text"})", 400);
  post(R"({"resourceSpans":[)", 400);
  post(R"({"files":[{"name":"empty.pb"}]})", 400);
  post(R"({"files":"x"})", 400);
  EXPECT_EQ(post(otlp, 400, "/api/v1/explain?signal=colours").at("error").at("field").as_string(), "signal");
  EXPECT_EQ(get("/api/v1/explain", {}, "POST").status, 400) << "an empty body";
}

TEST_F(Api, prices_are_listed_and_edited_and_every_figure_follows) {
  const auto rules = checked("/api/v1/prices?model=claude-sonnet-4", "/api/v1/prices").at("rules").as_array();
  ASSERT_FALSE(rules.empty());
  EXPECT_EQ(rules[0].at("from").as_string(), "built-in");
  EXPECT_EQ(checked("/api/v1/prices?limit=1", "/api/v1/prices").at("more").as_bool(), true);
  EXPECT_EQ(checked("/api/v1/prices?limit=0", "/api/v1/prices", 400).at("error").at("field").as_string(),
            "limit");
  const auto cost = "/api/v1/traces/" + otlp::hex(trace_id(1)) + "/spans/2/cost";
  const std::string pattern = "/api/v1/traces/{trace_id}/spans/{span_id}/cost";
  EXPECT_EQ(checked(cost, pattern).at("nano_usd").to_number<int>(), 450'000);
  // What is wrong is told with its line; nothing has changed then.
  EXPECT_NE(checked("/api/v1/prices", "/api/v1/prices", 400, "provider,match\nx,y\n")
                .at("error")
                .at("message")
                .as_string(),
            "");
  checked("/api/v1/prices", "/api/v1/prices", 400, "model,input\nclaude-sonnet-4,-1\n");
  EXPECT_EQ(checked(cost, pattern).at("nano_usd").to_number<int>(), 450'000);
  EXPECT_EQ(checked("/api/v1/prices", "/api/v1/prices", 200, "model,input,output\nclaude-sonnet-4,10,100\n")
                .at("rules")
                .to_number<int>(),
            1);
  const auto after = checked(cost, pattern);
  EXPECT_EQ(after.at("nano_usd").to_number<int>(), 100 * 10'000 + 10 * 100'000);
  EXPECT_EQ(after.at("rule").at("from").as_string(), "user");
  EXPECT_EQ(after.at("state").as_string(), "priced");
  EXPECT_TRUE(after.at("reported_nano_usd").is_null());
  EXPECT_EQ(checked("/api/v1/traces/" + otlp::hex(trace_id(1)), "/api/v1/traces/{trace_id}")
                .at("cost")
                .at("nano_usd")
                .to_number<int>(),
            2'000'000)
      << "figures of the past change with the price, cached or not";
  const auto imported = checked("/api/v1/prices/import", "/api/v1/prices/import", 200,
                                R"({"other-model":{"input_cost_per_token":1e-6,"output_cost_per_token":2e-6,)"
                                R"("litellm_provider":"openai","mode":"chat"},"sample_spec":{}})");
  EXPECT_EQ(imported.at("models").to_number<int>(), 1);
  checked("/api/v1/prices/import", "/api/v1/prices/import", 400, "no json");
  EXPECT_FALSE(checked("/api/v1/prices?model=other-model", "/api/v1/prices").at("rules").as_array().empty());
}

TEST_F(Api, prices_depend_on_where_a_call_ran) {
  const auto cost = "/api/v1/traces/" + otlp::hex(trace_id(1)) + "/spans/2/cost";
  const std::string pattern = "/api/v1/traces/{trace_id}/spans/{span_id}/cost";
  const auto of_region = [&](const std::string& region) {
    return checked("/api/v1/prices?model=claude-sonnet-4" + region, "/api/v1/prices").at("rules").as_array();
  };
  const auto before = of_region("").size();
  const auto total = [&](const std::string& path, const std::string& of) {
    return checked(path, of).at("total").at("cost").at("nano_usd").to_number<int>();
  };
  checked("/api/v1/prices", "/api/v1/prices", 200,
          "model,region,input,output\nclaude-sonnet-4,us,1,1\nclaude-sonnet-4,eu,20,200\n");
  const auto there = checked(cost, pattern);
  EXPECT_EQ(there.at("region").as_string(), "eu-west-1");
  EXPECT_EQ(there.at("rule").at("region").as_string(), "eu");
  EXPECT_EQ(there.at("nano_usd").to_number<int>(), 4'000'000);
  EXPECT_EQ(total("/api/v1/usage?by=model", "/api/v1/usage"), 4'000'000);
  EXPECT_EQ(total("/api/v1/usage?by=agent", "/api/v1/usage"), 4'000'000);
  const auto found = [&](const std::string& q) {
    return checked("/api/v1/spans?q=" + q, "/api/v1/spans").at("spans").as_array().size();
  };
  EXPECT_EQ(found("cost%3E0.0039"), 1u);
  EXPECT_EQ(found("cost%3E0.0041"), 0u);
  EXPECT_EQ(of_region("").size(), before + 2);
  EXPECT_EQ(of_region("&region=us-east-1").size(), before + 1);
  EXPECT_EQ(of_region("&region=us-east-1")[0].at("region").as_string(), "us");
  EXPECT_TRUE(of_region("&region=us-east-1")[1].at("region").is_null());
  EXPECT_EQ(of_region("&region=US-East-1")[0].at("region").as_string(), "us");
  const std::pair<std::string, const char*> wrong[] = {
      {"?model=m&region=the%20moon", "region= 'the moon' is no region"},
      {"?region=eu", "region= narrows"},
      {"?provider=openai", "provider= narrows"}};
  for (const auto& [parameters, says] : wrong)
    EXPECT_NE(checked("/api/v1/prices" + parameters, "/api/v1/prices", 400)
                  .at("error")
                  .at("message")
                  .as_string()
                  .find(says),
              boost::json::string::npos)
        << parameters;
}

TEST_F(Api, metrics_of_agents_are_asked_for_by_name) {
  EXPECT_TRUE(checked("/api/v1/metrics", "/api/v1/metrics").at("metrics").as_array().empty());
  EXPECT_EQ(checked("/api/v1/metrics/series?name=x", "/api/v1/metrics/series", 404)
                .at("error")
                .at("field")
                .as_string(),
            "name");
  for (const char* wrong :
       {"", "?name=x&fn=median", "?name=x&step=soon", "?name=x&q=101", "?name=x&where=key",
        "?name=x&by=a,b,c,d,e", "?name=x&limit=0", "?name=x&step=1s&from=now-7d"})
    checked("/api/v1/metrics/series" + std::string(wrong), "/api/v1/metrics/series", 400);
  otlp::NumberPoint point;
  point.time_unix_nano = static_cast<std::uint64_t>(now_);
  point.value.type = otlp::AnyValue::Type::real;
  point.value.real = 2.5;
  otlp::Metric metric;
  metric.name = "llm.cost";
  metric.type = otlp::MetricType::sum;
  metric.temporality = otlp::Temporality::delta;
  metric.numbers = {&point, 1};
  query::test::Store::get().insert_as<store::MetricBlock>("metrics", 1, "shop", std::vector{metric}, now_);
  EXPECT_EQ(checked("/api/v1/metrics", "/api/v1/metrics").at("metrics").as_array().size(), 1u);
  const auto series =
      checked("/api/v1/metrics/series?name=llm.cost&by=service&step=1h&from=now-2h", "/api/v1/metrics/series")
          .at("series")
          .as_array();
  ASSERT_EQ(series.size(), 1u);
  EXPECT_EQ(series[0].at("key").at("service").as_string(), "shop");
}

TEST_F(Api, errors_have_one_shape_and_name_what_is_wrong) {
  const auto e = checked("/api/v1/traces?q=kind:nonsense", "/api/v1/traces", 400);
  EXPECT_EQ(e.at("error").at("field").as_string(), "q");
  EXPECT_EQ(e.at("error").at("position").as_int64(), 5);
  checked("/api/v1/traces?from=yesterday", "/api/v1/traces", 400);
  checked("/api/v1/traces?limit=501", "/api/v1/traces", 400);
  checked("/api/v1/traces?cursor=zz", "/api/v1/traces", 400);
  const auto trace = "/api/v1/traces/" + otlp::hex(trace_id(1)) + "/window";
  for (const std::string flag : {"group", "minimap", "plumbing"})
    EXPECT_EQ(checked(trace + "?" + flag + "=true", "/api/v1/traces/{trace_id}/window", 400)
                  .at("error")
                  .at("field")
                  .as_string(),
              flag);
  checked("/api/v1/usage?by=model&traces=yes", "/api/v1/usage", 400);
  checked("/api/v1/usage?by=model,day,model", "/api/v1/usage", 400);
  EXPECT_EQ(checked("/api/v1/traces?limt=3", "/api/v1/traces", 400).at("error").at("message").as_string(),
            "limt= is not read here; there are q, from, to, limit, cursor");
  checked("/api/v1/health?verbose=1", "/api/v1/health", 400);
  checked("/api/v1/traces?limt=", "/api/v1/traces");
  checked("/api/services?limt=3", "/api/services");
  const auto json = std::vector<std::string>{"content-type: application/json"};
  const auto other = get("/api/v1/redact/test", {}, "GET"),
             posted = get("/api/v1/traces", json, "POST", false, "{}");
  EXPECT_EQ(other.status, 405);
  EXPECT_EQ(other.headers.at("allow"), "POST");
  EXPECT_NE(other.body.find("GET is not allowed here; use POST"), std::string::npos) << other.body;
  EXPECT_EQ(posted.headers.at("allow"), "GET, HEAD");
  const auto misled = get("/v1/traces", json, "POST", false, "{}");
  EXPECT_EQ(misled.status, 405);
  EXPECT_NE(misled.body.find("OTLP is received at listen.http"), std::string::npos) << misled.body;
  checked("/api/v1/traces?from=now&to=now-1h", "/api/v1/traces", 400);
  checked("/api/v1/traces/ffff", "/api/v1/traces/{trace_id}", 404);
  checked("/api/v1/traces/xyz", "/api/v1/traces/{trace_id}", 400);
  checked("/api/v1/traces/" + otlp::hex(trace_id(1)) + "/spans/99",
          "/api/v1/traces/{trace_id}/spans/{span_id}", 404);
  checked("/api/v1/facets?fields=nonsense", "/api/v1/facets", 400);
  EXPECT_EQ(checked("/api/v1/usage?by=colour", "/api/v1/usage", 400).at("error").at("field").as_string(),
            "by");
  checked("/api/v1/usage?by=model,user,day,hour,name", "/api/v1/usage", 400);
  EXPECT_EQ(checked("/api/v1/usage?q=cost>1", "/api/v1/usage", 400).at("error").at("field").as_string(), "q");
  checked("/api/v1/runs?sort=beauty", "/api/v1/runs", 400);
  checked("/api/v1/session?id=nobody", "/api/v1/session", 404);
  checked("/api/v1/session", "/api/v1/session", 400);
  checked("/api/v1/live?q=(", "/api/v1/live", 400);
  checked("/api/traces", "/api/traces", 400);
  checked("/api/traces/ffff", "/api/traces/{trace_id}", 404);
  EXPECT_EQ(get("/api/nothing").status, 404);
  EXPECT_EQ(get("/api/v1/traces", {}, "POST").status, 405);
}

TEST_F(Api, redaction_can_be_tried_and_never_repeats_what_was_found) {
  const auto tried = [&](const std::string& body, int status) {
    return checked("/api/v1/redact/test", "/api/v1/redact/test", status, body);
  };
  const auto out = tried(R"({"text":"mail bob@example.com {\"n\":4111111111111111}"})", 200);
  EXPECT_EQ(out.at("text").as_string(), R"(mail [redacted:email] {"n":[redacted:card]})");
  EXPECT_EQ(out.at("found").as_array().size(), 2u);
  EXPECT_TRUE(out.at("changed").as_bool());
  EXPECT_EQ(boost::json::serialize(out).find("bob@"), std::string::npos);
  EXPECT_FALSE(tried(R"({"text":"nothing here"})", 200).at("changed").as_bool());
  EXPECT_EQ(tried(R"({"txt":"x"})", 400).at("error").at("field").as_string(), "text");
  tried("no json", 400);
}

TEST_F(Api, panels_are_put_as_a_whole_and_only_over_what_was_read) {
  const auto post = [&](const std::string& body, unsigned status) {
    return checked("/api/v1/panels", "/api/v1/panels", status, body);
  };
  checked("/api/v1/panels", "/api/v1/panels", 200);
  post(R"({"revision": 0, "panels": [{"title": "a", "q": "kind:llm", "figure": "p95", "by": "model"}]})",
       200);
  post(R"({"revision": 0, "panels": []})", 400);
  post(R"({"revision": 1, "panels": [{"title": "a", "q": "(", "figure": "p95", "by": ""}]})", 400);
  post(R"({"panels": []})", 400);
  post("[]", 400);
  post(R"({"revision": 1, "panels": []})", 200);
}

TEST_F(Api, every_answer_carries_the_headers_of_a_hostile_world) {
  for (const auto* path : {"/", "/trace/x", "/api/v1/traces", "/api/v1/nothing", "/healthz", "/metrics",
                           "/missing.js", "/api/services"}) {
    const auto reply = get(path);
    EXPECT_EQ(reply.headers.at("x-content-type-options"), "nosniff") << path;
    EXPECT_EQ(reply.headers.at("referrer-policy"), "no-referrer") << path;
    const auto csp = reply.headers.at("content-security-policy");
    EXPECT_NE(csp.find("default-src 'none'"), std::string::npos) << path;
    EXPECT_NE(csp.find("frame-ancestors 'none'"), std::string::npos) << path;
    EXPECT_EQ(csp.find("unsafe"), std::string::npos) << path;
  }
  EXPECT_NE(get("/api/v1/traces/" + otlp::hex(trace_id(1)) + "/otlp")
                .headers.at("content-disposition")
                .find("attachment"),
            std::string::npos);
}

TEST_F(Api, foreign_hosts_and_origins_are_refused) {
  EXPECT_EQ(get("/api/v1/traces", {"Host: evil.example"}).status, 403);
  EXPECT_EQ(get("/", {"Host: evil.example:16686"}).status, 403);
  EXPECT_EQ(get("/healthz", {"Host: localhost:1"}).status, 200);
  EXPECT_EQ(get("/healthz", {"Host: [::1]:1"}).status, 200);
  EXPECT_EQ(get("/api/v1/traces", {"Origin: https://evil.example"}, "POST").status, 403);
  EXPECT_EQ(get("/api/v1/traces", {"Origin: null"}, "POST").status, 403);
  EXPECT_FALSE(get("/api/v1/health", {"Origin: https://evil.example"})
                   .headers.contains("access-control-allow-origin"));
  EXPECT_EQ(
      get("/api/v1/health", {"Origin: https://grafana.example"}).headers.at("access-control-allow-origin"),
      "https://grafana.example");
}

TEST_F(Api, paths_never_lead_out) {
  for (const auto* path : {"/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/assets/../../../etc/passwd",
                           "/..%2f..%2fetc%2fpasswd", "//etc/passwd", "/%00", "/assets/%00.js"}) {
    const auto reply = get(path, {}, "GET", true);
    EXPECT_EQ(reply.body.find("root:"), std::string::npos) << path;
    EXPECT_NE(reply.status, 500) << path;
  }
}

TEST_F(Api, big_answers_are_packed_for_who_takes_it) {
  const auto packed = get("/api/v1/health", {"Accept-Encoding: gzip"});
  EXPECT_EQ(packed.headers.at("content-encoding"), "gzip");
  EXPECT_FALSE(get("/api/v1/health", {"Accept-Encoding: gzip;q=0"}).headers.contains("content-encoding"));
  EXPECT_FALSE(get("/healthz", {"Accept-Encoding: gzip"}).headers.contains("content-encoding"));
  EXPECT_TRUE(get("/api/v1/health", {}, "HEAD").body.empty());
}

TEST_F(Api, ranges_of_a_text_add_up_to_the_whole) {
  const auto base =
      "/api/v1/traces/" + otlp::hex(trace_id(1)) + "/spans/2/content?path=attributes.long&length=700&offset=";
  std::string whole, offset = "0";
  for (int i = 0; i < 20 && offset != "end"; ++i) {
    const auto reply = get(base + offset);
    ASSERT_EQ(reply.status, 200);
    whole += reply.body;
    offset = reply.headers.at("x-next-offset");
  }
  EXPECT_EQ(whole, std::string(3'000, 'x'));
  EXPECT_EQ(get("/api/v1/traces/" + otlp::hex(trace_id(1)) + "/spans/2/content?path=attributes.none").status,
            404);
  EXPECT_EQ(
      get("/api/v1/traces/" + otlp::hex(trace_id(1)) + "/spans/3/content?path=events.0.exception.message")
          .body,
      "too late");
}

TEST_F(Api, metrics_are_prometheus_text) {
  const auto text = get("/metrics").body;
  EXPECT_NE(text.find("turnscope_anomalies_total{name=\"query_deadline\""), std::string::npos);
  EXPECT_NE(text.find("turnscope_sink_position{sink=\"store \\\"quoted\\\"\"} 5"), std::string::npos);
  EXPECT_NE(text.find("process_resident_memory_bytes "), std::string::npos);
}

struct LiveStream {
  std::mutex mutex;
  std::condition_variable changed;
  std::string text;
  std::atomic<bool> stop{false};
};
std::size_t take_live(char* data, std::size_t, std::size_t n, void* to) {
  auto& live = *static_cast<LiveStream*>(to);
  {
    const std::lock_guard lock(live.mutex);
    live.text.append(data, n);
  }
  live.changed.notify_all();
  return live.stop ? 0 : n;
}
int live_progress(void* to, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<LiveStream*>(to)->stop ? 1 : 0;
}

TEST_F(Api, the_live_feed_names_traces_that_changed) {
  LiveStream live;
  std::thread viewer([&] {
    CURL* curl = curl_easy_init();
    curl_easy_setopt(curl, CURLOPT_URL,
                     ("http://127.0.0.1:" + std::to_string(server_->port()) + "/api/v1/live").c_str());
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_live);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &live);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, live_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &live);
    curl_easy_perform(curl);
    curl_easy_cleanup(curl);
  });
  const auto wait_for = [&](std::string_view text) {
    std::unique_lock lock(live.mutex);
    return live.changed.wait_for(lock, std::chrono::seconds(60),
                                 [&] { return live.text.find(text) != std::string::npos; });
  };
  EXPECT_TRUE(wait_for("event: hello"));
  auto& store = query::test::Store::get();
  Batch b("later");
  b.span(trace_id(9), 90, 0, now_, 5, "fresh");
  store.insert(1, b, now_);
  server_->stored(store.position() + 1);
  EXPECT_TRUE(wait_for(otlp::hex(trace_id(9))));
  live.stop = true;
  server_->stored(store.position() + 2);
  viewer.join();
}

}  // namespace
}  // namespace turnscope::api
