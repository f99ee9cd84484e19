#include "pipeline/bounds.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <vector>

#include "base/anomaly.h"
#include "otlp/text.h"
#include "pipeline/json_escape.h"

namespace turnscope::pipeline {
namespace {

using otlp::AnyValue;
using otlp::Attributes;
using otlp::KeyValue;

constexpr std::uint64_t kLeast = 128;  ///< a value is not cut to less than this

std::string mark(std::size_t kept, std::string_view whole) {
  unsigned char bytes[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(whole.data(), whole.size(), bytes, &size, EVP_sha256(), nullptr);
  std::string hash;
  for (unsigned i = 0; i < 8 && i < size; ++i) hash += fmt::format("{:02x}", bytes[i]);
  return fmt::format("…[cut {} of {} bytes, sha256 {}]", whole.size() - kept, whole.size(), hash);
}
constexpr std::size_t kMarkBytes = 72;

bool cut_plain(std::string_view text, std::uint64_t limit, std::string& out) {
  if (text.size() <= limit) return false;
  const std::string_view head = otlp::cut_text(text, limit > kMarkBytes ? limit - kMarkBytes : 0);
  out.assign(head);
  out += mark(head.size(), text);
  return true;
}

/// Strings of a JSON text by their quotes: begin and end of what is between them.
struct Quoted {
  std::size_t begin, end;
};
std::vector<Quoted> quoted_strings(std::string_view s) {
  std::vector<Quoted> out;
  for (std::size_t i = s.find('"'); i != s.npos; i = s.find('"', i)) {
    std::size_t end = i + 1;
    while (end < s.size() && s[end] != '"') end += s[end] == '\\' ? 2 : 1;
    if (end >= s.size()) break;
    out.push_back({i + 1, end});
    i = end + 1;
  }
  return out;
}

/// The largest limit at which the sizes, each cut to it, add up to at most `room`.
std::uint64_t level(std::vector<std::uint64_t> sizes, std::uint64_t room) {
  std::sort(sizes.begin(), sizes.end());
  std::uint64_t used = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    const std::uint64_t rest = sizes.size() - i;
    if (used + sizes[i] * rest > room) return room > used ? (room - used) / rest : 0;
    used += sizes[i];
  }
  return UINT64_MAX;
}

/// The longest beginning of a JSON string's inside that ends between characters and escapes.
std::string_view cut_escaped(std::string_view raw, std::size_t limit) {
  std::size_t i = 0;
  while (i < raw.size()) {
    std::size_t step = 1;
    if (raw[i] == '\\') step = i + 1 < raw.size() && raw[i + 1] == 'u' ? 6 : 2;
    if (i + step > limit) break;
    i += step;
  }
  return otlp::cut_text(raw, std::min(i, raw.size()));
}

bool cut_json(std::string_view text, std::uint64_t limit, std::uint64_t string_limit, std::string& out) {
  const auto strings = quoted_strings(text);
  std::vector<std::uint64_t> sizes;
  std::uint64_t inside = 0;
  for (const Quoted& q : strings) {
    sizes.push_back(q.end - q.begin);
    inside += sizes.back();
  }
  std::uint64_t most = string_limit ? string_limit : UINT64_MAX;
  if (text.size() > limit) {
    const std::uint64_t structure = text.size() - inside;
    if (structure >= limit) return false;
    most = std::min(most, level(std::move(sizes), limit - structure));
  }
  if (most < kLeast) return false;
  std::size_t copied = 0;
  out.clear();
  for (const Quoted& q : strings) {
    const std::string_view raw = text.substr(q.begin, q.end - q.begin);
    if (raw.size() <= most) continue;
    const std::string_view head = cut_escaped(raw, most - kMarkBytes);
    out.append(text, copied, q.begin - copied);
    out += head;
    out += mark(head.size(), raw);
    copied = q.end;
  }
  if (copied == 0) return false;
  out.append(text, copied);
  return out.size() <= limit;
}

/// What drop rules and storms did to one request, counted when it is done.
struct Counts {
  std::size_t cut = 0, attributes = 0, spans = 0, folded = 0, parts = 0;
  ~Counts() {
    if (cut) count(Anomaly::bounds_values_cut, cut);
    if (attributes) count(Anomaly::bounds_attributes_dropped, attributes);
    if (spans) count(Anomaly::bounds_spans_dropped, spans);
    if (folded) count(Anomaly::bounds_spans_folded, folded);
    if (parts) count(Anomaly::bounds_parts_dropped, parts);
  }
};

class BoundsProcessor final : public Processor {
 public:
  explicit BoundsProcessor(const BoundsOptions& o) : options_(o) {}

  void process(otlp::Traces& traces, Batch& batch) override {
    Counts counts;
    for (auto& r : writable(traces.resources)) {
      attributes(r.resource.attributes, batch, counts);
      for (auto& s : writable(r.scopes)) {
        attributes(s.scope.attributes, batch, counts);
        for (otlp::Span& span : writable(s.spans)) one(span, batch, counts);
      }
    }
  }
  void process(otlp::Logs& logs, Batch& batch) override {
    Counts counts;
    for (auto& r : writable(logs.resources)) {
      attributes(r.resource.attributes, batch, counts);
      for (auto& s : writable(r.scopes))
        for (otlp::LogRecord& record : writable(s.records)) {
          Cuts cuts;
          value(record.body, options_.attribute_bytes, batch, cuts);
          list(record.attributes, options_.attribute_bytes, batch, cuts);
          finish(record.attributes, cuts, batch, counts);
        }
    }
  }
  void process(otlp::Metrics&, Batch&) override {}  // their attributes are their identity

 private:
  struct Cuts {
    std::size_t values = 0, bytes = 0;
  };

  void text(std::string_view& s, std::uint64_t limit, Batch& batch, Cuts& cuts) {
    if (!cut_value(s, limit ? limit : UINT64_MAX, options_.message_bytes, scratch())) return;
    ++cuts.values;
    cuts.bytes += s.size() > scratch().size() ? s.size() - scratch().size() : 0;
    s = keep(batch.arena, scratch());
    batch.changed = true;
  }
  void value(AnyValue& v, std::uint64_t limit, Batch& batch, Cuts& cuts) {
    if (v.type == AnyValue::Type::bytes && limit && v.text.size() > limit) {
      cuts.bytes += v.text.size() - limit;
      ++cuts.values;
      v.text = v.text.substr(0, limit);
      batch.changed = true;
    }
    if (v.type == AnyValue::Type::string) text(v.text, limit, batch, cuts);
    for (AnyValue& e : writable(v.values)) value(e, limit, batch, cuts);
    list(v.fields, limit, batch, cuts);
  }
  void list(Attributes a, std::uint64_t limit, Batch& batch, Cuts& cuts) {
    for (KeyValue& kv : writable(a)) {
      // The text of one message, where libraries write it flat: gen_ai.prompt.0.content, content.
      const bool message = options_.message_bytes && (kv.key == "content" || kv.key.ends_with(".content"));
      value(kv.value, message ? std::min(limit ? limit : UINT64_MAX, options_.message_bytes) : limit, batch,
            cuts);
    }
  }
  void attributes(Attributes& a, Batch& batch, Counts& counts) {
    Cuts cuts;
    list(a, options_.attribute_bytes, batch, cuts);
    finish(a, cuts, batch, counts);
  }
  void finish(Attributes& a, const Cuts& cuts, Batch& batch, Counts& counts) {
    if (!cuts.values) return;
    counts.cut += cuts.values;
    const KeyValue marks[] = {
        number_attribute("turnscope.cut.values", static_cast<std::int64_t>(cuts.values)),
        number_attribute("turnscope.cut.bytes", static_cast<std::int64_t>(cuts.bytes))};
    add_attributes(a, marks, batch.arena);
  }

  static void sizes_of(const AnyValue& v, std::vector<std::uint64_t>& sizes, std::uint64_t& fixed) {
    if (v.type == AnyValue::Type::string || v.type == AnyValue::Type::bytes) sizes.push_back(v.text.size());
    fixed += 8;
    for (const AnyValue& e : v.values) sizes_of(e, sizes, fixed);
    sizes_of(v.fields, sizes, fixed);
  }
  static void sizes_of(Attributes a, std::vector<std::uint64_t>& sizes, std::uint64_t& fixed) {
    for (const KeyValue& kv : a) {
      fixed += kv.key.size();
      sizes_of(kv.value, sizes, fixed);
    }
  }
  static std::uint64_t size_of(const otlp::Span& s, std::vector<std::uint64_t>& sizes, std::uint64_t& fixed) {
    sizes.clear();
    fixed = 64 + s.name.size() + s.trace_state.size();
    sizes.push_back(s.status_message.size());
    sizes_of(s.attributes, sizes, fixed);
    for (const otlp::Event& e : s.events) {
      fixed += 16 + e.name.size();
      sizes_of(e.attributes, sizes, fixed);
    }
    for (const otlp::Link& l : s.links) {
      fixed += 32 + l.trace_state.size();
      sizes_of(l.attributes, sizes, fixed);
    }
    std::uint64_t total = fixed;
    for (const auto n : sizes) total += n;
    return total;
  }

  void every(otlp::Span& s, std::uint64_t limit, Batch& batch, Cuts& cuts) {
    list(s.attributes, limit, batch, cuts);
    for (otlp::Event& e : writable(s.events)) list(e.attributes, limit, batch, cuts);
    for (otlp::Link& l : writable(s.links)) list(l.attributes, limit, batch, cuts);
    text(s.status_message, limit, batch, cuts);
  }

  void one(otlp::Span& s, Batch& batch, Counts& counts) {
    Cuts cuts;
    if (options_.attribute_bytes || options_.message_bytes) every(s, options_.attribute_bytes, batch, cuts);
    if (options_.span_bytes) {
      thread_local std::vector<std::uint64_t> sizes;
      std::uint64_t fixed = 0;
      if (size_of(s, sizes, fixed) > options_.span_bytes) {
        // Every value down to one height, so that the small ones stay whole; then whole events, then
        // attributes.
        const std::uint64_t room = options_.span_bytes > fixed ? options_.span_bytes - fixed : 0;
        every(s, std::max(kLeast, level(sizes, room)), batch, cuts);
        while (!s.events.empty() && size_of(s, sizes, fixed) > options_.span_bytes) {
          const std::size_t gone = std::max<std::size_t>(1, s.events.size() / 2);
          s.events = s.events.first(s.events.size() - gone);
          s.dropped_events += static_cast<std::uint32_t>(gone);
          counts.parts += gone;
          batch.changed = true;
        }
        while (!s.attributes.empty() && size_of(s, sizes, fixed) > options_.span_bytes) {
          const std::size_t gone = std::max<std::size_t>(1, s.attributes.size() / 4);
          s.attributes = s.attributes.first(s.attributes.size() - gone);
          s.dropped_attributes += static_cast<std::uint32_t>(gone);
          counts.attributes += gone;
          batch.changed = true;
        }
      }
    }
    finish(s.attributes, cuts, batch, counts);
  }

  static std::string& scratch() {
    thread_local std::string text;
    return text;
  }
  const BoundsOptions options_;
};

}  // namespace

bool cut_value(std::string_view text, std::uint64_t limit, std::uint64_t string_limit, std::string& out) {
  if (text.size() <= limit && (string_limit == 0 || text.size() <= string_limit)) return false;
  if (looks_like_json(text) && cut_json(text, limit, string_limit, out)) return true;
  return cut_plain(text, limit, out);
}

std::unique_ptr<Processor> make_bounds_processor(const BoundsOptions& o) {
  return std::make_unique<BoundsProcessor>(o);
}

}  // namespace turnscope::pipeline
