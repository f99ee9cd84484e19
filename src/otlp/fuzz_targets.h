// What must hold for any bytes: the fuzz targets run these, and the ordinary tests replay the corpora through
// them.
#pragma once
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "otlp/decode.h"

namespace turnscope::otlp::fuzz {

inline void must(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

/// Decoding never crashes; what was accepted is encoded and decoded again without a change, and without a
/// repair.
template <typename Decode, typename DecodeProtobuf>
void stable(std::string_view bytes, Decode decode, DecodeProtobuf decode_protobuf) {
  Arena first, second;
  DecodeReport seen, again;
  auto model = decode(bytes, first, Limits{}, seen);
  if (!model) {
    must(!model.error().message.empty(), "an error has a message");
    return;
  }
  must(seen.rejected == 0 || (seen.modified && !seen.reason.empty()), "what is rejected is told");
  std::string once, twice;
  encode_protobuf(*model, once);
  auto copy = decode_protobuf(once, second, Limits{}, again);
  must(copy.has_value(), "what we encode we can decode");
  must(again.accepted == seen.accepted && again.rejected == 0, "the same items come back");
  must(!again.modified, "what we stored needs no repair");
  encode_protobuf(*copy, twice);
  must(once == twice, "encoding is stable");
}

/// The first byte chooses the signal.
inline void protobuf(std::string_view input) {
  if (input.empty()) return;
  const char signal = input.front();
  // At the end of its own block, so that a read beyond it is seen.
  const std::string bytes(input.substr(1));
  if (signal % 3 == 0) stable(bytes, decode_traces_protobuf, decode_traces_protobuf);
  if (signal % 3 == 1) stable(bytes, decode_logs_protobuf, decode_logs_protobuf);
  if (signal % 3 == 2) stable(bytes, decode_metrics_protobuf, decode_metrics_protobuf);
}

/// JSON itself needs no byte for the signal: its top field says it.
inline void json(std::string_view input) {
  stable(input, decode_traces_json, decode_traces_protobuf);
  stable(input, decode_logs_json, decode_logs_protobuf);
  stable(input, decode_metrics_json, decode_metrics_protobuf);
}

/// Traces mean the same in protobuf and in JSON. (Compared as JSON: a NaN has many bit patterns, and one
/// name.)
inline void differential(std::string_view bytes) {
  Arena first, second;
  DecodeReport seen, again;
  auto model = decode_traces_protobuf(bytes, first, Limits{}, seen);
  if (!model) return;
  std::string once, twice;
  encode_json(*model, once);
  auto copy = decode_traces_json(once, second, Limits{}, again);
  must(copy.has_value(), "what we encode as JSON we can decode");
  must(again.accepted == seen.accepted && again.rejected == 0, "the same spans come back from JSON");
  encode_json(*copy, twice);
  must(once == twice, "JSON and protobuf mean the same");
}

}  // namespace turnscope::otlp::fuzz
