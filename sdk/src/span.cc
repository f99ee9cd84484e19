#include "turnscope/sdk/span.h"

#include <cxxabi.h>

#include <algorithm>
#include <cstdlib>
#include <typeinfo>

#include "clock.h"
#include "encode.h"
#include "ids.h"
#include "record.h"
#include "utf8.h"

namespace turnscope::sdk {
namespace detail {
namespace {

constexpr std::size_t pooled_records = 32, pooled_bytes = 16 << 10;

/// Records of finished spans, for the next ones of this thread. After the thread's end they are simply freed.
struct Pool {
  SpanRecord* first = nullptr;
  std::size_t count = 0;
  bool armed = false, closed = false;  ///< its end is seen to; is over
};
constinit thread_local Pool pool;
struct PoolCloser {
  ~PoolCloser() {
    pool.closed = true;
    while (SpanRecord* r = pool.first) {
      pool.first = r->next;
      delete r;
    }
  }
};

/// A span may end on a thread that never started one: the pool's end is seen to wherever a record comes in.
[[gnu::noinline]] void arm_pool() {
  thread_local PoolCloser closer;
  static_cast<void>(closer);
  pool.armed = true;
}

std::uint32_t hash_key(std::string_view key) {
  std::uint64_t a = 0, b = 0;
  if (key.size() >= 8) {
    std::memcpy(&a, key.data(), 8);
    std::memcpy(&b, key.data() + key.size() - 8, 8);
  } else {
    std::memcpy(&a, key.data(), key.size());
  }
  const std::uint64_t h = (a ^ (b * 0x9E3779B97F4A7C15u) ^ key.size()) * 0xD6E8FEB86659FD93u;
  return static_cast<std::uint32_t>(h >> 32);
}

}  // namespace

SpanRecord* SpanRecord::take() {
  SpanRecord* r = pool.first;
  if (!r) return new SpanRecord;
  pool.first = r->next;
  --pool.count;
  return r;
}

void SpanRecord::give(SpanRecord* r) {
  if (!pool.armed) [[unlikely]]
    arm_pool();
  if (pool.closed || pool.count >= pooled_records) {
    delete r;
    return;
  }
  if (r->body.capacity() > pooled_bytes) r->body.release();
  if (r->scratch.capacity() > pooled_bytes) r->scratch.release();
  r->body.clear();
  r->attributes.clear();
  r->status_message.clear();
  r->status = StatusCode::unset;
  r->key_bits = 0;
  r->events = r->links = r->dropped_attributes = r->dropped_events = r->dropped_links = 0;
  r->next = pool.first;
  pool.first = r;
  ++pool.count;
}

void SpanRecord::set(std::string_view key, const Value& value) {
  if (key.empty()) return;
  std::string key_scratch;
  if (!is_ascii(key)) [[unlikely]]
    key = as_utf8(key, key_scratch);
  const SpanLimits& limits = tracer->provider->config.limits;
  const std::uint32_t hash = hash_key(key);
  const std::uint64_t bit = 1ull << (hash & 63);
  const std::size_t earlier = key_bits & bit ? attributes.size() : 0;
  key_bits |= bit;
  for (std::size_t i = 0; i < earlier; ++i) {
    const AttributeEntry old = attributes[i];
    if (old.hash != hash || std::string_view(body.data() + old.key_offset, old.key_size) != key) continue;
    body.erase(old.offset, old.size);  // last one wins
    for (AttributeEntry& other : attributes)
      if (other.offset > old.offset) {
        other.offset -= old.size;
        other.key_offset -= old.size;
      }
    attributes.erase(attributes.begin() + static_cast<std::ptrdiff_t>(i));
    break;
  }
  if (attributes.size() >= limits.attributes) {
    ++dropped_attributes;
    return;
  }
  const std::size_t at = body.size();
  const std::size_t key_at = append_attribute(body, tag_len(9), key, value, limits.attribute_value_length);
  attributes.push_back({hash, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(body.size() - at),
                        static_cast<std::uint32_t>(key_at), static_cast<std::uint32_t>(key.size())});
}

}  // namespace detail

using namespace detail;

Span::Span(Span&& other) noexcept
    : context_(std::move(other.context_)), record_(std::exchange(other.record_, nullptr)) {}

Span& Span::operator=(Span&& other) noexcept {
  if (this != &other) {
    end();
    context_ = std::move(other.context_);
    record_ = std::exchange(other.record_, nullptr);
  }
  return *this;
}

Span& Span::set_attribute(std::string_view key, const Value& value) {
  if (record_) record_->set(key, value);
  return *this;
}

Span& Span::set_attributes(Attributes attributes) {
  if (record_)
    for (const Attribute& a : attributes) record_->set(a.key, a.value);
  return *this;
}

Span& Span::add_event(std::string_view name, Attributes attributes, std::optional<Timestamp> at) {
  if (!record_) return *this;
  const SpanLimits& limits = record_->tracer->provider->config.limits;
  if (record_->events >= limits.events) {
    ++record_->dropped_events;
    return *this;
  }
  ++record_->events;
  const std::int64_t time = at ? at->time_since_epoch().count() : mono_nanos() + record_->offset;
  Bytes& e = record_->scratch;
  e.clear();
  std::string scratch;
  append_fixed64(e, tag_fixed64(1), static_cast<std::uint64_t>(time));
  append_text(e, tag_len(2), as_utf8(name, scratch));
  const std::uint32_t dropped =
      append_attributes(e, tag_len(3), attributes, limits.event_attributes, limits.attribute_value_length);
  if (dropped) append_varint(e, tag_varint(4), dropped);
  append_message(record_->body, tag_len(11), e);
  return *this;
}

Span& Span::add_link(const SpanContext& to, Attributes attributes) {
  if (!record_ || !to.valid()) return *this;
  const SpanLimits& limits = record_->tracer->provider->config.limits;
  if (record_->links >= limits.links) {
    ++record_->dropped_links;
    return *this;
  }
  ++record_->links;
  Bytes& l = record_->scratch;
  l.clear();
  append_text(l, tag_len(1), {reinterpret_cast<const char*>(to.trace_id.bytes.data()), 16});
  append_text(l, tag_len(2), {reinterpret_cast<const char*>(to.span_id.bytes.data()), 8});
  if (!to.trace_state.empty()) append_text(l, tag_len(3), to.trace_state.header());
  const std::uint32_t dropped =
      append_attributes(l, tag_len(4), attributes, limits.link_attributes, limits.attribute_value_length);
  if (dropped) append_varint(l, tag_varint(5), dropped);
  char* p = l.room(5);
  *p++ = tag_fixed32(6);
  l.advance(put_fixed32(p, to.flags | 0x100u | (to.remote ? 0x200u : 0u)));
  append_message(record_->body, tag_len(13), l);
  return *this;
}

Span& Span::record_exception(const ExceptionInfo& x, Attributes more) {
  if (!record_) return *this;
  std::vector<Attribute> all{{"exception.type", x.type}, {"exception.message", x.message}};
  if (!x.stacktrace.empty()) all.push_back({"exception.stacktrace", x.stacktrace});
  if (x.escaped) all.push_back({"exception.escaped", true});
  all.insert(all.end(), more.begin(), more.end());
  return add_event("exception", all);
}

Span& Span::record_exception(const std::exception& exception, Attributes more) {
  if (!record_) return *this;
  int failed = 0;
  char* name = abi::__cxa_demangle(typeid(exception).name(), nullptr, nullptr, &failed);
  record_exception(
      ExceptionInfo{.type = failed ? typeid(exception).name() : name, .message = exception.what()}, more);
  std::free(name);
  return *this;
}

Span& Span::set_status(StatusCode code, std::string_view message) {
  if (!record_ || record_->status == StatusCode::ok || code == StatusCode::unset) return *this;
  record_->status = code;
  std::string scratch;
  record_->status_message = code == StatusCode::error ? as_utf8(message, scratch) : std::string_view();
  return *this;
}

Span& Span::update_name(std::string_view name) {
  if (record_) {
    std::string scratch;
    record_->name.clear();
    record_->name.append(as_utf8(name, scratch));
  }
  return *this;
}

// Span: trace_id 1, span_id 2, trace_state 3, parent_span_id 4, name 5, kind 6, start 7, end 8, attributes 9,
// dropped_attributes_count 10, events 11, dropped_events_count 12, links 13, dropped_links_count 14, status
// 15, flags 16.
void Span::finish(std::optional<Timestamp> at) {
  SpanRecord& r = *std::exchange(record_, nullptr);
  const SpanContext& ctx = context_.span_;
  const std::int64_t end =
      at ? at->time_since_epoch().count() : std::max(mono_nanos() + r.offset, r.start_wall);
  const std::string_view state = ctx.trace_state.header();
  const bool parent = r.parent.valid();
  const std::size_t status_size =
      (r.status_message.empty() ? 0 : text_size(r.status_message)) + (r.status == StatusCode::unset ? 0 : 2);
  auto count_size = [](std::uint32_t n) { return n ? 1 + varint_size(n) : 0; };
  const std::size_t span_size =
      18 + 10 + (state.empty() ? 0 : text_size(state)) + (parent ? 10 : 0) + text_size(r.name.view()) + 2 +
      9 + 9 + r.body.size() + count_size(r.dropped_attributes) + count_size(r.dropped_events) +
      count_size(r.dropped_links) + (status_size ? 1 + varint_size(status_size) + status_size : 0) + 6;
  r.tracer->provider->processor->submit(
      r.tracer->scope, 1 + varint_size(span_size) + span_size, [&](char* p) {
        *p++ = tag_len(2);
        p = put_varint(p, span_size);
        *p++ = tag_len(1);
        *p++ = 16;
        std::memcpy(p, ctx.trace_id.bytes.data(), 16);
        p += 16;
        *p++ = tag_len(2);
        *p++ = 8;
        std::memcpy(p, ctx.span_id.bytes.data(), 8);
        p += 8;
        if (!state.empty()) p = put_text(p, tag_len(3), state);
        if (parent) {
          *p++ = tag_len(4);
          *p++ = 8;
          std::memcpy(p, r.parent.bytes.data(), 8);
          p += 8;
        }
        p = put_text(p, tag_len(5), r.name.view());
        *p++ = tag_varint(6);
        *p++ = static_cast<char>(r.kind);
        *p++ = tag_fixed64(7);
        p = put_fixed64(p, static_cast<std::uint64_t>(r.start_wall));
        *p++ = tag_fixed64(8);
        p = put_fixed64(p, static_cast<std::uint64_t>(end));
        p = put_raw(p, r.body.view());
        auto count = [&](int field, std::uint32_t n) {
          if (!n) return;
          *p++ = tag_varint(field);
          p = put_varint(p, n);
        };
        count(10, r.dropped_attributes);
        count(12, r.dropped_events);
        count(14, r.dropped_links);
        if (status_size) {
          *p++ = tag_len(15);
          p = put_varint(p, status_size);
          if (!r.status_message.empty()) p = put_text(p, tag_len(2), r.status_message);
          *p++ = tag_varint(3);
          *p++ = static_cast<char>(r.status);
        }
        *p++ = static_cast<char>(0x85);  // field 16, fixed32
        *p++ = 0x01;
        return put_fixed32(p, ctx.flags | 0x100u | (r.parent_remote ? 0x200u : 0u));
      });
  SpanRecord::give(&r);
}

}  // namespace turnscope::sdk
