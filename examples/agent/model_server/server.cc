#include "examples/agent/model_server/server.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <condition_variable>
#include <list>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "examples/agent/model_server/messages_wire.h"

namespace turnscope::example {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
namespace json = boost::json;
using tcp = asio::ip::tcp;
using Request = http::request<http::string_body>;
using Response = http::response<http::string_body>;

constexpr std::size_t max_remembered_failures = 4'096;

struct Connection {
  explicit Connection(tcp::socket s) : socket(std::move(s)) {}
  tcp::socket socket;
  std::thread thread;
  std::atomic<bool> done = false;
};

std::string_view view(boost::string_view s) { return {s.data(), s.size()}; }

}  // namespace

struct ModelServer::Impl {
  explicit Impl(ModelServerOptions o, Script s) : options(o), script(std::move(s)) {}

  ModelServerOptions options;
  Script script;
  asio::io_context io;
  tcp::acceptor acceptor{io};
  std::thread accepting;
  std::list<Connection> connections;  // owned by the accepting thread
  std::mutex mutex;
  std::condition_variable wake;
  bool stopping = false;                          // under mutex
  std::map<std::string, std::uint64_t> failures;  // under mutex: (scenario, step, question) → times failed
  std::atomic<std::uint64_t> served = 0;
  const std::uint64_t run_id = std::random_device{}() * 0x100000000ull + std::random_device{}();

  void accept() {
    for (;;) {
      boost::system::error_code failed;
      tcp::socket socket = acceptor.accept(failed);
      {
        std::lock_guard lock(mutex);
        if (stopping) return;
      }
      if (failed) continue;
      std::erase_if(connections, [](Connection& c) {
        if (c.done) c.thread.join();
        return c.done.load();
      });
      if (connections.size() >= options.max_connections) continue;  // closed by its destructor
      socket.set_option(tcp::no_delay(true), failed);
      Connection& connection = connections.emplace_back(std::move(socket));
      connection.thread = std::thread([this, &connection] {
        serve(connection.socket);
        connection.done = true;
      });
    }
  }

  /// False when the server is stopping.
  bool wait(int milliseconds) {
    std::unique_lock lock(mutex);
    wake.wait_for(lock, std::chrono::milliseconds(milliseconds), [this] { return stopping; });
    return !stopping;
  }

  void serve(tcp::socket& socket) {
    boost::beast::flat_buffer buffer;
    boost::system::error_code failed;
    for (;;) {
      http::request_parser<http::string_body> parser;
      parser.body_limit(options.max_body_bytes);
      parser.header_limit(16u << 10);
      http::read(socket, buffer, parser, failed);
      const std::string id = fmt::format("{:016x}{:04x}", run_id, ++served & 0xffff);
      if (failed == http::error::body_limit) {
        write(socket,
              error(413, "",
                    fmt::format("Request exceeds the maximum size of {} bytes", options.max_body_bytes), id,
                    11),
              failed);
        return;
      }
      if (failed) {
        --served;
        return;
      }
      if (!answer(socket, parser.get(), id) || !parser.get().keep_alive()) return;
    }
  }

  static Response error(int status, std::string_view type, std::string_view message, std::string_view id,
                        unsigned version) {
    Response response(static_cast<http::status>(status), version);
    response.set(http::field::content_type, "application/json");
    response.set("request-id", fmt::format("req_{}", id));
    response.body() = error_json(status, type, message, fmt::format("req_{}", id));
    return response;
  }

  static bool write(tcp::socket& socket, Response&& response, boost::system::error_code& failed) {
    response.prepare_payload();
    http::write(socket, response, failed);
    return !failed;
  }

  bool answer(tcp::socket& socket, const Request& request, const std::string& id) {
    boost::system::error_code failed;
    const auto refuse = [&](int status, std::string_view message) {
      return write(socket, error(status, "", message, id, request.version()), failed);
    };
    if (view(request.target()) != "/v1/messages") return refuse(404, "Not found");
    if (request.method() != http::verb::post) return refuse(405, "Use POST");
    if (request["x-api-key"].empty()) return refuse(401, "x-api-key header is required");
    if (request["anthropic-version"].empty()) return refuse(400, "anthropic-version: header is required");
    json::error_code bad;
    const json::value body = json::parse(request.body(), bad);
    if (bad) return refuse(400, "The request body is not valid JSON: " + bad.message());
    if (auto checked = check_request(body); !checked) return refuse(400, checked.error());

    const json::object& object = body.get_object();
    const json::array& messages = object.at("messages").get_array();
    const Reply reply = script.answer(messages, view(request["x-scenario"]));
    if (!wait(reply.latency_ms)) return false;
    if (reply.failure && fails(reply, messages)) {
      Response response =
          error(reply.failure->status, reply.failure->type, reply.failure->message, id, request.version());
      if (!reply.failure->retry_after.empty())
        response.set(http::field::retry_after, reply.failure->retry_after);
      return write(socket, std::move(response), failed);
    }
    return speak(socket, request, object, reply, id);
  }

  /// Counts the requests for one step of one conversation, so that "fail twice, then answer" can be scripted.
  bool fails(const Reply& reply, const json::array& messages) {
    const std::string key = fmt::format("{}/{}/{}", reply.scenario, reply.step,
                                        std::hash<std::string>{}(json::serialize(messages)));
    std::lock_guard lock(mutex);
    if (failures.size() >= max_remembered_failures) failures.clear();
    return ++failures[key] <= reply.failure->times;
  }

  bool speak(tcp::socket& socket, const Request& request, const json::object& body, const Reply& reply,
             const std::string& id) {
    boost::system::error_code failed;
    const std::string model(body.at("model").get_string());
    const WireUsage usage = usage_of(body, reply);
    const std::string message_id = "msg_" + id;
    const json::value* stream = body.if_contains("stream");
    if (!stream || !stream->is_bool() || !stream->get_bool()) {
      Response response(http::status::ok, request.version());
      response.set(http::field::content_type, "application/json");
      response.set("request-id", "req_" + id);
      response.body() = json::serialize(message_json(reply, usage, message_id, model));
      return write(socket, std::move(response), failed);
    }
    http::response<http::empty_body> head(http::status::ok, request.version());
    head.set(http::field::content_type, "text/event-stream; charset=utf-8");
    head.set("request-id", "req_" + id);
    head.chunked(true);
    http::response_serializer<http::empty_body> serializer(head);
    http::write_header(socket, serializer, failed);
    for (const std::string& event : stream_events(reply, usage, message_id, model)) {
      if (failed) return false;
      asio::write(socket, http::make_chunk(asio::buffer(event)), failed);
      if (reply.chunk_ms > 0 && event.starts_with("event: content_block_delta") && !wait(reply.chunk_ms))
        return false;
    }
    asio::write(socket, http::make_chunk_last(), failed);
    return !failed;
  }

  void stop() {
    {
      std::lock_guard lock(mutex);
      stopping = true;
    }
    wake.notify_all();
    ::shutdown(acceptor.native_handle(), SHUT_RDWR);  // wakes the blocking accept
    if (accepting.joinable()) accepting.join();
    for (Connection& connection : connections) ::shutdown(connection.socket.native_handle(), SHUT_RDWR);
    for (Connection& connection : connections) connection.thread.join();
  }
};

ModelServer::ModelServer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ModelServer::~ModelServer() { impl_->stop(); }
std::uint16_t ModelServer::port() const { return impl_->acceptor.local_endpoint().port(); }
std::string ModelServer::base_url() const { return fmt::format("http://127.0.0.1:{}", port()); }
std::uint64_t ModelServer::requests() const { return impl_->served; }

std::expected<std::unique_ptr<ModelServer>, std::string> ModelServer::start(ModelServerOptions options,
                                                                            Script script) {
  auto impl = std::make_unique<Impl>(options, std::move(script));
  boost::system::error_code failed;
  const tcp::endpoint endpoint(asio::ip::address_v4::loopback(), options.port);
  impl->acceptor.open(endpoint.protocol(), failed);
  if (!failed) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), failed);
  if (!failed) impl->acceptor.bind(endpoint, failed);
  if (!failed) impl->acceptor.listen(64, failed);
  if (failed)
    return std::unexpected(fmt::format("cannot listen on 127.0.0.1:{}: {}", options.port, failed.message()));
  Impl& running = *impl;
  running.accepting = std::thread([&running] { running.accept(); });
  return std::unique_ptr<ModelServer>(new ModelServer(std::move(impl)));
}

}  // namespace turnscope::example
