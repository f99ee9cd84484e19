// trace_context_service --port N [--host 127.0.0.1]
// The service that the W3C Trace Context validation suite drives: it takes a POST of a JSON array of
// {"url": …, "arguments": …} and posts each `arguments`, as JSON, to its `url`, with the context that it
// extracted from the request and injects into the call: a server span for the request, a client span below it
// for each call. Ready: one line {"listening":"host:port"} on standard output. Stops on SIGTERM or SIGINT.
#include <curl/curl.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/json.hpp>
#include <charconv>
#include <cstdio>
#include <iostream>
#include <set>
#include <string>
#include <thread>

#include "turnscope/sdk/sdk.h"

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
namespace json = boost::json;
using tcp = asio::ip::tcp;
using namespace turnscope::sdk;

constexpr int max_connections = 64;
constexpr std::size_t max_body = 1 << 20, max_calls = 100;
constexpr long call_timeout_ms = 5000;
constexpr int socket_timeout_ms = 10'000;

struct Service {
  Sdk sdk;
  Tracer tracer;
  Propagators propagators;
};

/// Each header line stays a value of its own; Beast keeps duplicates apart.
Context extracted(const http::request<http::string_body>& request, Propagators which) {
  return extract(
      [&](std::string_view name, const std::function<void(std::string_view)>& yield) {
        const auto [first, last] = request.equal_range(beast::string_view(name.data(), name.size()));
        for (auto it = first; it != last; ++it) yield({it->value().data(), it->value().size()});
      },
      {}, which);
}

/// Posts a body; the text of what went wrong, empty when nothing did.
std::string post(const std::string& url, const std::string& body, const Context& context, Propagators which) {
  CURL* curl = curl_easy_init();
  if (!curl) return "libcurl could not be initialised";
  curl_slist* headers = curl_slist_append(nullptr, "Content-Type: application/json");
  headers = curl_slist_append(headers, "Expect:");
  inject(
      context,
      [&](std::string_view name, std::string_view value) {
        headers = curl_slist_append(headers, (std::string(name) + ": " + std::string(value)).c_str());
      },
      which);
  curl_easy_setopt(curl, CURLOPT_URL, url.c_str());
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
  curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body.data());
  curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(body.size()));
  curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, call_timeout_ms);
  curl_easy_setopt(
      curl, CURLOPT_WRITEFUNCTION, +[](char*, std::size_t size, std::size_t n, void*) { return size * n; });
  const CURLcode code = curl_easy_perform(curl);
  curl_slist_free_all(headers);
  curl_easy_cleanup(curl);
  return code == CURLE_OK ? "" : curl_easy_strerror(code);
}

struct Answer {
  http::status status = http::status::ok;
  std::string text;
};

Answer refuse(std::string text) { return {http::status::bad_request, std::move(text)}; }

Answer handle(Service& service, const http::request<http::string_body>& request) {
  StartOptions options;
  options.parent = extracted(request, service.propagators);
  options.kind = SpanKind::server;
  Span span = service.tracer.start("POST", options);
  if (request.method() != http::verb::post) return {http::status::method_not_allowed, "send a POST"};
  boost::system::error_code error;
  const json::value body = json::parse(request.body(), error);
  if (error) return refuse("the body is no JSON: " + error.message());
  if (!body.is_array()) return refuse("the body has to be an array of {url, arguments}");
  if (body.get_array().size() > max_calls)
    return refuse("at most " + std::to_string(max_calls) + " calls a request; send fewer");
  for (const json::value& call : body.get_array()) {
    const json::object* o = call.if_object();
    const json::value* url = o ? o->if_contains("url") : nullptr;
    if (!url || !url->is_string()) return refuse("each call has to be {\"url\": text, \"arguments\": any}");
  }
  Answer answer{http::status::ok, "[]"};
  for (const json::value& call : body.get_array()) {
    StartOptions below;
    below.parent = span.context();
    below.kind = SpanKind::client;
    Span client = service.tracer.start("POST", below);
    const std::string url = json::value_to<std::string>(call.at("url"));
    const json::value* arguments = call.get_object().if_contains("arguments");
    const std::string failure =
        post(url, arguments ? json::serialize(*arguments) : "[]", client.context(), service.propagators);
    if (failure.empty()) continue;
    client.set_status(StatusCode::error, failure);
    answer = {http::status::bad_gateway, url + ": " + failure};
  }
  return answer;
}

/// A blocking stream that gives up on a peer that is silent: Beast's own timeouts work on asynchronous calls
/// only, and Asio goes on waiting when SO_RCVTIMEO has passed.
class TimedStream {
 public:
  explicit TimedStream(tcp::socket& socket) : socket_(socket) {}
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers, boost::system::error_code& error) {
    return ready(POLLIN, error) ? socket_.read_some(buffers, error) : 0;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers, boost::system::error_code& error) {
    return ready(POLLOUT, error) ? socket_.write_some(buffers, error) : 0;
  }
  template <class Buffers>
  std::size_t read_some(const Buffers& buffers) {
    boost::system::error_code error;
    const std::size_t n = read_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return n;
  }
  template <class Buffers>
  std::size_t write_some(const Buffers& buffers) {
    boost::system::error_code error;
    const std::size_t n = write_some(buffers, error);
    if (error) throw boost::system::system_error(error);
    return n;
  }

 private:
  bool ready(short what, boost::system::error_code& error) {
    pollfd p{socket_.native_handle(), what, 0};
    if (::poll(&p, 1, socket_timeout_ms) > 0) return true;
    error = asio::error::timed_out;
    return false;
  }
  tcp::socket& socket_;
};

void serve(Service& service, tcp::socket socket) {
  TimedStream stream(socket);
  beast::flat_buffer buffer;
  for (;;) {
    boost::system::error_code error;
    http::request_parser<http::string_body> parser;
    parser.body_limit(max_body);
    http::read(stream, buffer, parser, error);
    if (error == http::error::end_of_stream) break;
    http::response<http::string_body> response;
    if (error == http::error::body_limit) {
      response.result(http::status::payload_too_large);
      response.body() = "the body may have " + std::to_string(max_body) + " bytes";
      response.keep_alive(false);
    } else if (error) {
      break;
    } else {
      const Answer answer = handle(service, parser.get());
      response.result(answer.status);
      response.body() = answer.text;
      response.keep_alive(parser.get().keep_alive());
    }
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.prepare_payload();
    http::write(stream, response, error);
    if (error || !response.keep_alive()) break;
  }
  boost::system::error_code ignored;
  socket.shutdown(tcp::socket::shutdown_send, ignored);
}

int usage(const char* why) {
  std::cerr << why << "\nusage: trace_context_service --port N [--host ADDRESS]\n";
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  std::string host = "127.0.0.1";
  int port = -1;
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    if (i + 1 == argc) return usage("a flag without its value");
    const std::string_view value = argv[++i];
    if (flag == "--host")
      host = value;
    else if (flag != "--port" ||
             std::from_chars(value.data(), value.data() + value.size(), port).ec != std::errc())
      return usage("unknown flag or no number");
  }
  if (port < 0 || port > 65535) return usage("--port is missing or no port");

  // Signals are waited for by one thread; every other one has them blocked.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);

  Config config = Config::from_env();
  if (config.service_name.empty()) config.service_name = "trace-context-service";
  const Propagators propagators = config.propagators;
  Service service{start(std::move(config)), {}, propagators};
  service.tracer = service.sdk.tracer("trace_context_service");

  boost::system::error_code error;
  asio::io_context io;
  const auto address = asio::ip::make_address(host, error);
  if (error) return usage("--host is no address");
  tcp::acceptor acceptor(io);
  const tcp::endpoint wanted(address, static_cast<std::uint16_t>(port));
  acceptor.open(wanted.protocol(), error);
  acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  acceptor.bind(wanted, error);
  if (!error) acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    std::cerr << "cannot listen on " << host << ":" << port << ": " << error.message() << "\n";
    return 1;
  }
  std::cout << "{\"listening\":\"" << host << ":" << acceptor.local_endpoint().port() << "\"}" << std::endl;

  std::atomic<int> connections{0};
  std::thread accepting([&] {
    for (;;) {
      boost::system::error_code failed;
      tcp::socket socket(io);
      acceptor.accept(socket, failed);
      if (failed == asio::error::operation_aborted || failed == asio::error::bad_descriptor ||
          failed == asio::error::invalid_argument)
        return;
      if (failed || connections.load() >= max_connections) continue;  // the socket closes
      ++connections;
      std::thread([&service, &connections, s = std::move(socket)]() mutable {
        try {
          serve(service, std::move(s));
        } catch (const std::exception& e) {
          std::cerr << "connection: " << e.what() << "\n";
        }
        --connections;
      }).detach();
    }
  });
  int caught = 0;
  sigwait(&signals, &caught);
  ::shutdown(acceptor.native_handle(), SHUT_RDWR);  // wakes the blocking accept
  accepting.join();
  service.sdk.tracers.shutdown(std::chrono::seconds(2));
  service.sdk.meters.shutdown(std::chrono::seconds(2));
  std::cout.flush();
  std::_Exit(0);  // connections that are still open belong to detached threads
}
