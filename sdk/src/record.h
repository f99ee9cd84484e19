// What a recording span writes to: attributes, events and links are encoded into one buffer as they come; the
// rest of the Span message is written when it ends. Records are pooled per thread.
#pragma once
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "batch.h"
#include "bytes.h"
#include "turnscope/sdk/tracer.h"

namespace turnscope::sdk::detail {

struct TracerState {
  ProviderState* provider = nullptr;
  std::uint32_t scope = 0;
};

/// Never freed (a few hundred bytes for each provider that was ever made): spans and tracers may outlive
/// their provider, and a plain pointer costs them nothing. Shutdown frees the buffers inside.
struct ProviderState {
  Config config;
  std::uint64_t sample_below = 0;  ///< traceidratio: sampled when the id's last 63 bits are below
  /// off: parents pass through unchanged; ids: spans get ids and travel, but nothing is recorded (exporter
  /// "none").
  enum class Mode : std::uint8_t { off, ids, record };
  std::atomic<Mode> mode{Mode::off};
  BatchProcessor* processor = nullptr;
  mutable std::mutex mutex;
  struct Scope {
    std::string name, version, encoded;
    std::unique_ptr<TracerState> tracer;
  };
  std::vector<Scope> scopes;
};

struct SpanRecord {
  struct AttributeEntry {
    std::uint32_t hash, offset, size, key_offset, key_size;
  };
  TracerState* tracer = nullptr;
  SpanId parent;
  bool parent_remote = false;
  SpanKind kind = SpanKind::internal;
  StatusCode status = StatusCode::unset;
  std::int64_t start_wall = 0, offset = 0;
  std::uint32_t events = 0, links = 0, dropped_attributes = 0, dropped_events = 0, dropped_links = 0;
  std::uint64_t key_bits = 0;  ///< bit (hash mod 64) of every key that was set: a clear bit spares the search
  std::string status_message;
  Bytes name;
  Bytes body;     ///< fields 9, 11, 13 of Span
  Bytes scratch;  ///< one event or link while it is built
  std::vector<AttributeEntry> attributes;
  SpanRecord* next = nullptr;

  static SpanRecord* take();
  static void give(SpanRecord* record);
  void set(std::string_view key, const Value& value);
};

}  // namespace turnscope::sdk::detail
