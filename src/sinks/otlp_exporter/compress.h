// Compression of outgoing requests; the compressor's memory is kept between requests. Belongs to one thread.
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "sinks/otlp_exporter/options.h"

namespace turnscope::sinks {

class Compressor {
 public:
  explicit Compressor(Compression);
  ~Compressor();
  Compressor(const Compressor&) = delete;
  Compressor& operator=(const Compressor&) = delete;
  /// Valid until the next call; the input itself for Compression::none.
  std::string_view compress(std::string_view);
  const char* name() const;  ///< of the Content-Encoding; null for none

 private:
  struct State;
  const Compression kind_;
  std::unique_ptr<State> state_;
  std::string out_;
};

}  // namespace turnscope::sinks
