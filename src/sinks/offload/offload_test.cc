#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <map>
#include <mutex>
#include <thread>

#include "base/anomaly.h"
#include "genai/view.h"
#include "log/testing.h"
#include "net/http_server.h"
#include "otlp/decode.h"
#include "pipeline/processor.h"
#include "sinks/offload/offloader.h"
#include "sinks/test_support.h"

namespace turnscope::sinks {
namespace {

using testing::Batch;

constexpr OffloadRule kRule{4'096, 512};

std::string long_text(std::size_t bytes) {
  std::string s;
  while (s.size() < bytes) s += "the invoice says " + std::to_string(s.size()) + "; ";
  s.resize(bytes);
  return s;
}

/// A request of one span with a large JSON attribute, a large one of an event, and a small one.
std::string request(std::uint8_t trace, std::string_view messages, std::string_view of_event) {
  Batch batch;
  auto& s = batch.span();
  s.trace_id[0] = trace;
  s.span_id = 7;
  s.name = "chat";
  s.attributes =
      batch.list<otlp::KeyValue>({{"gen_ai.input.messages", testing::str(batch.text(std::string(messages)))},
                                  {"small", testing::str("stays")}});
  otlp::Event e;
  e.name = "gen_ai.choice";
  e.attributes = batch.list<otlp::KeyValue>({{"content", testing::str(batch.text(std::string(of_event)))}});
  s.events = batch.list<otlp::Event>({e});
  return batch.encode();
}

/// A store in memory that refuses as often as it is told.
class Objects final : public store::ObjectStore {
 public:
  explicit Objects(int refuse = 0) : refuse_(refuse) {}
  Status put(const std::string& key, std::string_view bytes) override {
    if (refuse_-- > 0) return fail(ErrorKind::unavailable, "down");
    const std::lock_guard lock(mutex_);
    ++puts_;
    all_[key] = bytes;
    return {};
  }
  Result<std::string> get(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    const auto it = all_.find(key);
    return it == all_.end() ? Result<std::string>(fail(ErrorKind::not_found, "no")) : it->second;
  }
  Status remove(const std::string& key) override {
    const std::lock_guard lock(mutex_);
    all_.erase(key);
    return {};
  }
  std::size_t size() {
    const std::lock_guard lock(mutex_);
    return all_.size();
  }

 private:
  std::mutex mutex_;
  std::map<std::string, std::string> all_;
  std::size_t puts_ = 0;
  std::atomic<int> refuse_;
};

TEST(LargeValues, leave_a_preview_that_is_still_json_and_a_link_that_follows_from_ids) {
  const auto text = long_text(20'000);
  const auto bytes = request(1, R"([{"role":"user","content":")" + text + R"("}])", text);
  otlp::Arena arena;
  otlp::DecodeReport report;
  auto traces = otlp::decode_traces_protobuf(bytes, arena, {}, report);
  ASSERT_TRUE(traces);
  std::map<std::string, std::string> whole;
  each_large_value(*traces, kRule, [&](const LargeValue& v) {
    whole[store::object_key(3, v.span->trace_id, v.span->span_id, v.field)] = v.value;
  });
  ASSERT_EQ(whole.size(), 2u);
  leave_previews(*traces, 3, kRule, arena);
  const auto& s = traces->resources[0].scopes[0].spans[0];
  const auto* messages = pipeline::find_attribute(s.attributes, "gen_ai.input.messages");
  ASSERT_NE(messages, nullptr);
  EXPECT_LE(messages->text.size(), kRule.preview);
  EXPECT_TRUE(messages->text.starts_with(R"([{"role":"user","content":"the invoice)"));
  EXPECT_TRUE(messages->text.ends_with(R"("}])"));
  EXPECT_LE(s.events[0].attributes[0].value.text.size(), kRule.preview);
  EXPECT_EQ(pipeline::find_attribute(s.attributes, "small")->text, "stays");
  for (const auto field : {"gen_ai.input.messages", "content@event.0"}) {
    const auto* link = pipeline::find_attribute(s.attributes, std::string(kOffloaded) + field);
    ASSERT_NE(link, nullptr) << field;
    EXPECT_TRUE(whole.contains(std::string(link->text))) << link->text;
  }
  EXPECT_EQ(store::object_key(1, {}, 1, "../../etc/passwd"),
            "1/00000000000000000000000000000000/0000000000000001/..~2F..~2Fetc~2Fpasswd.zst");
  EXPECT_LT(store::object_key(1, {}, 1, std::string(5'000, 'k')).size(), 256u);
}

TEST(Offloader, puts_again_what_was_not_taken_and_goes_on_where_it_stood) {
  const TestFolder folder;
  auto log = log::open_log(posix_filesystem(), system_clock(), {.directory = folder.path() / "log"});
  ASSERT_TRUE(log) << log.error().message;
  const auto append = [&](std::string bytes) {
    std::promise<bool> done;
    (*log)->append({log::Signal::traces, 1, system_clock().unix_nanos(), 1},
                   log::Payload::of(std::move(bytes)), [&](const auto& r) { done.set_value(r.has_value()); });
    ASSERT_TRUE(done.get_future().get());
  };
  const auto text = long_text(100'000);
  append(request(1, text, "short"));
  append(request(2, "short", "short"));
  Objects objects(3);
  const auto retried = counted(Anomaly::offload_retried);
  OffloaderOptions options;
  options.rule = kRule;
  options.first_retry = std::chrono::milliseconds(1);
  {
    Offloader offloader(options, **log, system_clock(), objects);
    ASSERT_TRUE(offloader.start());
    while (offloader.health().position < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    EXPECT_EQ(objects.size(), 1u);
    EXPECT_TRUE(offloader.health().ok);
    EXPECT_EQ(counted(Anomaly::offload_retried), retried + 3);
    otlp::TraceId id{};
    id[0] = 1;
    const auto packed = objects.get(store::object_key(1, id, 7, "gen_ai.input.messages"));
    ASSERT_TRUE(packed);
    EXPECT_LT(packed->size(), text.size() / 2);
    const auto back = store::unpack_object(*packed, 1u << 20);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(*back, text);
    EXPECT_EQ(store::unpack_object(*packed, 1'000).error().kind, ErrorKind::too_large);
    EXPECT_EQ(store::unpack_object("junk", 1'000).error().kind, ErrorKind::corrupt);
  }
  append(request(3, text, text));
  Offloader again(options, **log, system_clock(), objects);
  ASSERT_TRUE(again.start());
  while (again.health().position < 3) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(objects.size(), 3u);
  EXPECT_EQ(again.objects(), 2u);  // the first was not put a second time
}

TEST(Offloader, a_record_that_cannot_be_decoded_is_counted_and_passed) {
  const TestFolder folder;
  auto log = log::open_log(posix_filesystem(), system_clock(), {.directory = folder.path() / "log"});
  ASSERT_TRUE(log) << log.error().message;
  const auto before = counted(Anomaly::exporter_record_undecodable);
  for (const auto& bytes : {std::string(10'000, '\xff'), request(1, long_text(9'000), "short")}) {
    std::promise<bool> done;
    (*log)->append({log::Signal::traces, 1, system_clock().unix_nanos(), 1},
                   log::Payload::of(std::string(bytes)),
                   [&](const auto& r) { done.set_value(r.has_value()); });
    ASSERT_TRUE(done.get_future().get());
  }
  Objects objects;
  OffloaderOptions options;
  options.rule = kRule;
  Offloader offloader(options, **log, system_clock(), objects);
  ASSERT_TRUE(offloader.start());
  while (offloader.health().position < 2) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_EQ(counted(Anomaly::exporter_record_undecodable), before + 1);
  EXPECT_EQ(objects.size(), 1u);
}

TEST(LocalObjects, replace_read_and_remove_with_their_folders) {
  const TestFolder folder;
  const auto place = (folder.path() / "objects").string();
  auto objects = store::open_local_objects(place);
  ASSERT_TRUE(objects) << objects.error().message;
  const auto key = store::object_key(1, {}, 1, "input");
  ASSERT_TRUE((*objects)->put(key, "one"));
  ASSERT_TRUE((*objects)->put(key, "two"));
  EXPECT_EQ((*objects)->get(key).value_or(""), "two");
  ASSERT_TRUE((*objects)->remove(key));
  ASSERT_TRUE((*objects)->remove(key));
  EXPECT_EQ((*objects)->get(key).error().kind, ErrorKind::not_found);
  EXPECT_TRUE(std::filesystem::is_empty(place + "/1"));
  EXPECT_FALSE(store::open_local_objects("/proc/nowhere"));
}

TEST(S3Objects, requests_are_signed_and_answers_told_apart) {
  std::mutex mutex;
  std::map<std::string, std::string> bucket;
  std::vector<std::string> authorizations;
  auto server =
      net::HttpServer::listen({}, [&](net::HttpRequest r, std::shared_ptr<net::Responder> responder) {
        const std::lock_guard lock(mutex);
        authorizations.emplace_back(r.header("authorization"));
        net::HttpResponse reply;
        if (r.path.find("denied") != std::string::npos) {
          reply.status = 403;
          reply.body = "<Error><Code>SignatureDoesNotMatch</Code></Error>";
        } else if (r.method == "PUT") {
          bucket[r.path] = r.body;
        } else if (r.method == "DELETE") {
          reply.status = bucket.erase(r.path) ? 204 : 404;
        } else if (bucket.contains(r.path)) {
          reply.body = bucket[r.path];
        } else {
          reply.status = 404;
          reply.body = "<Error><Code>NoSuchKey</Code></Error>";
        }
        responder->send(reply);
      });
  ASSERT_TRUE(server) << server.error().message;
  store::S3Options options;
  options.endpoint = "http://127.0.0.1:" + std::to_string((*server)->port()) + "/";
  options.bucket = "traces";
  options.prefix = "ts";
  options.access_key = *Secret::resolve("AKIDTEST");
  options.secret_key = *Secret::resolve("topsecretvalue");
  auto objects = store::open_s3_objects(options);
  ASSERT_TRUE(objects);
  const std::string bytes("\0\x28\xb5\x2f binary", 11);
  ASSERT_TRUE((*objects)->put("1/a", bytes));
  EXPECT_EQ(bucket["/traces/ts/1/a"], bytes);
  EXPECT_EQ((*objects)->get("1/a").value_or(""), bytes);
  ASSERT_TRUE((*objects)->remove("1/a"));
  ASSERT_TRUE((*objects)->remove("1/a"));
  const auto gone = (*objects)->get("1/a");
  ASSERT_FALSE(gone);
  EXPECT_EQ(gone.error().kind, ErrorKind::not_found);
  const auto denied = (*objects)->put("1/denied", "x");
  ASSERT_FALSE(denied);
  EXPECT_EQ(denied.error().kind, ErrorKind::permission_denied);
  EXPECT_NE(denied.error().message.find("SignatureDoesNotMatch"), std::string::npos);
  EXPECT_EQ(denied.error().message.find("topsecret"), std::string::npos);
  for (const auto& a : authorizations) {
    EXPECT_TRUE(a.starts_with("AWS4-HMAC-SHA256 Credential=AKIDTEST/")) << a;
    EXPECT_NE(a.find("/us-east-1/s3/aws4_request"), std::string::npos) << a;
  }
  server->reset();
  const auto down = (*objects)->get("1/a");
  ASSERT_FALSE(down);
  EXPECT_EQ(down.error().kind, ErrorKind::unavailable);
}

TEST(S3Objects, an_answer_that_is_cut_within_its_head_is_none) {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  ASSERT_EQ(::bind(listener, reinterpret_cast<sockaddr*>(&at), size), 0);
  ASSERT_EQ(::listen(listener, 8), 0);
  ASSERT_EQ(::getsockname(listener, reinterpret_cast<sockaddr*>(&at), &size), 0);
  std::thread server([&] {
    for (int fd; (fd = ::accept(listener, nullptr, nullptr)) >= 0; ::close(fd)) {
      char buffer[4096];
      const std::string_view half = "HTTP/1.1 200 OK\r\ncontent-le";
      if (::recv(fd, buffer, sizeof buffer, 0) > 0) ::send(fd, half.data(), half.size(), MSG_NOSIGNAL);
    }
  });
  store::S3Options options;
  options.endpoint = "http://127.0.0.1:" + std::to_string(ntohs(at.sin_port));
  options.bucket = "traces";
  options.access_key = *Secret::resolve("AKIDTEST");
  options.secret_key = *Secret::resolve("topsecretvalue");
  auto objects = store::open_s3_objects(options);
  ASSERT_TRUE(objects);
  const auto put = (*objects)->put("1/a", "bytes");
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().kind, ErrorKind::unavailable);
  EXPECT_FALSE((*objects)->get("1/a"));
  EXPECT_FALSE((*objects)->remove("1/a"));
  ::shutdown(listener, SHUT_RDWR);
  server.join();
  ::close(listener);
}

}  // namespace
}  // namespace turnscope::sinks
