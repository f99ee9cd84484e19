// OTLP bytes → model. Protobuf by protozero, JSON by simdjson (proto3 JSON mapping with hex ids, as the OTLP
// specification has it). Decoding repairs and bounds what it can and counts each repair as an anomaly
// (base/anomaly.def); only bytes that cannot be parsed at all fail.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "otlp/model.h"

namespace turnscope::otlp {

/// Bounds on one request; each is a configuration key below `limits.`.
struct Limits {
  std::size_t request_bytes = 64u << 20;  ///< on the wire and after decompression (OTLP recommends 64 MiB)
  std::size_t spans_per_request =
      100'000;  ///< spans, log records or points; those beyond are rejected (partial success)
  std::size_t attributes_per_item = 1'024;  ///< beyond: dropped and counted
  std::size_t events_per_span = 4'096;
  std::size_t links_per_span = 1'024;
  std::size_t values_per_array =
      65'536;  ///< elements of one array or kvlist value; beyond: dropped and counted
  std::size_t attribute_depth =
      32;  ///< arrays and maps in each other; deeper ones become the string "[depth limit]"
  std::size_t string_bytes = 16u << 20;  ///< one string value; longer: cut on a character boundary
  std::size_t key_bytes = 1'024;         ///< attribute keys, span and event names
  std::size_t model_bytes = SIZE_MAX;  ///< of the decoded model; 8 times the request and 16 MiB bound it too

  /// For bytes out of the log: the receivers let them in under their own limits.
  static Limits of_the_log() {
    constexpr std::size_t much = std::size_t{1} << 40;  // sums of it do not overflow
    Limits l;
    l.spans_per_request = l.attributes_per_item = l.events_per_span = l.links_per_span = much;
    l.values_per_array = l.string_bytes = l.key_bytes = much;
    return l;
  }
};

/// What decoding saw besides the model: becomes partial_success of the answer.
struct DecodeReport {
  std::size_t accepted = 0;  ///< spans, log records or data points in the model
  std::size_t rejected = 0;  ///< left out; the client is told the number and reason
  std::string reason;        ///< first reason, in English; empty when nothing was rejected
  bool modified =
      false;  ///< something was repaired, cut or left out: the raw bytes must not be stored as they came
};

/// `bytes` must stay alive as long as the model. Errors: invalid_argument with byte offset and field.
Result<Traces> decode_traces_protobuf(std::string_view bytes, Arena&, const Limits&, DecodeReport&);
Result<Logs> decode_logs_protobuf(std::string_view bytes, Arena&, const Limits&, DecodeReport&);
Result<Metrics> decode_metrics_protobuf(std::string_view bytes, Arena&, const Limits&, DecodeReport&);

/// JSON strings are copied into the arena, so `bytes` may go.
Result<Traces> decode_traces_json(std::string_view bytes, Arena&, const Limits&, DecodeReport&);
Result<Logs> decode_logs_json(std::string_view bytes, Arena&, const Limits&, DecodeReport&);
Result<Metrics> decode_metrics_json(std::string_view bytes, Arena&, const Limits&, DecodeReport&);

/// Model → protobuf bytes (Export*ServiceRequest), appended to `out`.
void encode_protobuf(const Traces&, std::string& out);
void encode_protobuf(const Logs&, std::string& out);
void encode_protobuf(const Metrics&, std::string& out);

/// Model → OTLP/JSON text, appended to `out`. Numbers that JSON has not (NaN, ±Infinity) become strings.
void encode_json(const Traces&, std::string& out);
void encode_json(const AnyValue&, std::string& out);  ///< an OTLP/JSON AnyValue object, as {"intValue":"1"}
void encode_plain_json(const AnyValue&, std::string& out);  ///< the value itself, as 1 or "a" or [..] or {..}

/// 32 / 16 lower-case hex digits.
std::string hex(const TraceId&);
std::string hex(SpanId);
/// Parses exactly 32 / 16 hex digits of any case; false if they are not that.
bool parse_hex(std::string_view, TraceId&);
bool parse_hex(std::string_view, SpanId&);

}  // namespace turnscope::otlp
