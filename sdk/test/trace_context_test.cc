// The rules of W3C Trace Context against the real service: each row sends a request with these header lines
// to build/trace_context_service, which calls back to a receiver of this test; the row says what must have
// arrived there.
#include <curl/curl.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <re2/re2.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <cstdlib>

#include "http_receiver.h"

extern char** environ;

namespace turnscope::sdk::test {
namespace {

using Lines = std::vector<std::pair<std::string, std::string>>;

class ServiceProcess {
 public:
  ServiceProcess() {
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) return;
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    const std::string binary = std::string(std::getenv("TURNSCOPE_BUILD_DIR")) + "/trace_context_service";
    const char* argv[] = {binary.c_str(), "--port", "0", nullptr};
    std::vector<std::string> env{"OTEL_TRACES_EXPORTER=none", "OTEL_METRICS_EXPORTER=none"};
    for (char** e = environ; *e; ++e)
      if (!std::string_view(*e).starts_with("OTEL_")) env.emplace_back(*e);
    std::vector<char*> envp;
    for (auto& e : env) envp.push_back(e.data());
    envp.push_back(nullptr);
    if (posix_spawn(&pid_, binary.c_str(), &actions, nullptr, const_cast<char**>(argv), envp.data()) != 0)
      pid_ = -1;
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    std::string line;
    for (char c; read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    close(out[0]);
    RE2::PartialMatch(line, R"re("listening":"127\.0\.0\.1:(\d+)")re", &port_);
  }
  ~ServiceProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGTERM);
      waitpid(pid_, nullptr, 0);
    }
  }
  ServiceProcess(const ServiceProcess&) = delete;
  ServiceProcess& operator=(const ServiceProcess&) = delete;
  int port() const { return port_; }
  static ServiceProcess& shared() {
    static ServiceProcess s;
    return s;
  }

 private:
  pid_t pid_ = -1;
  int port_ = 0;
};

HttpReceiver& receiver() {
  static HttpReceiver r;
  return r;
}

/// Status of the service's answer; 0 when there was none.
long post(const std::string& body, const Lines& lines) {
  CURL* curl = curl_easy_init();
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  for (const auto& [name, value] : lines)
    headers = curl_slist_append(headers, (value.empty() ? name + ";" : name + ": " + value).c_str());
  curl_easy_setopt(curl, CURLOPT_URL,
                   ("http://127.0.0.1:" + std::to_string(ServiceProcess::shared().port())).c_str());
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.c_str());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, static_cast<long>(body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, 20L);
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION, +[](char*, std::size_t s, std::size_t n, void*) { return s * n; });
  long status = 0;
  if (curl_easy_perform(curl) == CURLE_OK) curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return status;
}

std::vector<HttpReceiver::Request> callbacks(const Lines& lines, int count = 1) {
  receiver().clear();
  boost::json::array calls;
  for (int i = 0; i < count; ++i)
    calls.push_back({{"url", receiver().url("/" + std::to_string(i))}, {"arguments", boost::json::array{i}}});
  EXPECT_EQ(post(boost::json::serialize(calls), lines), 200);
  auto got = receiver().wait(static_cast<std::size_t>(count));
  EXPECT_EQ(got.size(), static_cast<std::size_t>(count));
  return got;
}

const std::string id = "12345678901234567890123456789012", parent = "1234567890123456";
const std::string good = "00-" + id + "-" + parent + "-01", unsampled = "00-" + id + "-" + parent + "-00";
const std::string missing = "\1";  // the header has to be absent

enum Trace { continued, restarted };
struct Row {
  const char* name;
  Lines lines;
  Trace trace;
  std::string tracestate = missing;
  std::string flags = "";  ///< of the outgoing traceparent, where the row is about them
};
void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

Lines tp(std::string value) { return {{"traceparent", std::move(value)}}; }
Lines ts(std::vector<std::string> values) {
  Lines lines = tp(unsampled);
  for (auto& v : values) lines.emplace_back("tracestate", std::move(v));
  return lines;
}
std::string members(int from, int to) {
  std::string s;
  for (int i = from; i <= to; ++i)
    s += (i == from ? "" : ",") + ("bar" + std::to_string(i)) + "=" + std::to_string(i);
  return s;
}
std::string printable() {
  std::string s;
  for (char c = 0x20; c < 0x7F; ++c)
    if (c != ',' && c != '=') s += c;
  return s;
}
const std::string key_chars = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";

std::vector<Row> rows() {
  return {
      // ---- which header
      {"both_headers_missing", {}, restarted},
      {"traceparent_included_tracestate_missing", tp(good), continued},
      {"traceparent_duplicated", {{"traceparent", good}, {"traceparent", good}}, restarted},
      {"traceparent_duplicated_with_different_ids",
       {{"traceparent", "00-12345678901234567890123456789011-1234567890123456-01"}, {"traceparent", good}},
       restarted},
      {"traceparent_duplicated_discards_tracestate",
       {{"traceparent", good}, {"traceparent", good}, {"tracestate", "foo=1"}},
       restarted},
      {"header_name_with_dash", {{"trace-parent", good}}, restarted},
      {"header_name_with_dot", {{"trace.parent", good}}, restarted},
      {"header_name_Camel", {{"TraceParent", good}}, continued},
      {"header_name_mIxEd", {{"TrAcEpArEnT", good}}, continued},
      {"header_name_UPPER", {{"TRACEPARENT", good}}, continued},
      {"traceparent_empty", tp(""), restarted},
      // ---- version
      {"version_00_with_trailing_dot", tp(good + "."), restarted},
      {"version_00_with_more_fields", tp(good + "-what-the-future-will-be-like"), restarted},
      {"version_00_with_trailing_dash", tp(good + "-"), restarted},
      {"version_cc", tp("cc" + good.substr(2)), continued},
      {"version_cc_with_more_fields", tp("cc" + good.substr(2) + "-what-the-future-will-be-like"), continued},
      {"version_cc_with_trailing_dash", tp("cc" + good.substr(2) + "-"), continued},
      {"version_cc_with_trailing_dot", tp("cc" + good.substr(2) + ".what-the-future-will-be-like"),
       restarted},
      {"version_cc_too_short", tp("cc" + good.substr(2, 52)), restarted},
      {"version_01", tp("01" + good.substr(2)), continued},
      {"version_fe", tp("fe" + good.substr(2)), continued},
      {"version_ff", tp("ff" + good.substr(2)), restarted},
      {"version_illegal_first_character", tp("." + good.substr(1)), restarted},
      {"version_illegal_second_character", tp("0." + good.substr(2)), restarted},
      {"version_upper_case", tp("CC" + good.substr(2)), restarted},
      {"version_three_digits", tp("0" + good), restarted},
      {"version_four_digits", tp("00" + good), restarted},
      {"version_one_digit", tp(good.substr(1)), restarted},
      {"outgoing_version_is_00_for_version_cc", tp("cc" + good.substr(2)), continued, missing, "01"},
      // ---- trace-id
      {"trace_id_all_zero", tp("00-00000000000000000000000000000000-" + parent + "-01"), restarted},
      {"trace_id_illegal_first_character", tp("00-.2345678901234567890123456789012-" + parent + "-01"),
       restarted},
      {"trace_id_illegal_last_character", tp("00-1234567890123456789012345678901.-" + parent + "-01"),
       restarted},
      {"trace_id_upper_case", tp("00-ABCDEF78901234567890123456789012-" + parent + "-01"), restarted},
      {"trace_id_too_long", tp("00-123456789012345678901234567890123-" + parent + "-01"), restarted},
      {"trace_id_too_short", tp("00-1234567890123456789012345678901-" + parent + "-01"), restarted},
      {"trace_id_with_blank", tp("00-1234567890123456 890123456789012-" + parent + "-01"), restarted},
      // ---- parent-id
      {"parent_id_all_zero", tp("00-" + id + "-0000000000000000-01"), restarted},
      {"parent_id_illegal_first_character", tp("00-" + id + "-.234567890123456-01"), restarted},
      {"parent_id_illegal_last_character", tp("00-" + id + "-123456789012345.-01"), restarted},
      {"parent_id_upper_case", tp("00-" + id + "-ABCDEF7890123456-01"), restarted},
      {"parent_id_too_long", tp("00-" + id + "-12345678901234567-01"), restarted},
      {"parent_id_too_short", tp("00-" + id + "-123456789012345-01"), restarted},
      // ---- trace-flags
      {"trace_flags_illegal_first_character", tp("00-" + id + "-" + parent + "-.0"), restarted},
      {"trace_flags_illegal_second_character", tp("00-" + id + "-" + parent + "-0."), restarted},
      {"trace_flags_upper_case", tp("00-" + id + "-" + parent + "-0A"), restarted},
      {"trace_flags_too_long", tp("00-" + id + "-" + parent + "-001"), restarted},
      {"trace_flags_too_short", tp("00-" + id + "-" + parent + "-1"), restarted},
      {"trace_flags_missing", tp("00-" + id + "-" + parent), restarted},
      {"trace_flags_sampled_is_passed_on", tp(good), continued, missing, "01"},
      {"trace_flags_not_sampled_is_passed_on", tp(unsampled), continued, missing, "00"},
      {"trace_flags_random_is_passed_on", tp("00-" + id + "-" + parent + "-03"), continued, missing, "03"},
      {"trace_flags_random_without_sampled", tp("00-" + id + "-" + parent + "-02"), continued, missing, "02"},
      {"trace_flags_unknown_bits_are_cleared", tp("00-" + id + "-" + parent + "-ff"), continued, missing,
       "03"},
      {"trace_flags_unknown_bits_alone_are_cleared", tp("00-" + id + "-" + parent + "-fc"), continued,
       missing, "00"},
      {"trace_flags_of_a_future_version_keep_only_sampled", tp("cc-" + id + "-" + parent + "-ff"), continued,
       missing, "01"},
      // ---- white space around traceparent
      {"traceparent_leading_blank", tp(" " + good), continued},
      {"traceparent_leading_tab", tp("\t" + good), continued},
      {"traceparent_trailing_blank", tp(good + " "), continued},
      {"traceparent_trailing_tab", tp(good + "\t"), continued},
      {"traceparent_blanks_and_tabs", tp("\t " + good + " \t"), continued},
      // ---- tracestate
      {"tracestate_without_traceparent", {{"tracestate", "foo=1,bar=2"}}, restarted},
      {"tracestate_with_invalid_traceparent",
       {{"traceparent", good + "."}, {"tracestate", "foo=1"}},
       restarted},
      {"tracestate_with_traceparent", ts({"foo=1,bar=2"}), continued, "foo=1,bar=2"},
      {"tracestate_with_future_version",
       {{"traceparent", "cc" + good.substr(2)}, {"tracestate", "foo=1"}},
       continued,
       "foo=1"},
      {"tracestate_name_with_dash", {{"traceparent", good}, {"trace-state", "foo=1"}}, continued},
      {"tracestate_name_with_dot", {{"traceparent", good}, {"trace.state", "foo=1"}}, continued},
      {"tracestate_name_Camel", {{"traceparent", good}, {"TraceState", "foo=1"}}, continued, "foo=1"},
      {"tracestate_name_mIxEd", {{"traceparent", good}, {"TrAcEsTaTe", "foo=1"}}, continued, "foo=1"},
      {"tracestate_name_UPPER", {{"traceparent", good}, {"TRACESTATE", "foo=1"}}, continued, "foo=1"},
      {"tracestate_empty", ts({""}), continued},
      {"tracestate_then_an_empty_one", ts({"foo=1", ""}), continued, "foo=1"},
      {"tracestate_after_an_empty_one", ts({"", "foo=1"}), continued, "foo=1"},
      {"tracestate_several_headers_keep_their_order", ts({"foo=1,bar=2", "rojo=1,congo=2", "baz=3"}),
       continued, "foo=1,bar=2,rojo=1,congo=2,baz=3"},
      {"tracestate_same_member_twice", ts({"foo=1,foo=1"}), continued},
      {"tracestate_same_key_twice", ts({"foo=1,foo=2"}), continued},
      {"tracestate_same_member_in_two_headers", ts({"foo=1", "foo=1"}), continued},
      {"tracestate_same_key_in_two_headers", ts({"foo=1", "foo=2"}), continued},
      {"tracestate_empty_members_are_skipped", ts({",foo=1,,bar=2, ,"}), continued, "foo=1,bar=2"},
      {"tracestate_all_characters_of_a_simple_key", ts({key_chars + "=1"}), continued, key_chars + "=1"},
      {"tracestate_all_characters_of_a_tenant_key", ts({"0" + key_chars + "@a-z0-9_-*/=1"}), continued,
       "0" + key_chars + "@a-z0-9_-*/=1"},
      {"tracestate_all_characters_of_a_value", ts({"foo=" + printable()}), continued, "foo=" + printable()},
      {"tracestate_value_keeps_leading_blanks", ts({"foo=  1"}), continued, "foo=  1"},
      {"tracestate_blanks_around_members", ts({"foo=1 \t , \t bar=2, \t baz=3"}), continued,
       "foo=1,bar=2,baz=3"},
      {"tracestate_tabs_around_members", ts({"foo=1\t \t,\t \tbar=2,\t \tbaz=3"}), continued,
       "foo=1,bar=2,baz=3"},
      {"tracestate_leading_blank", ts({" foo=1"}), continued, "foo=1"},
      {"tracestate_leading_tab", ts({"\tfoo=1"}), continued, "foo=1"},
      {"tracestate_trailing_blank", ts({"foo=1 "}), continued, "foo=1"},
      {"tracestate_trailing_tab", ts({"foo=1\t"}), continued, "foo=1"},
      {"tracestate_key_with_blank", ts({"foo =1"}), continued},
      {"tracestate_key_upper_case", ts({"FOO=1"}), continued},
      {"tracestate_key_with_dot", ts({"foo.bar=1"}), continued},
      {"tracestate_key_starts_with_digit", ts({"1foo=1"}), continued},
      {"tracestate_key_empty", ts({"=1,bar=2"}), continued},
      {"tracestate_member_without_equals", ts({"foo,bar=2"}), continued},
      {"tracestate_value_empty", ts({"foo=,bar=2"}), continued},
      {"tracestate_value_with_equals", ts({"foo=a=b,bar=2"}), continued},
      {"tracestate_value_with_non_ascii", ts({"foo=\xC3\xA4,bar=2"}), continued},
      {"tracestate_vendor_missing", ts({"foo@=1,bar=2"}), continued},
      {"tracestate_tenant_missing", ts({"@foo=1,bar=2"}), continued},
      {"tracestate_two_at_signs", ts({"foo@@bar=1,bar=2"}), continued},
      {"tracestate_two_vendors", ts({"foo@bar@baz=1,bar=2"}), continued},
      {"tracestate_vendor_starts_with_digit", ts({"foo@1bar=1,bar=2"}), continued},
      {"tracestate_tenant_starts_with_digit", ts({"1foo@bar=1"}), continued, "1foo@bar=1"},
      {"tracestate_32_members", ts({members(1, 10), members(11, 20), members(21, 32)}), continued,
       members(1, 32)},
      {"tracestate_33_members", ts({members(1, 10), members(11, 20), members(21, 33)}), continued},
      {"tracestate_key_of_256", ts({"foo=1", std::string(256, 'z') + "=1"}), continued,
       "foo=1," + std::string(256, 'z') + "=1"},
      {"tracestate_key_of_257", ts({"foo=1", std::string(257, 'z') + "=1"}), continued},
      {"tracestate_tenant_of_241_and_vendor_of_14",
       ts({"foo=1", std::string(241, 't') + "@" + std::string(14, 'v') + "=1"}), continued,
       "foo=1," + std::string(241, 't') + "@" + std::string(14, 'v') + "=1"},
      {"tracestate_tenant_of_242", ts({"foo=1", std::string(242, 't') + "@v=1"}), continued},
      {"tracestate_vendor_of_15", ts({"foo=1", "t@" + std::string(15, 'v') + "=1"}), continued},
      {"tracestate_value_of_256", ts({"foo=" + std::string(256, 'v')}), continued,
       "foo=" + std::string(256, 'v')},
      {"tracestate_value_of_257", ts({"foo=" + std::string(257, 'v')}), continued},
  };
}

class TraceContext : public testing::TestWithParam<Row> {};

TEST_P(TraceContext, is_extracted_and_injected_by_the_rules) {
  const Row& row = GetParam();
  ASSERT_NE(ServiceProcess::shared().port(), 0) << "trace_context_service did not start";
  const auto got = callbacks(row.lines);
  ASSERT_EQ(got.size(), 1u);
  const auto sent = got[0].all("traceparent");
  ASSERT_EQ(sent.size(), 1u);
  std::string trace_id, span_id, flags;
  ASSERT_TRUE(
      RE2::FullMatch(sent[0], "00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})", &trace_id, &span_id, &flags))
      << sent[0];
  EXPECT_NE(trace_id, std::string(32, '0'));
  EXPECT_NE(span_id, std::string(16, '0'));
  EXPECT_NE(span_id, parent);
  EXPECT_EQ(trace_id == id, row.trace == continued) << sent[0];
  if (!row.flags.empty()) {
    EXPECT_EQ(flags, row.flags);
  }
  const auto state = got[0].all("tracestate");
  EXPECT_EQ(state, row.tracestate == missing ? std::vector<std::string>{} : std::vector{row.tracestate});
}

INSTANTIATE_TEST_SUITE_P(w3c, TraceContext, testing::ValuesIn(rows()),
                         [](const auto& row) { return row.param.name; });

TEST(TraceContextService, several_calls_share_the_trace_and_have_parents_of_their_own) {
  std::set<std::string> traces, parents;
  for (const auto& r : callbacks(tp(good), 3)) {
    traces.insert(r.header("traceparent").substr(3, 32));
    parents.insert(r.header("traceparent").substr(36, 16));
  }
  EXPECT_EQ(traces, std::set<std::string>{id});
  EXPECT_EQ(parents.size(), 3u);
}

TEST(TraceContextService, several_calls_without_a_parent_share_a_new_trace) {
  std::set<std::string> traces, parents;
  for (const auto& r : callbacks(tp("00-00000000000000000000000000000000-1234567890123456-01"), 3)) {
    traces.insert(r.header("traceparent").substr(3, 32));
    parents.insert(r.header("traceparent").substr(36, 16));
  }
  EXPECT_EQ(traces.size(), 1u);
  EXPECT_EQ(traces.count(std::string(32, '0')), 0u);
  EXPECT_EQ(parents.size(), 3u);
}

TEST(TraceContextService, a_new_trace_is_sampled_and_says_that_its_id_is_random) {
  const auto got = callbacks({});
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].header("traceparent").substr(53), "03");
}

TEST(TraceContextService, passes_arguments_and_baggage_on) {
  const auto got = callbacks({{"traceparent", good}, {"baggage", "user=17;tier=gold, plan=a%20b"}});
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].body, "[0]");
  EXPECT_EQ(got[0].header("baggage"), "user=17;tier=gold,plan=a%20b");
}

TEST(TraceContextService, refuses_what_is_no_array_of_calls) {
  EXPECT_EQ(post("{", {}), 400);
  EXPECT_EQ(post("{}", {}), 400);
  EXPECT_EQ(post("[1]", {}), 400);
  EXPECT_EQ(post(R"([{"url": 1, "arguments": []}])", {}), 400);
  EXPECT_EQ(post("[]", {}), 200);
  EXPECT_EQ(post(std::string((1 << 20) + 1, ' '), {}), 413);
}

}  // namespace
}  // namespace turnscope::sdk::test
