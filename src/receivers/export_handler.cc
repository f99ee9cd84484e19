#include "receivers/export_handler.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <condition_variable>
#include <deque>
#include <memory_resource>
#include <mutex>
#include <thread>
#include <vector>

#include "base/anomaly.h"

namespace turnscope::receivers {
namespace {

/// How often a waiting append is tried again. Only while something waits.
constexpr std::chrono::milliseconds retry_tick{10};
constexpr std::chrono::milliseconds client_delay{1'000};
constexpr std::size_t large_request = 4u << 20;

/// Blocks beyond the first: none while the process is near its ceiling (decoding then ends with
/// `overloaded`).
class GuardedBlocks : public std::pmr::memory_resource {
 public:
  MemoryCeiling* ceiling = nullptr;

 private:
  void* do_allocate(std::size_t bytes, std::size_t alignment) override {
    if (ceiling && !ceiling->room_for(bytes)) {
      count(Anomaly::receiver_refused_memory);
      throw std::bad_alloc();
    }
    return std::pmr::new_delete_resource()->allocate(bytes, alignment);
  }
  void do_deallocate(void* p, std::size_t bytes, std::size_t alignment) override {
    std::pmr::new_delete_resource()->deallocate(p, bytes, alignment);
  }
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }
};

/// Memory of one decoded model at a time, one a thread: a typical request fits the first block, so that
/// nothing is allocated; what a large one took is given back at once.
class ModelArena {
 public:
  class Use {
   public:
    explicit Use(MemoryCeiling* ceiling) : memory_(of_thread().memory_) {
      of_thread().blocks_.ceiling = ceiling;
    }
    ~Use() { memory_.release(); }
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;
    otlp::Arena& memory() { return memory_; }

   private:
    otlp::Arena& memory_;
  };

 private:
  static ModelArena& of_thread() {
    thread_local ModelArena arena;
    return arena;
  }
  static constexpr std::size_t first_block = 4u << 20;
  std::unique_ptr<std::byte[]> block_{
      new std::byte[first_block]};  // not zeroed: pages come as they are touched
  GuardedBlocks blocks_;
  otlp::Arena memory_{block_.get(), first_block, &blocks_};
};

struct Prepared {
  log::RecordHead head;
  log::Payload payload;
};

/// Decoded model → bytes for the log. What nothing changed goes there as it came.
template <typename Decode>
Result<Prepared> prepare(const ExportRequest& request, std::string_view bytes,
                         std::shared_ptr<const void> owner, const ExportOptions& options,
                         otlp::DecodeReport& report, Decode decode) {
  ModelArena::Use arena(options.memory);
  TS_ASSIGN(auto model, decode(bytes, arena.memory(), options.limits, report));
  bool changed = report.modified;
  Prepared out;
  out.head.signal = request.signal;
  out.head.project = request.project;
  out.head.items = static_cast<std::uint32_t>(report.accepted);
  out.head.hops = request.hops;
  if (report.accepted == 0) return out;
  if (request.hops > kMostHops) {
    // Forwarded in a circle: a refusal would be sent again, so it is accepted and goes no further.
    count(Anomaly::exporter_loop_broken, report.accepted);
    out.head.items = 0;
    return out;
  }
  if (options.pipeline && !options.pipeline->idle()) {
    TS_ASSIGN(const bool by_pipeline, options.pipeline->process(model, arena.memory()));
    if (by_pipeline) {
      changed = true;
      out.head.items = static_cast<std::uint32_t>(pipeline::item_count(model));
      if (out.head.items == 0) return out;  // all of it by a drop rule: accepted, not stored
    }
  }
  if (request.encoding == Encoding::protobuf && !changed) {
    out.payload.pieces = {bytes};  // as it came, from where it lies
    out.payload.owner = std::move(owner);
  } else {
    std::string encoded;
    encoded.reserve(bytes.size() + bytes.size() / 8);
    otlp::encode_protobuf(model, encoded);
    out.payload = log::Payload::of(std::move(encoded));
  }
  return out;
}

Result<Prepared> prepare(const ExportRequest& request, std::string_view bytes,
                         std::shared_ptr<const void> owner, const ExportOptions& options,
                         otlp::DecodeReport& report) {
  const bool json = request.encoding == Encoding::json;
  switch (request.signal) {
    case log::Signal::traces:
      return prepare(request, bytes, std::move(owner), options, report,
                     json ? otlp::decode_traces_json : otlp::decode_traces_protobuf);
    case log::Signal::logs:
      return prepare(request, bytes, std::move(owner), options, report,
                     json ? otlp::decode_logs_json : otlp::decode_logs_protobuf);
    case log::Signal::metrics:
      return prepare(request, bytes, std::move(owner), options, report,
                     json ? otlp::decode_metrics_json : otlp::decode_metrics_protobuf);
  }
  return fail(ErrorKind::internal, "unknown signal");
}

struct Job {
  ExportRequest request;
  ExportHandler::Done done;
  std::chrono::steady_clock::time_point deadline;
  std::size_t bytes = 0;     ///< counted against in_flight_bytes
  std::size_t inflated = 0;  ///< of them after decompression, once that is known
  bool admitted = false;
  bool no_memory = false;  ///< what it last waited for
  Prepared prepared;       ///< once decoded
  otlp::DecodeReport report;
};
using JobPtr = std::shared_ptr<Job>;

}  // namespace

std::uint16_t parse_hops(std::string_view header) {
  std::uint16_t n = 0;
  const auto [end, error] = std::from_chars(header.data(), header.data() + header.size(), n);
  if (error == std::errc::result_out_of_range) return kMostHops + 1;
  return error == std::errc{} && end == header.data() + header.size() ? n : std::uint16_t{0};
}

struct ExportHandler::State : std::enable_shared_from_this<State> {
  State(log::Log& l, ExportOptions o, const Clock& c) : log(l), options(std::move(o)), clock(c) {}

  log::Log& log;
  const ExportOptions options;
  const Clock& clock;

  mutable std::mutex mutex;
  std::condition_variable wake;
  std::mutex large;            // held while a large request is decoded
  std::deque<JobPtr> waiting;  // no room yet, or the log had none
  std::size_t in_flight = 0, waiting_bytes = 0;
  bool stopped = false;
  ReceiverStats totals;
  std::thread holder;

  // Answers of the log on their way to the clients. The committer only leaves them here: sending them is
  // work, and the next group waits for the committer.
  std::mutex answers_mutex;
  std::condition_variable answers_wake;
  std::vector<std::pair<JobPtr, Result<log::Position>>> answers;
  bool answers_stopped = false;
  std::thread answerer;

  void submit(const JobPtr& job) {
    {
      std::unique_lock lock(mutex);
      ++totals.requests;
      totals.bytes += job->bytes;
      if (!admit(job)) {
        if (stopped || waiting_bytes + job->bytes > options.in_flight_bytes / 2) {
          lock.unlock();
          return finish(job, no_room(*job));
        }
        wait(job);
        return;
      }
    }
    process(job);
  }

  /// Takes room; a request larger than all of it is let in when nothing else is.
  bool admit(const JobPtr& job) {
    job->no_memory = false;
    if (stopped || (in_flight > 0 && in_flight + job->bytes > options.in_flight_bytes)) return false;
    if (options.memory && !options.memory->room_for(job->bytes)) {
      job->no_memory = true;
      return false;
    }
    in_flight += job->bytes;
    job->admitted = true;
    return true;
  }

  /// What came out of the decompression counts as well. If there is no room for it, the request waits (as it
  /// came) or is refused, and false is returned.
  bool admit_inflated(const JobPtr& job, std::size_t size) {
    std::unique_lock lock(mutex);
    if (job->inflated != 0) return true;  // was counted before it waited
    const std::size_t others = in_flight - job->bytes;
    job->inflated = size;
    in_flight += size;
    job->bytes += size;
    if (others == 0 || in_flight <= options.in_flight_bytes) return true;
    step_back(job, std::move(lock));
    return false;
  }

  /// Gives its room back and waits for a better moment, if it may still wait.
  void step_back(const JobPtr& job, std::unique_lock<std::mutex> lock) {
    in_flight -= job->bytes;
    job->admitted = false;
    if (!stopped && waiting_bytes + job->bytes <= options.in_flight_bytes / 2) return wait(job);
    lock.unlock();
    finish(job, no_room(*job));
  }

  void wait(const JobPtr& job) {
    waiting.push_back(job);
    waiting_bytes += job->bytes;
    wake.notify_one();
  }

  static Error no_room(const Job& job) {
    if (job.no_memory) {
      count(Anomaly::receiver_refused_memory);
      return {ErrorKind::overloaded,
              "the server is near its memory ceiling (memory.max); send the same request again later",
              client_delay};
    }
    return {ErrorKind::overloaded,
            "too many bytes are waiting to be made durable (limits.in_flight_bytes); send the same request "
            "again later",
            client_delay};
  }

  void process(const JobPtr& job) {
    std::string_view bytes = job->request.bytes;
    std::shared_ptr<const void> owner = job->request.owner;
    if (bytes.size() > options.limits.request_bytes)
      return finish(
          job, Error(ErrorKind::too_large,
                     fmt::format("the request has {} bytes; at most {} are accepted (limits.request_bytes), "
                                 "send smaller batches",
                                 bytes.size(), options.limits.request_bytes)));
    if (job->request.compression != Compression::none && !bytes.empty()) {
      const std::size_t guess =
          std::min(job->inflated ? job->inflated : bytes.size() * 8, options.limits.request_bytes);
      if (options.memory && !options.memory->room_for(guess)) {
        std::unique_lock lock(mutex);
        job->no_memory = true;
        return step_back(job, std::move(lock));
      }
      auto inflated = decompress(job->request.compression, bytes, options.limits.request_bytes);
      if (!inflated) return finish(job, inflated.error());
      auto kept = std::make_shared<Buffer>(std::move(*inflated));
      if (!admit_inflated(job, kept->view().size())) return;
      bytes = kept->view();
      owner = kept;
    }
    // A model can be eight times its bytes: large ones are decoded one after another, so that memory stays
    // bounded.
    std::unique_lock one_large(large, std::defer_lock);
    if (bytes.size() > large_request) one_large.lock();
    auto prepared = prepare(job->request, bytes, std::move(owner), options, job->report);
    if (one_large.owns_lock()) one_large.unlock();
    if (!prepared) return finish(job, std::move(prepared).error());
    job->prepared = std::move(*prepared);
    job->request.owner.reset();  // the payload keeps what it needs
    job->request.bytes = {};
    if (job->prepared.head.items == 0) return finish(job, std::nullopt);
    job->prepared.head.received_unix_nano = clock.unix_nanos();
    append(job);
  }

  void append(const JobPtr& job) {
    log.append(job->prepared.head, job->prepared.payload,
               [self = shared_from_this(), job](Result<log::Position> at) {
                 {
                   const std::lock_guard lock(self->answers_mutex);
                   if (!self->answers_stopped) {
                     self->answers.emplace_back(job, std::move(at));
                     if (self->answers.size() == 1) self->answers_wake.notify_one();
                     return;
                   }
                 }
                 self->logged(job, std::move(at));
               });
  }

  void logged(const JobPtr& job, Result<log::Position> at) {
    if (at) return finish(job, std::nullopt);
    if (at.error().kind == ErrorKind::overloaded && clock.steady() < job->deadline) {
      const std::lock_guard lock(mutex);
      if (!stopped) return wait(job);
    }
    finish(job, std::move(at).error());
  }

  /// The answerer's thread.
  void answer() {
    std::vector<std::pair<JobPtr, Result<log::Position>>> batch;
    for (;;) {
      {
        std::unique_lock lock(answers_mutex);
        answers_wake.wait(lock, [&] { return answers_stopped || !answers.empty(); });
        if (answers.empty()) return;
        batch.swap(answers);
      }
      for (auto& [job, at] : batch) logged(job, std::move(at));
      batch.clear();
    }
  }

  /// Gives the room back and answers.
  void finish(const JobPtr& job, std::optional<Error> error) {
    ExportReply reply;
    {
      const std::lock_guard lock(mutex);
      if (job->admitted) {
        in_flight -= job->bytes;
        job->admitted = false;
        if (!waiting.empty()) wake.notify_one();
      }
      if (error)
        count_refusal(error->kind);
      else
        count_accepted(*job);
    }
    job->prepared.payload = {};
    if (error) {
      reply.error = std::move(error);
    } else {
      reply.rejected = job->report.rejected;
      reply.reason = std::move(job->report.reason);
    }
    job->done(std::move(reply));
  }

  void count_accepted(const Job& job) {
    totals.rejected_items += job.report.rejected;
    switch (job.request.signal) {
      case log::Signal::traces:
        totals.spans += job.report.accepted;
        break;
      case log::Signal::logs:
        totals.log_records += job.report.accepted;
        break;
      case log::Signal::metrics:
        totals.data_points += job.report.accepted;
        break;
    }
  }

  void count_refusal(ErrorKind kind) {
    const ExportCode code = export_code(kind);
    if (kind == ErrorKind::invalid_argument) {
      ++totals.refused_invalid;
      count(Anomaly::receiver_refused_invalid);
    } else if (kind == ErrorKind::too_large) {
      ++totals.refused_too_large;
      count(Anomaly::receiver_refused_too_large);
    } else if (code.retry) {
      ++totals.refused_overload;
      count(Anomaly::receiver_refused_overload);
    } else {
      ++totals.refused_other;
    }
  }

  /// The holder's thread: sleeps for good while nothing waits.
  void hold() {
    std::unique_lock lock(mutex);
    for (;;) {
      wake.wait(lock, [&] { return stopped || !waiting.empty(); });
      if (stopped) break;
      const std::size_t n = waiting.size();
      for (std::size_t i = 0; i < n && !waiting.empty(); ++i) {
        JobPtr job = std::move(waiting.front());
        waiting.pop_front();
        waiting_bytes -= job->bytes;
        const bool expired = clock.steady() >= job->deadline;
        const bool decoded = job->admitted;
        if (!expired && !decoded && !admit(job)) {
          waiting.push_back(std::move(job));
          waiting_bytes += waiting.back()->bytes;
          continue;
        }
        lock.unlock();
        if (decoded)
          append(job);  // the log's own words, if it refuses again
        else if (expired)
          finish(job, no_room(*job));
        else
          process(job);
        lock.lock();
      }
      if (!waiting.empty()) wake.wait_for(lock, retry_tick, [&] { return stopped; });
    }
    std::deque<JobPtr> left;
    left.swap(waiting);
    waiting_bytes = 0;
    lock.unlock();
    for (const JobPtr& job : left)
      finish(job, Error(ErrorKind::unavailable, "the server is shutting down; send the same request again",
                        client_delay));
  }
};

ExportHandler::ExportHandler(log::Log& log, ExportOptions options, const Clock& clock)
    : state_(std::make_shared<State>(log, std::move(options), clock)) {
  state_->holder = std::thread([state = state_.get()] { state->hold(); });
  state_->answerer = std::thread([state = state_.get()] { state->answer(); });
}

ExportHandler::~ExportHandler() {
  {
    const std::lock_guard lock(state_->mutex);
    state_->stopped = true;
  }
  state_->wake.notify_all();
  state_->holder.join();
  {
    const std::lock_guard lock(state_->answers_mutex);
    state_->answers_stopped = true;
  }
  state_->answers_wake.notify_all();
  state_->answerer.join();
}

void ExportHandler::handle(ExportRequest request, Done done) {
  auto job = std::make_shared<Job>();
  job->bytes = request.bytes.size();
  job->request = std::move(request);
  job->done = std::move(done);
  job->deadline = state_->clock.steady() + state_->options.hold;
  state_->submit(job);
}

const ExportOptions& ExportHandler::options() const { return state_->options; }

ReceiverStats ExportHandler::stats() const {
  const std::lock_guard lock(state_->mutex);
  ReceiverStats out = state_->totals;
  out.in_flight_bytes = state_->in_flight;
  out.waiting = state_->waiting.size();
  return out;
}

void ExportHandler::count_refusal(ErrorKind kind) {
  const std::lock_guard lock(state_->mutex);
  state_->count_refusal(kind);
}

}  // namespace turnscope::receivers
