#include "sinks/otlp_exporter/dead_letters.h"

#include <future>
#include <protozero/pbf_reader.hpp>
#include <protozero/pbf_writer.hpp>

#include "base/anomaly.h"

namespace turnscope::sinks {
namespace {

constexpr std::size_t kSegment = 4u << 20;
enum Field : protozero::pbf_tag_type { body = 1, reason = 2, first = 3, end_position = 4 };

std::string encode(const DeadLetter& l) {
  std::string out;
  protozero::pbf_writer w(out);
  w.add_bytes(Field::body, l.body);
  w.add_string(Field::reason, l.reason);
  w.add_uint64(Field::first, l.first);
  w.add_uint64(Field::end_position, l.end);
  return out;
}

bool decode(std::string_view bytes, DeadLetter& l) {
  try {
    protozero::pbf_reader r(bytes.data(), bytes.size());
    while (r.next()) {
      const bool text = r.wire_type() == protozero::pbf_wire_type::length_delimited;
      const bool number = r.wire_type() == protozero::pbf_wire_type::varint;
      if (r.tag() == Field::body && text)
        l.body = r.get_bytes();
      else if (r.tag() == Field::reason && text)
        l.reason = r.get_string();
      else if (r.tag() == Field::first && number)
        l.first = r.get_uint64();
      else if (r.tag() == Field::end_position && number)
        l.end = r.get_uint64();
      else
        r.skip();
    }
  } catch (const protozero::exception&) {
    return false;
  }
  return true;
}

}  // namespace

DeadLetters::DeadLetters(FileSystem& fs, const Clock& clock, std::string directory, std::uint64_t max_bytes)
    : fs_(fs), clock_(clock), directory_(std::move(directory)), max_bytes_(max_bytes) {}

Status DeadLetters::open() {
  if (log_) return {};
  log::Options options;
  options.directory = directory_;
  options.segment_bytes = kSegment;
  options.max_bytes = std::max<std::uint64_t>(max_bytes_, 2 * kSegment);
  TS_ASSIGN(log_, log::open_log(fs_, clock_, options));
  TS_ASSIGN(cursor_, log_->cursor("replayed"));
  return {};
}

Status DeadLetters::open_existing() {
  const std::lock_guard lock(mutex_);
  return fs_.exists(directory_) ? open() : Status{};
}

Status DeadLetters::add(const DeadLetter& letter) {
  const std::lock_guard lock(mutex_);
  TS_TRY(open());
  auto answer = std::make_shared<std::promise<Result<log::Position>>>();
  auto durable = answer->get_future();
  log_->append({letter.signal, 1, clock_.unix_nanos(), letter.items}, log::Payload::of(encode(letter)),
               [answer](Result<log::Position> r) { answer->set_value(std::move(r)); });
  if (auto r = durable.get(); !r) return fail(r.error());
  return {};
}

DeadLetters::Stats DeadLetters::stats() const {
  const std::lock_guard lock(mutex_);
  if (!log_) return {};
  const auto s = log_->stats();
  const auto position = cursor_->position();
  return {s.durable > position ? s.durable - position : 0, s.bytes_on_disk};
}

log::Position DeadLetters::end() const {
  const std::lock_guard lock(mutex_);
  return log_ ? log_->stats().durable : 0;
}

Status DeadLetters::for_each(std::size_t limit, const std::function<bool(const DeadLetter&)>& each) const {
  std::unique_ptr<log::Reader> reader;
  {
    const std::lock_guard lock(mutex_);
    if (!log_) return {};
    reader = log_->read(cursor_->position());
  }
  for (std::size_t n = 0; n < limit; ++n) {
    TS_ASSIGN(const auto record, reader->next());
    if (!record) return {};
    DeadLetter l;
    l.position = record->position;
    l.signal = record->head.signal;
    l.items = record->head.items;
    l.refused_unix_nano = record->head.received_unix_nano;
    if (!decode(record->bytes, l)) continue;
    if (!each(l)) return {};
  }
  return {};
}

Status DeadLetters::replayed(log::Position position) {
  const std::lock_guard lock(mutex_);
  return cursor_ ? cursor_->advance(position) : Status{};
}

void DeadLetters::close() {
  const std::lock_guard lock(mutex_);
  cursor_.reset();
  if (log_) log_->close();
  log_.reset();
}

}  // namespace turnscope::sinks
