// Shared by the tests of the receivers: a real log in its own folder, requests of any size, a gRPC client of
// raw bytes.
#pragma once
#include <gtest/gtest.h>
#include <zlib.h>
#include <zstd.h>

#include <chrono>
#include <filesystem>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/filesystem.h"
#include "log/log.h"
#include "otlp/test_support.h"

namespace turnscope::receivers {

template <typename Condition>
bool eventually(Condition condition) {
  for (const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
       std::chrono::steady_clock::now() < end;) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return false;
}

/// The real log in a fresh folder.
class TestLog {
 public:
  explicit TestLog(log::Options options = {}) {
    std::string folder = (std::filesystem::temp_directory_path() / "turnscope-receivers-XXXXXX").string();
    if (!::mkdtemp(folder.data())) ADD_FAILURE() << "no temporary folder";
    folder_ = folder;
    options.directory = folder;
    auto opened = log::open_log(posix_filesystem(), system_clock(), std::move(options));
    if (!opened) ADD_FAILURE() << opened.error().message;
    log_ = std::move(opened.value());
  }
  ~TestLog() {
    log_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  log::Log& operator*() { return *log_; }
  log::Log* operator->() { return log_.get(); }

  struct Stored {
    log::RecordHead head;
    std::string bytes;
  };
  std::vector<Stored> records() {
    std::vector<Stored> all;
    auto reader = log_->read(0);
    for (;;) {
      auto next = reader->next();
      if (!next || !*next) return all;
      all.push_back({(*next)->head, std::string((*next)->bytes)});
    }
  }

 private:
  std::filesystem::path folder_;
  std::unique_ptr<log::Log> log_;
};

/// A log that never answers until it is told to: for back-pressure, which the real one shows only when its
/// disk is slow.
class StuckLog : public log::Log {
 public:
  void append(log::RecordHead, log::Payload, log::Done done) override {
    std::unique_lock lock(mutex_);
    if (refuse_) {
      lock.unlock();
      done(fail(*refuse_));
      return;
    }
    waiting_.push_back(std::move(done));
  }
  std::unique_ptr<log::Reader> read(log::Position) override { return nullptr; }
  Result<std::shared_ptr<log::Cursor>> cursor(std::string_view) override {
    return fail(ErrorKind::unimplemented, "no cursors");
  }
  Status remove_cursor(std::string_view) override { return {}; }
  log::Stats stats() const override { return {}; }
  void close() override { answer(); }

  std::size_t waiting() {
    const std::lock_guard lock(mutex_);
    return waiting_.size();
  }
  /// Every append from now on fails so; nullopt: they wait.
  void refuse(std::optional<Error> error) {
    const std::lock_guard lock(mutex_);
    refuse_ = std::move(error);
  }
  void answer() {
    std::vector<log::Done> all;
    {
      const std::lock_guard lock(mutex_);
      all.swap(waiting_);
    }
    for (auto& done : all) done(log::Position{0});
  }

 private:
  std::mutex mutex_;
  std::vector<log::Done> waiting_;
  std::optional<Error> refuse_;
};

/// A trace request of `spans` good spans, padded by an attribute so that it has exactly `bytes` bytes (if not
/// 0).
inline std::string trace_request(std::size_t spans = 1, std::size_t bytes = 0) {
  const auto build = [&](std::size_t padding) {
    std::string scope;
    protozero::pbf_writer s(scope);
    for (std::size_t i = 1; i <= spans; ++i) {
      protozero::pbf_writer span(s, 2);
      span.add_bytes(1, std::string(16, '\x11'));
      std::string id(8, '\0');
      for (std::size_t k = 0; k < 8; ++k) id[7 - k] = static_cast<char>(i >> (8 * k) & 0xFF);
      span.add_bytes(2, id);
      span.add_string(5, "chat");
    }
    std::string group, out;
    {
      protozero::pbf_writer g(group);
      g.add_message(2, scope);
      g.add_string(3, std::string(padding, 'x'));  // schema_url: text that is checked like any other
    }
    protozero::pbf_writer(out).add_message(1, group);
    return out;
  };
  std::string out = build(0);
  if (bytes > out.size()) {
    std::size_t padding = bytes - out.size();
    while ((out = build(padding)).size() > bytes) padding -= out.size() - bytes;
  }
  return out;
}

inline std::string gzip(std::string_view text) {
  z_stream z{};
  deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&z, text.size()), '\0');
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  z.avail_in = static_cast<uInt>(text.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

inline std::string zstd(std::string_view text, int window_log = 0, bool with_size = true) {
  ZSTD_CCtx* c = ZSTD_createCCtx();
  if (window_log) ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, window_log);
  ZSTD_CCtx_setParameter(c, ZSTD_c_contentSizeFlag, with_size);
  std::string out(ZSTD_compressBound(text.size()), '\0');
  ZSTD_inBuffer in{text.data(), text.size(), 0};
  ZSTD_outBuffer o{out.data(), out.size(), 0};
  if (with_size) ZSTD_CCtx_setPledgedSrcSize(c, text.size());
  if (!with_size)
    ZSTD_compressStream2(c, &o, &in, ZSTD_e_continue);  // so that the size is not known at the start
  while (ZSTD_compressStream2(c, &o, &in, ZSTD_e_end) != 0) {
  }
  out.resize(o.pos);
  ZSTD_freeCCtx(c);
  return out;
}

/// google.rpc.Status, read back.
struct RpcStatus {
  int code = 0;
  std::string message;
  std::vector<std::string> details;  ///< type URLs
  std::chrono::milliseconds retry{-1};

  static RpcStatus parse(const std::string& bytes) {
    RpcStatus s;
    protozero::pbf_reader r(bytes);
    while (r.next()) {
      switch (r.tag()) {
        case 1:
          s.code = r.get_int32();
          break;
        case 2:
          s.message = r.get_string();
          break;
        case 3: {
          protozero::pbf_reader any = r.get_message();
          std::string type, value;
          while (any.next()) {
            if (any.tag() == 1)
              type = any.get_string();
            else if (any.tag() == 2)
              value = any.get_bytes();
            else
              any.skip();
          }
          if (type.ends_with("RetryInfo")) {
            s.retry = std::chrono::milliseconds(0);
            protozero::pbf_reader info(value);
            while (info.next(1)) {
              protozero::pbf_reader d = info.get_message();
              while (d.next()) {
                if (d.tag() == 1)
                  s.retry += std::chrono::seconds(d.get_int64());
                else
                  s.retry += std::chrono::milliseconds(d.get_int32() / 1'000'000);
              }
            }
          }
          s.details.push_back(type);
          break;
        }
        default:
          r.skip();
      }
    }
    return s;
  }
};

struct Partial {
  bool present = false;
  std::int64_t rejected = 0;
  std::string message;

  static Partial parse(const std::string& bytes) {
    Partial p;
    protozero::pbf_reader r(bytes);
    while (r.next(1)) {
      p.present = true;
      protozero::pbf_reader part = r.get_message();
      while (part.next()) {
        if (part.tag() == 1)
          p.rejected = part.get_int64();
        else
          p.message = part.get_string();
      }
    }
    return p;
  }
};

}  // namespace turnscope::receivers
