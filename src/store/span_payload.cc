#include "store/span_payload.h"

#include <simdjson.h>

#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "otlp/decode.h"
#include "otlp/text.h"

namespace turnscope::store {
namespace {

namespace dom = simdjson::dom;
using Type = otlp::AnyValue::Type;

std::string_view keep(otlp::Arena& arena, std::string_view text) {
  if (text.empty()) return {};
  auto* to = static_cast<char*>(arena.allocate(text.size(), 1));
  std::memcpy(to, text.data(), text.size());
  return {to, text.size()};
}

template <typename T>
std::span<T> make(otlp::Arena& arena, std::size_t n) {
  if (n == 0) return {};
  auto* items = static_cast<T*>(arena.allocate(n * sizeof(T), alignof(T)));
  std::uninitialized_value_construct_n(items, n);
  return {items, n};
}

struct Damaged {};  // thrown and caught in this file only

template <typename T>
T must(simdjson::simdjson_result<T> r) {
  T value;
  if (std::move(r).get(value) != simdjson::SUCCESS) throw Damaged{};
  return value;
}

std::uint64_t number(std::string_view text) {
  std::uint64_t v = 0;
  if (std::from_chars(text.data(), text.data() + text.size(), v).ec != std::errc{}) throw Damaged{};
  return v;
}

otlp::Attributes attributes(const dom::array& list, otlp::Arena&, const StoredPayload*,
                            std::uint32_t* dropped);

otlp::AnyValue value(const dom::element& json, otlp::Arena& arena) {
  otlp::AnyValue out;
  for (const auto& [name, v] : must(json.get_object())) {
    if (name == "stringValue") {
      out.type = Type::string;
      out.text = keep(arena, must(v.get_string()));
    } else if (name == "boolValue") {
      out.type = Type::boolean;
      out.boolean = must(v.get_bool());
    } else if (name == "intValue") {
      const auto text = must(v.get_string());
      out.type = Type::integer;
      std::int64_t n = 0;
      if (std::from_chars(text.data(), text.data() + text.size(), n).ec != std::errc{}) throw Damaged{};
      out.integer = n;
    } else if (name == "doubleValue") {
      out.type = Type::real;
      if (std::string_view text; v.get_string().get(text) == simdjson::SUCCESS)
        out.real = text == "NaN"         ? std::numeric_limits<double>::quiet_NaN()
                   : text == "-Infinity" ? -std::numeric_limits<double>::infinity()
                                         : std::numeric_limits<double>::infinity();
      else
        out.real = must(v.get_double());
    } else if (name == "bytesValue") {
      std::string bytes;
      if (!otlp::base64_decode(must(v.get_string()), bytes)) throw Damaged{};
      out.type = Type::bytes;
      out.text = keep(arena, bytes);
    } else if (name == "arrayValue") {
      const auto items = must(v["values"].get_array());
      auto to = make<otlp::AnyValue>(arena, items.size());
      std::size_t i = 0;
      for (const auto& item : items)
        if (i < to.size()) to[i++] = value(item, arena);
      out.type = Type::array;
      out.values = to;
    } else if (name == "kvlistValue") {
      out.type = Type::kvlist;
      out.fields = attributes(must(v["values"].get_array()), arena, nullptr, nullptr);
    }
  }
  return out;
}

otlp::AnyValue parse_value(std::string_view json, otlp::Arena& arena) {
  thread_local dom::parser parser;
  return value(must(parser.parse(json.data(), json.size())), arena);
}

otlp::Attributes attributes(const dom::array& list, otlp::Arena& arena, const StoredPayload* payload,
                            std::uint32_t* dropped) {
  // simdjson counts up to 2^24 - 1 elements of an array; more cannot pass the decoder's limits.
  auto to = make<otlp::KeyValue>(arena, list.size());
  std::size_t n = 0;
  for (const auto& item : list) {
    if (n == to.size()) throw Damaged{};
    otlp::KeyValue kv;
    bool entry = false;
    for (const auto& [name, v] : must(item.get_object())) {
      if (name == "key") {
        kv.key = keep(arena, must(v.get_string()));
        entry = true;
      } else if (name == "value") {
        kv.value = value(v, arena);
      } else if (name == "ref" && payload != nullptr) {
        kv.value.type = Type::string;
        kv.value.text = keep(arena, payload->text(number(must(v.get_string()))));
      } else if (name == "jsonRef" && payload != nullptr) {
        // Its own parser: the one of this list is in use.
        dom::parser inner;
        const auto text = payload->text(number(must(v.get_string())));
        if (!text.empty()) kv.value = value(must(inner.parse(text.data(), text.size())), arena);
      } else if (name == "dropped" && dropped != nullptr) {
        *dropped = static_cast<std::uint32_t>(must(v.get_uint64()));
      }
    }
    if (entry) to[n++] = kv;
  }
  return to.first(n);
}

otlp::Attributes span_attributes(const StoredPayload& p, otlp::Arena& arena) {
  const auto to =
      make<otlp::KeyValue>(arena, p.attrs_str.size() + p.attrs_int.size() + p.attrs_dbl.size() +
                                      p.attrs_bool.size() + p.attrs_json.size() + p.attrs_ref.size());
  std::size_t n = 0;
  const auto next = [&](std::string_view key, Type type) -> otlp::AnyValue& {
    auto& kv = to[n++];
    kv.key = keep(arena, key);
    kv.value.type = type;
    return kv.value;
  };
  for (const auto& [key, v] : p.attrs_str) next(key, Type::string).text = keep(arena, v);
  for (const auto& [key, v] : p.attrs_int) next(key, Type::integer).integer = v;
  for (const auto& [key, v] : p.attrs_dbl) next(key, Type::real).real = v;
  for (const auto& [key, v] : p.attrs_bool) next(key, Type::boolean).boolean = v != 0;
  std::vector<std::string_view> long_json;
  for (const auto& [key, v] : p.attrs_json) {
    if (v.empty())
      long_json.push_back(key);
    else
      next(key, Type::none) = parse_value(v, arena);
  }
  for (const auto& [key, ref] : p.attrs_ref) {
    const auto text = p.text(ref);
    const bool json = std::find(long_json.begin(), long_json.end(), key) != long_json.end();
    auto& v = next(key, json ? Type::none : Type::string);
    if (!json)
      v.text = keep(arena, text);
    else if (!text.empty())
      v = parse_value(text, arena);
  }
  return to.first(n);
}

otlp::Link link(std::string_view json, otlp::Arena& arena) {
  thread_local dom::parser parser;
  otlp::Link out;
  for (const auto& [name, v] : must(must(parser.parse(json.data(), json.size())).get_object())) {
    if (name == "traceId") {
      if (!otlp::parse_hex(must(v.get_string()), out.trace_id)) throw Damaged{};
    } else if (name == "spanId") {
      if (!otlp::parse_hex(must(v.get_string()), out.span_id)) throw Damaged{};
    } else if (name == "traceState") {
      out.trace_state = keep(arena, must(v.get_string()));
    } else if (name == "attributes") {
      out.attributes = attributes(must(v.get_array()), arena, nullptr, nullptr);
    } else if (name == "droppedAttributesCount") {
      out.dropped_attributes = static_cast<std::uint32_t>(must(v.get_uint64()));
    } else if (name == "flags") {
      out.flags = static_cast<std::uint32_t>(must(v.get_uint64()));
    }
  }
  return out;
}

std::unexpected<Error> damaged(std::string_view what) {
  return fail(ErrorKind::corrupt, "the stored JSON of a span's " + std::string(what) + " cannot be read");
}

}  // namespace

std::string_view StoredPayload::text(std::uint64_t packed) const {
  const auto ref = PayloadRef::unpack(packed);
  const std::string_view columns[] = {input, output, extra, {}};
  const auto column = columns[static_cast<unsigned>(ref.column) & 3u];
  if (ref.offset > column.size() || ref.length > column.size() - ref.offset) return {};
  return column.substr(ref.offset, ref.length);
}

StoredPayload read_payload(RowReader& in) {
  StoredPayload p;
  const auto text = [&] { return in.string(); };
  p.attrs_str = in.map(text, text);
  p.attrs_int = in.map(text, [&] { return in.i64(); });
  p.attrs_dbl = in.map(text, [&] { return in.f64(); });
  p.attrs_bool = in.map(text, [&] { return in.u8(); });
  p.attrs_json = in.map(text, text);
  p.attrs_ref = in.map(text, [&] { return in.u64(); });
  p.ev_time = in.array([&] { return in.i64(); });
  p.ev_name = in.strings();
  p.ev_attrs = in.strings();
  p.links = in.strings();
  p.dropped = in.array([&] { return in.u32(); });
  p.input = in.string();
  p.output = in.string();
  p.extra = in.string();
  p.shared = in.array([&] { return in.trace_id(); });
  p.shared_at = in.array([&] { return in.u64(); });
  return p;
}

Status restore(const StoredPayload& p, otlp::Arena& arena, otlp::Span& span) try {
  span.attributes = span_attributes(p, arena);
  const auto n = std::min({p.ev_time.size(), p.ev_name.size(), p.ev_attrs.size()});
  const auto events = make<otlp::Event>(arena, n);
  dom::parser parser;
  for (std::size_t i = 0; i < n; ++i) {
    events[i].time_unix_nano = static_cast<std::uint64_t>(p.ev_time[i]);
    events[i].name = keep(arena, p.ev_name[i]);
    const auto list = must(must(parser.parse(p.ev_attrs[i].data(), p.ev_attrs[i].size())).get_array());
    events[i].attributes = attributes(list, arena, &p, &events[i].dropped_attributes);
  }
  span.events = events;
  const auto links = make<otlp::Link>(arena, p.links.size());
  for (std::size_t i = 0; i < links.size(); ++i) links[i] = link(p.links[i], arena);
  span.links = links;
  if (p.dropped.size() == 3) {
    span.dropped_attributes = p.dropped[0];
    span.dropped_events = p.dropped[1];
    span.dropped_links = p.dropped[2];
  }
  return {};
} catch (const Damaged&) {
  return damaged("attributes, events or links");
}

Result<otlp::Attributes> restore_attributes(std::string_view json, otlp::Arena& arena) try {
  dom::parser parser;
  return attributes(must(must(parser.parse(json.data(), json.size())).get_array()), arena, nullptr, nullptr);
} catch (const Damaged&) {
  return damaged("resource");
}

}  // namespace turnscope::store
