// One HTTP/1.1 server for every port we serve (Boost.Beast behind this header): limits, timeouts, keep-alive,
// graceful drain. It knows nothing of routes: a handler gets each request and answers once, on any thread, or
// streams.
#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace turnscope::net {

using Headers = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;  ///< "GET"
  std::string path;    ///< percent-decoded once, always starts with '/', no "..", no NUL
  std::string query;   ///< raw text behind '?'
  Headers headers;     ///< names lower-case
  std::string body;    ///< as on the wire (not decompressed)
  std::string peer;    ///< "127.0.0.1:5000"

  /// First header of that (lower-case) name, or empty.
  std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  Headers headers;  ///< Content-Length, Date and Connection are the server's business
  std::string body;
};

/// A response that is written piece by piece (SSE, exports). All functions are thread-safe.
class ResponseStream {
 public:
  virtual ~ResponseStream() = default;
  /// False once the client is gone or more than `max_buffered` bytes wait to be sent: then stop and drop the
  /// stream.
  virtual bool write(std::string_view chunk) = 0;
  virtual void close() = 0;
  virtual bool open() const = 0;
  /// Bytes that wait to be sent: how far the client lags.
  virtual std::size_t waiting() const { return 0; }
};

class Responder {
 public:
  virtual ~Responder() = default;
  /// Sends the answer; the first call counts, later ones are ignored. A Responder destroyed unused answers
  /// 500.
  virtual void send(HttpResponse) = 0;
  /// Sends the head (chunked) and returns the stream for the body.
  virtual std::shared_ptr<ResponseStream> stream(HttpResponse head, std::size_t max_buffered = 1u << 20) = 0;
  /// True when the client has closed the connection: long work should stop.
  virtual bool cancelled() const = 0;
};

/// Called on a worker thread (never on the I/O thread); may block for as long as a query may run.
using Handler = std::function<void(HttpRequest, std::shared_ptr<Responder>)>;

/// `content_length` is what the head declares, 0 for none and for chunked bodies. Runs on the I/O thread: be
/// quick. Asked once the head is read, before any byte of the body: return a response to refuse (401, 413,
/// 404 …) early.
using HeadCheck =
    std::function<std::optional<HttpResponse>(const HttpRequest& head_only, std::size_t content_length)>;

struct HttpOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;                          ///< 0: a free one
  std::size_t max_header_bytes = 32u << 10;        ///< 431 beyond
  std::size_t max_body_bytes = 64u << 20;          ///< 413 beyond
  std::chrono::milliseconds read_timeout{30'000};  ///< from one request's first byte to its last
  std::chrono::milliseconds idle_timeout{75'000};  ///< between requests of a kept connection
  std::size_t max_connections = 10'000;
  std::size_t max_buffered_body_bytes =
      512u << 20;             ///< bodies being read or handled, all connections; 503 + Retry-After beyond
  std::size_t workers = 4;    ///< threads that run the handler
  std::size_t queue = 1'024;  ///< requests waiting for a worker; 503 + Retry-After beyond
  std::chrono::milliseconds max_queue_wait{5'000};  ///< for a worker; 503 + Retry-After beyond
  std::size_t max_buffered_answer_bytes =
      256u << 20;  ///< answers that wait for slow readers, all connections; 503 beyond, streams are cut
  HeadCheck head_check;
  /// Body and content type of an error that the server itself answers (400, 408, 413, 431, 503).
  std::function<HttpResponse(int status, std::string_view message, const HttpRequest& head_only)> error_body;
};

class HttpServer {
 public:
  virtual ~HttpServer() = default;  ///< stops at once
  static Result<std::unique_ptr<HttpServer>> listen(HttpOptions, Handler);
  virtual std::uint16_t port() const = 0;
  /// Accepts nothing new, finishes requests under way (at most until the deadline), closes idle connections.
  virtual void drain(std::chrono::milliseconds deadline) = 0;
};

/// Decodes a query string or form body into pairs; "+" is a space. Errors: bad percent escapes, NUL.
Result<std::vector<std::pair<std::string, std::string>>> parse_query(std::string_view);

}  // namespace turnscope::net
