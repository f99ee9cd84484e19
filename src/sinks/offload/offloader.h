// The sink that puts large values into the object store. Its cursor passes a record when all of its objects
// are there: what a crash interrupts is put again, under the same keys.
#pragma once
#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "log/log.h"
#include "sinks/offload/large_values.h"
#include "sinks/sink.h"
#include "store/objects/object_store.h"

namespace turnscope::sinks {

struct OffloaderOptions {
  OffloadRule rule;
  std::size_t concurrency = 4;
  std::chrono::milliseconds first_retry{500}, last_retry{30'000};
};

class Offloader final : public Sink {
 public:
  Offloader(OffloaderOptions, log::Log&, const Clock&, store::ObjectStore&);
  ~Offloader() override;
  Status start() override;
  void stop() override;
  SinkHealth health() const override;
  std::uint64_t objects() const { return objects_; }

 private:
  struct Object {
    std::string key, bytes;
  };
  void run();
  void take(const log::Record&);
  bool put_all(const std::vector<Object>&);  ///< false: stopping
  bool put(const Object&);
  void failed(const Error&);

  const OffloaderOptions options_;
  log::Log& log_;
  const Clock& clock_;
  store::ObjectStore& objects_at_;
  std::shared_ptr<log::Cursor> cursor_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::string error_;
  std::int64_t oldest_ = 0;
  std::atomic<log::Position> position_{0};
  std::atomic<std::uint64_t> objects_{0};
  std::atomic<bool> stop_{false}, started_{false};
  std::thread thread_;
};

}  // namespace turnscope::sinks
