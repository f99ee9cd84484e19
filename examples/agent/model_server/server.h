// A scripted model server: speaks Anthropic's Messages wire format (plain and streamed) on loopback, so that
// the agent, the demo and the tests hold whole conversations without a key or a network.
#pragma once
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "examples/agent/model_server/script.h"

namespace turnscope::example {

struct ModelServerOptions {
  std::uint16_t port = 0;                  ///< 0: a free one; always 127.0.0.1
  std::size_t max_connections = 64;        ///< more are closed at once
  std::size_t max_body_bytes = 32u << 20;  ///< 413 request_too_large beyond, as the vendor has it
};

class ModelServer {
 public:
  static std::expected<std::unique_ptr<ModelServer>, std::string> start(ModelServerOptions options,
                                                                        Script script);
  ~ModelServer();  ///< cuts connections and waits for their threads
  ModelServer(const ModelServer&) = delete;
  ModelServer& operator=(const ModelServer&) = delete;

  std::uint16_t port() const;
  std::string base_url() const;    ///< "http://127.0.0.1:PORT"
  std::uint64_t requests() const;  ///< answered, errors included

 private:
  struct Impl;
  explicit ModelServer(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace turnscope::example
