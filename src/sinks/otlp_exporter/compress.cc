#include "sinks/otlp_exporter/compress.h"

#include <isa-l/igzip_lib.h>
#include <zstd.h>

namespace turnscope::sinks {
namespace {
// The cheapest levels: prompts shrink to a third with them already, and better ones cost more CPU than the
// network.
constexpr int kGzipLevel = 1;
constexpr int kZstdLevel = 1;
constexpr std::size_t kGzipFrame = 1'024;  // header, trailer and room for the last block
}  // namespace

struct Compressor::State {
  isal_zstream gzip{};
  std::string level_buffer;
  ZSTD_CCtx* zstd = nullptr;
};

Compressor::Compressor(Compression kind) : kind_(kind), state_(std::make_unique<State>()) {
  if (kind == Compression::gzip) state_->level_buffer.resize(ISAL_DEF_LVL1_DEFAULT);
  if (kind == Compression::zstd) state_->zstd = ZSTD_createCCtx();
}

Compressor::~Compressor() {
  if (state_->zstd != nullptr) ZSTD_freeCCtx(state_->zstd);
}

const char* Compressor::name() const {
  return kind_ == Compression::gzip ? "gzip" : kind_ == Compression::zstd ? "zstd" : nullptr;
}

std::string_view Compressor::compress(std::string_view in) {
  if (kind_ == Compression::gzip) {
    // ISA-L: see docs/performance.md.
    isal_zstream& z = state_->gzip;
    isal_deflate_init(&z);
    z.level = kGzipLevel;
    z.level_buf = reinterpret_cast<std::uint8_t*>(state_->level_buffer.data());
    z.level_buf_size = static_cast<std::uint32_t>(state_->level_buffer.size());
    z.gzip_flag = IGZIP_GZIP;
    z.end_of_stream = 1;
    z.flush = NO_FLUSH;
    z.next_in = reinterpret_cast<std::uint8_t*>(const_cast<char*>(in.data()));
    z.avail_in = static_cast<std::uint32_t>(in.size());
    out_.resize(in.size() + in.size() / 8 + kGzipFrame);
    do {
      if (z.total_out == out_.size()) out_.resize(out_.size() * 2);
      z.next_out = reinterpret_cast<std::uint8_t*>(out_.data()) + z.total_out;
      z.avail_out = static_cast<std::uint32_t>(out_.size() - z.total_out);
      if (isal_deflate(&z) != COMP_OK) return {};
    } while (z.internal_state.state != ZSTATE_END);
    out_.resize(z.total_out);
    return out_;
  }
  if (kind_ == Compression::zstd) {
    out_.resize(ZSTD_compressBound(in.size()));
    const auto n =
        ZSTD_compressCCtx(state_->zstd, out_.data(), out_.size(), in.data(), in.size(), kZstdLevel);
    out_.resize(ZSTD_isError(n) ? 0 : n);
    return out_;
  }
  return in;
}

}  // namespace turnscope::sinks
