// Answers of queries as JSON of the REST contract (web/src/api/types.ts).
#pragma once
#include <span>

#include "api/json_writer.h"
#include "query/answers.h"
#include "query/queries.h"
#include "query/window.h"

namespace turnscope::api {

std::string_view kind_name(std::uint8_t kind);
std::string_view status_name(std::uint8_t status);
std::string_view span_kind_name(std::uint8_t span_kind);
std::string hex_id(std::uint64_t span_id);

/// `difference`: beside a cost that the client reported, ours minus theirs.
void write(JsonWriter&, const query::Cost&, bool difference = false);
/// Members of a TraceSummary, without the braces.
void write_summary(JsonWriter&, const query::TraceIndex&);
/// SpanSummary; with the braces unless `open` (then members can follow).
struct SpanTexts {
  std::string_view name, service, provider, model, tool, agent, session, user, status_message,
      service_tier = {}, region = {};
  std::span<const std::pair<std::string_view, std::uint64_t>> other_tokens =
      {};  ///< further buckets, only in detail
};
void write_span(JsonWriter&, const otlp::TraceId&, const query::IndexedSpan&, const SpanTexts&,
                bool open = false);
void write_span(JsonWriter&, const query::TraceIndex&, std::uint32_t row);
/// Texts of a span of an index.
SpanTexts texts_of(const query::TraceIndex&, std::uint32_t row);
void write_window(JsonWriter&, const query::TraceIndex&, const query::Window&, const query::WindowRequest&,
                  bool with_minimap, const std::vector<bool>& matches);
void write_header(JsonWriter&, const query::TraceIndex&, std::string_view answer,
                  const std::vector<query::StoredSpan>& with_links);
std::string revision(const query::TraceIndex&);

/// An Attribute; texts longer than `preview` bytes are cut and say so.
void write_attributes(JsonWriter&, otlp::Attributes, std::size_t preview);

/// A member of `logs`.
void write_log(JsonWriter& json, const query::LogLine&);

}  // namespace turnscope::api
