// OTLP/JSON decoding of what traces, logs and metrics share, over simdjson's on-demand parser. Unknown fields
// are skipped without recursion; null means absent; strings are views into a copy of the request in the
// arena. Private to src/otlp.
#pragma once
#include <simdjson.h>

#include <tuple>
#include <vector>

#include "otlp/context.h"

namespace turnscope::otlp {

namespace od = simdjson::ondemand;

class JsonReader {
 public:
  explicit JsonReader(Context& context) : c(context) {}

  /// Parses `body` and calls `fields(key, value)` for each field of the top object.
  template <typename F>
  void document(std::string_view body, F&& fields) {
    load(body);
    // Kept for the thread's next request, unless this one is large: its buffers grow to about ten times the
    // body.
    thread_local od::parser kept;
    od::parser own;
    od::parser& parser = size_ <= (1u << 20) ? kept : own;
    od::document doc;  // outlives the try block: failed() asks it where it stood
    try {
      doc = parser.iterate(begin_, size_, size_ + simdjson::SIMDJSON_PADDING);
      at_ = &doc;
      od::object top = doc.get_object();
      for (od::field f : top) fields(key(f.key()), f.value());
      const char* rest = nullptr;
      if (doc.current_location().get(rest) != simdjson::OUT_OF_BOUNDS)
        c.malformed("text behind the end of the JSON object");
    } catch (const simdjson::simdjson_error& e) {
      failed(e);
    }
  }

  /// Calls `fields(key, value)` for each field; nothing for null.
  template <typename F>
  void object(od::value v, F&& fields) {
    if (is_null(v)) return;
    od::object o = v.get_object();
    for (od::field f : o) fields(key(f.key()), f.value());
  }
  /// An array as elements in the arena; `one(value, element)` fills an element, false leaves it out. Those
  /// beyond `limit` are skipped and added to `over`.
  template <typename T, typename F>
  std::span<T> list(od::value v, std::size_t limit, std::size_t& over, F&& one) {
    if (is_null(v)) return {};
    auto& stack = std::get<std::vector<T>>(stacks_);
    const std::size_t mark = stack.size();
    od::array a = v.get_array();
    for (od::value e : a) {
      if (stack.size() - mark >= limit) {
        ++over;
        continue;
      }
      T element{};
      if (one(e, element)) stack.push_back(element);
    }
    const std::size_t n = stack.size() - mark;
    T* out = c.array<T>(n);
    std::copy_n(stack.begin() + static_cast<std::ptrdiff_t>(mark), n, out);
    stack.resize(mark);
    return {out, n};
  }
  template <typename T, typename F>
  std::span<T> list(od::value v, F&& one) {
    std::size_t over = 0;
    return list<T>(v, static_cast<std::size_t>(-1), over, std::forward<F>(one));
  }

  static bool is_null(od::value& v) { return v.type().value() == od::json_type::null; }

  /// A string, unescaped; empty for null. `what` names the field in errors.
  std::string_view raw_text(od::value v, std::string_view what);
  std::string_view text(od::value v, std::string_view what) {
    return cut(raw_text(v, what), c.limits.string_bytes);
  }
  std::string_view name(od::value v, std::string_view what) {
    return cut(raw_text(v, what), c.limits.key_bytes);
  }
  std::uint64_t u64(od::value v, std::string_view what);
  std::int64_t i64(od::value v, std::string_view what);
  std::uint32_t u32(od::value v, std::string_view what);
  std::int32_t i32(od::value v, std::string_view what);
  double real(od::value v, std::string_view what);
  /// An enum: a number, as OTLP has it, or (as protobuf's own JSON mapping has it) one of `names`, which
  /// count from 0.
  std::int32_t enumeration(od::value v, std::string_view what, std::span<const std::string_view> names);
  bool boolean(od::value v, std::string_view what);

  AnyValue any_value(od::value v, std::size_t depth);
  bool key_value(od::value v, std::size_t depth, KeyValue& out);
  /// The attribute list of an item; what is beyond the limit is added to `dropped`.
  Attributes attributes(od::value v, std::uint32_t& dropped);
  Resource resource(od::value v);
  Scope scope(od::value v);
  /// 32 or 16 hex digits; any other text is left out and counted, empty is none.
  TraceId optional_trace_id(od::value v, std::string_view what);
  SpanId optional_span_id(od::value v, std::string_view what);

  Context& c;

 private:
  void load(std::string_view body);
  [[noreturn]] void failed(const simdjson::simdjson_error& e);
  [[noreturn]] void wrong(std::string_view what, std::string_view wanted) const;
  std::string_view key(od::raw_json_string s) { return unescape(s.raw(), "a key"); }
  std::string_view unescape(const char* from, std::string_view what);
  std::string_view cut(std::string_view s, std::size_t limit) {
    return s.size() > limit ? c.text(s, limit) : s;
  }

  const char* begin_ = nullptr;
  std::size_t size_ = 0;
  od::document* at_ = nullptr;
  std::tuple<std::vector<KeyValue>, std::vector<AnyValue>, std::vector<Event>, std::vector<Link>,
             std::vector<Span>, std::vector<ScopeSpans>, std::vector<ResourceSpans>, std::vector<LogRecord>,
             std::vector<ScopeLogs>, std::vector<ResourceLogs>, std::vector<Exemplar>,
             std::vector<NumberPoint>, std::vector<HistogramPoint>, std::vector<ExponentialPoint>,
             std::vector<SummaryPoint>, std::vector<Metric>, std::vector<ScopeMetrics>,
             std::vector<ResourceMetrics>, std::vector<std::uint64_t>, std::vector<double>,
             std::vector<std::pair<double, double>>>
      stacks_;
};

/// The two outer levels that all signals share. Names are those of the JSON fields ("resourceSpans",
/// "scopeSpans", "spans"); `one(value, item)` decodes an item, false: it was rejected. Groups without items
/// are left out.
template <typename Group, typename ScopeGroup, typename Item, typename Model, typename F>
Model json_request(Context& c, std::string_view body, std::string_view groups_name,
                   std::string_view scopes_name, std::string_view items_name,
                   std::span<const Item> ScopeGroup::*items, F&& one) {
  JsonReader r(c);
  Model model;
  const auto scope_group = [&](od::value v, ScopeGroup& s) {
    std::string_view schema_url;
    r.object(v, [&](std::string_view k, od::value f) {
      if (k == "scope")
        s.scope = r.scope(f);
      else if (k == "schemaUrl")
        schema_url = r.text(f, k);
      else if (k == items_name)
        s.*items = r.list<Item>(f, [&](od::value i, Item& item) {
          if (c.items_left() == 0) {
            c.over_limit(1);
            return false;
          }
          return one(r, i, item);
        });
    });
    s.scope.schema_url = schema_url;
    return !(s.*items).empty();
  };
  const auto group = [&](od::value v, Group& g) {
    std::string_view schema_url;
    r.object(v, [&](std::string_view k, od::value f) {
      if (k == "resource")
        g.resource = r.resource(f);
      else if (k == "schemaUrl")
        schema_url = r.text(f, k);
      else if (k == scopes_name)
        g.scopes = r.list<ScopeGroup>(f, scope_group);
    });
    g.resource.schema_url = schema_url;
    return !g.scopes.empty();
  };
  r.document(body, [&](std::string_view k, od::value f) {
    if (k == groups_name) model.resources = r.list<Group>(f, group);
  });
  return model;
}

}  // namespace turnscope::otlp
