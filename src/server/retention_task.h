// Runs retention beside the server: a first pass soon after the start, then one every retention.check_every.
#pragma once
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "query/retention.h"
#include "server/config.h"
#include "store/objects/object_store.h"

namespace turnscope::server {

/// As the configuration has it.
query::RetentionOptions retention_options(const Config&);

/// Deletes the objects of spans that go.
query::Retention::Remove remove_from(store::ObjectStore&);

class RetentionTask {
 public:
  RetentionTask(store::Engine&, const Clock&, query::RetentionOptions, std::chrono::milliseconds every,
                query::Retention::Remove = {});
  ~RetentionTask();
  RetentionTask(const RetentionTask&) = delete;
  RetentionTask& operator=(const RetentionTask&) = delete;

 private:
  void work();
  query::Retention retention_;
  const std::chrono::milliseconds every_;
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

}  // namespace turnscope::server
