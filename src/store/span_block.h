// Rows for the table `spans`: one add() a span, straight from the decoded model into the columns' buffers.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "genai/view.h"
#include "otlp/model.h"
#include "store/attribute_columns.h"
#include "store/call_block.h"
#include "store/derived_facts.h"
#include "store/shared_texts.h"
#include "store/table_block.h"
#include "store/text_grams.h"

namespace turnscope::store {

/// What spans of one scope have in common.
struct RowContext {
  std::uint32_t project = 1;
  std::int64_t received_unix_nano = 0;
  std::string_view service;
  std::uint64_t resource_id = 0, scope_id = 0;
  const otlp::Scope* scope = nullptr;
  std::uint32_t weight =
      1'000;  ///< of spans: thousandths of their like that they stand for (retention sampling)
};

/// Times as stored: inside what the store can hold and near to the time of receipt, else `received`.
struct SpanTimes {
  static constexpr std::uint8_t kEndBeforeStart = 1, kStartClamped = 2, kEndMissing = 4, kPlaceholder = 8;
  std::int64_t start = 0;
  std::uint64_t duration = 0, raw_start = 0, raw_end = 0;
  std::uint8_t flags = 0;
  /// start + duration, at most the last time that the store can hold.
  std::int64_t end() const;
  /// Start and end as they were sent.
  void give(otlp::Span&) const;
};
SpanTimes span_times(std::uint64_t start_unix_nano, std::uint64_t end_unix_nano,
                     std::int64_t received_unix_nano);
/// A time of receipt that the store can hold.
std::int64_t sane_received(std::int64_t unix_nano);

/// The payload of a row as the store has it: `whole` with shared texts put in, `own` without.
struct StoredTexts {
  std::array<std::string_view, 3> whole, own;
  std::span<const PartId> shared;
  std::span<const std::uint64_t> shared_at;
};

class SpanBlock : public TableBlock<SpanBlock> {
 public:
  /// `genai` must have been made from this span. Strings are copied. `stored`: the row that this one
  /// replaces.
  void add(const otlp::Span&, const RowContext&, const SpanTimes&, const genai::Columns& genai,
           std::uint64_t version, const StoredTexts* stored = nullptr);
  /// Whether the columns input and output of that span would be these.
  bool same_content(const otlp::Span&, const genai::Columns&, std::string_view input,
                    std::string_view output);

  /// From now on texts that repeat earlier ones go to `parts`, as `texts` finds them. Null: no text is
  /// shared.
  void share(SharedTexts* texts, PartBlock* parts) { shared_texts_ = texts, parts_ = parts; }

  /// From now on the texts of each row are counted into `grams`, which must outlive the block.
  void index(GramIndex* grams) { grams_ = grams; }

  /// From now on what each span used goes to `calls`, too, which must outlive the block.
  void tell_usage(CallBlock* calls) { calls_ = calls; }

  /// Strings longer than this leave the attribute maps for the payload (bytes).
  static constexpr std::size_t kInline = 256;

  template <typename F>
  void each(F&& f) {
    constexpr std::string_view kLc = "LowCardinality(String)";
    f(project_, "project", "UInt32");
    f(trace_id_, "trace_id", "FixedString(16)");
    f(span_id_, "span_id", "UInt64");
    f(parent_span_id_, "parent_span_id", "UInt64");
    f(start_, "start", "DateTime64(9, 'UTC')");
    f(duration_ns_, "duration_ns", "UInt64");
    f(time_flags_, "time_flags", "UInt8");
    f(raw_start_, "raw_start", "UInt64");
    f(raw_end_, "raw_end", "UInt64");
    f(version_, "version", "UInt64");
    f(received_, "received", "DateTime64(3, 'UTC')");
    f(span_kind_, "span_kind", "UInt8");
    f(status_, "status", "UInt8");
    f(kind_, "kind", "UInt8");
    f(flags_, "flags", "UInt32");
    f(is_error_, "is_error", "UInt8");
    f(trace_state_, "trace_state", "String");
    f(status_message_, "status_message", "String");
    f(name_, "name", kLc);
    f(service_, "service", kLc);
    f(environment_, "environment", kLc);
    f(provider_, "provider", kLc);
    f(operation_, "operation", kLc);
    f(request_model_, "request_model", kLc);
    f(response_model_, "response_model", kLc);
    f(model_, "model", kLc);
    f(response_id_, "response_id", "String");
    f(tool_, "tool", kLc);
    f(agent_, "agent", kLc);
    f(session_, "session", "String");
    f(user_, "user", "String");
    f(prompt_name_, "prompt_name", kLc);
    f(prompt_version_, "prompt_version", kLc);
    f(experiment_, "experiment", kLc);
    f(variant_, "variant", kLc);
    f(error_type_, "error_type", kLc);
    f(error_message_, "error_message", "String");
    f(question_, "question", "String");
    f(answer_, "answer", "String");
    f(turn_number_, "turn_number", "Int32");
    f(first_token_ns_, "first_token_ns", "UInt64");
    f(usage_role_, "usage_role", "UInt8");
    f(usage_basis_, "usage_basis", "UInt8");
    f(usage_known_, "usage_known", "UInt16");
    f(tok_input_, "tok_input", "UInt64");
    f(tok_cache_read_, "tok_cache_read", "UInt64");
    f(tok_cache_write_, "tok_cache_write", "UInt64");
    f(tok_output_, "tok_output", "UInt64");
    f(tok_reasoning_, "tok_reasoning", "UInt64");
    f(tok_other_, "tok_other", "Map(LowCardinality(String), UInt64)");
    f(reported_cost_nano_, "reported_cost_nano", "Int64");
    f(scope_, "scope", kLc);
    f(scope_version_, "scope_version", kLc);
    f(scope_id_, "scope_id", "UInt64");
    f(resource_id_, "resource_id", "UInt64");
    f(dropped_, "dropped", "Array(UInt32)");
    attributes_.each(f);
    f(attrs_ref_, "attrs_ref", "Map(LowCardinality(String), UInt64)");
    f(ev_time_, "ev_time", "Array(DateTime64(9, 'UTC'))");
    f(ev_name_, "ev_name", "Array(LowCardinality(String))");
    f(ev_attrs_, "ev_attrs", "Array(String)");
    f(links_, "links", "Array(String)");
    f(link_trace_ids_, "link_trace_ids", "Array(FixedString(16))");
    f(payload_[0], "input", "String");
    f(payload_[1], "output", "String");
    f(payload_[2], "extra", "String");
    f(shared_, "shared", "Array(FixedString(16))");
    f(shared_at_, "shared_at", "Array(UInt64)");
    f(service_tier_, "service_tier", kLc);
    f(region_, "region", kLc);
    f(weight_, "weight", "UInt32");
  }

 private:
  static constexpr std::uint64_t kNoRef = ~std::uint64_t{0};

  void add_derived(const DerivedFacts&);
  void build_texts(const otlp::Span&, const genai::Columns&);
  void share_texts(const RowContext&);
  void output_values();
  void place_content(const otlp::Span&, const genai::Columns&);
  std::uint64_t put(unsigned column, std::string_view text);
  void add_attributes(const otlp::Span&);
  void add_events(const otlp::Span&);
  void add_links(const otlp::Span&);

  NumberColumn<std::uint32_t> project_, flags_, weight_;
  IdColumn trace_id_;
  NumberColumn<std::uint64_t> span_id_, parent_span_id_, duration_ns_, raw_start_, raw_end_, version_,
      first_token_ns_, tok_input_, tok_cache_read_, tok_cache_write_, tok_output_, tok_reasoning_, scope_id_,
      resource_id_;
  NumberColumn<std::int64_t> start_, received_, reported_cost_nano_;
  NumberColumn<std::uint8_t> time_flags_, span_kind_, status_, kind_, is_error_, usage_role_, usage_basis_;
  NumberColumn<std::uint16_t> usage_known_;
  NumberColumn<std::int32_t> turn_number_;
  StringColumn trace_state_, status_message_, response_id_, session_, user_, error_message_, question_,
      answer_;
  LowCardinalityColumn name_, service_, environment_, provider_, operation_, request_model_, response_model_,
      model_, tool_, agent_, prompt_name_, prompt_version_, experiment_, variant_, error_type_, scope_,
      scope_version_, service_tier_, region_;
  MapColumn<NumberColumn<std::uint64_t>> tok_other_, attrs_ref_;
  ArrayColumn<NumberColumn<std::uint32_t>> dropped_;
  AttributeColumns attributes_;
  ArrayColumn<NumberColumn<std::uint64_t>>
      ev_time_;  // the bits of DateTime64: what was sent comes back exactly
  ArrayColumn<LowCardinalityColumn> ev_name_;
  ArrayColumn<StringColumn> ev_attrs_, links_;
  ArrayColumn<IdColumn> link_trace_ids_, shared_;
  ArrayColumn<NumberColumn<std::uint64_t>> shared_at_;
  StringColumn payload_[3];  ///< input, output, extra

  SharedTexts* shared_texts_ = nullptr;
  PartBlock* parts_ = nullptr;
  GramIndex* grams_ = nullptr;
  CallBlock* calls_ = nullptr;

  // Of the row under construction.
  std::vector<PartId> ids_;
  std::vector<std::uint64_t> layout_;
  std::string text_[3], scratch_;
  std::vector<std::uint64_t>
      refs_;  ///< a reference or kNoRef for each attribute of the span, then of each event
  std::vector<SharedTexts::Range> values_;  ///< texts that stand in the output
  std::vector<std::uint32_t> event_base_;   ///< where an event's attributes begin in refs_
};

}  // namespace turnscope::store
