// A piece of the stored spans of one project, in order of start, as whole as they were received.
#pragma once
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "otlp/model.h"
#include "store/derived_facts.h"
#include "store/engine.h"
#include "store/span_block.h"
#include "store/span_payload.h"

namespace turnscope::sinks {

struct StoredRow {
  otlp::Span span;  ///< attributes, events and links once it has been restored
  store::SpanTimes times;
  std::uint64_t version = 0;
  std::int64_t received_ms = 0;
  std::string_view service, scope_name, scope_version;
  std::uint64_t scope_id = 0, resource_id = 0;
  std::uint32_t weight = 1'000;
  store::DerivedFacts facts;
  store::StoredPayload payload;
  std::array<std::string_view, 3> own;  ///< payload columns before shared texts were put in
  std::vector<store::PartId> shared;
  std::int64_t again_ms = 0;  ///< time of receipt of an older version of the span; 0: there is none
  bool whole = true;          ///< false: something that belongs to it is gone
};

/// Where a piece ended.
struct PieceCursor {
  std::int64_t start = 0;
  otlp::TraceId trace{};
  otlp::SpanId span = 0;
  bool first = true;
};

/// Owns the memory of its rows.
class StoredPiece {
 public:
  /// At most `rows` rows behind the cursor; too_large when they have more than `bytes`.
  static Result<std::unique_ptr<StoredPiece>> read(store::Engine&, std::uint32_t project, const PieceCursor&,
                                                   std::size_t rows, std::size_t bytes);
  std::vector<StoredRow>& rows() { return rows_; }
  const PieceCursor& end() const { return end_; }
  bool last() const { return last_; }  ///< nothing comes behind it
  const otlp::Resource& resource(const StoredRow& r) const { return resources_.at(r.resource_id); }
  const otlp::Scope& scope(const StoredRow& r) const { return scopes_.at(r.scope_id); }

 private:
  Status read_rows(std::size_t limit);
  Status read_parts(store::Engine&, std::uint32_t project);
  Status read_resources(store::Engine&, std::uint32_t project);

  std::string bytes_;
  std::deque<std::string> texts_;
  otlp::Arena arena_;
  std::map<std::uint64_t, otlp::Resource> resources_;
  std::map<std::uint64_t, otlp::Scope> scopes_;
  std::vector<StoredRow> rows_;
  PieceCursor end_;
  bool last_ = false;
};

}  // namespace turnscope::sinks
