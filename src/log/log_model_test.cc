// Random actions against a simple model, on a disk that forgets what was not synced. The model: a map from
// position to bytes of everything that was acknowledged. After every power cut each of these is there, unless
// every cursor had passed it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "base/anomaly.h"
#include "base/logger.h"
#include "base/testing/forgetful_filesystem.h"
#include "log/testing.h"

namespace turnscope::log {
namespace {

using testing::open_or_die;
using testing::read_all;
using turnscope::testing::ForgetfulFileSystem;
using turnscope::testing::PowerCut;

Options model_options() {
  Options o;
  o.directory = "/data/log";
  o.segment_bytes = 16u << 10;
  o.max_bytes = 64u << 20;
  return o;
}

/// What the outside world knows: what was sent, what was answered, what a sink has said it is done with.
struct Outside {
  std::map<Position, std::string> acknowledged;
  std::set<std::string> sent;
  std::map<std::string, Position> cursor_done;       ///< advance() has returned
  std::map<std::string, Position> cursor_attempted;  ///< advance() was called
};

/// How often something was lost, by the log's own account.
std::uint64_t declared_losses() {
  return counted(Anomaly::log_corrupt_record) + counted(Anomaly::log_segment_missing) +
         counted(Anomaly::log_bytes_skipped) + counted(Anomaly::log_cursor_repaired);
}

/// Compares a log that was just opened with what is owed. Gives back what is in it.
std::map<Position, std::string> judge(Log& log, const Outside& outside, const std::string& where) {
  std::map<Position, std::string> found;
  std::set<std::string> contents;
  for (auto& r : read_all(log)) {
    EXPECT_TRUE(outside.sent.contains(r.bytes))
        << where << ": position " << r.position << " holds what nobody sent";
    EXPECT_TRUE(contents.insert(r.bytes).second) << where << ": twice: " << r.bytes.substr(0, 20);
    found.emplace(r.position, std::move(r.bytes));
  }
  Position passed = outside.cursor_attempted.empty() ? 0 : UINT64_MAX;
  for (const auto& [name, position] : outside.cursor_attempted) passed = std::min(passed, position);
  for (const auto& [position, bytes] : outside.acknowledged) {
    const auto it = found.find(position);
    if (it == found.end()) {
      EXPECT_LT(position, passed) << where << ": acknowledged and lost";
    } else {
      EXPECT_EQ(it->second, bytes) << where << ": position " << position;
    }
  }
  for (const auto& [name, done] : outside.cursor_done) {
    const Position now = log.cursor(name).value()->position();
    EXPECT_GE(now, done) << where << ": cursor " << name << " went back";
    // It may have stepped over positions that hold nothing (those left out after a torn end, or of an empty
    // segment that is gone), whatever became of the file of that segment. Never over a record.
    const Position attempted = outside.cursor_attempted.at(name);
    for (const auto* records : {&std::as_const(found), &outside.acknowledged}) {
      const auto passed_over = records->lower_bound(attempted);
      EXPECT_FALSE(passed_over != records->end() && passed_over->first < now)
          << where << ": cursor " << name << " went from " << attempted << " to " << now
          << " over the record at " << passed_over->first;
    }
  }
  return found;
}

class World {
 public:
  explicit World(std::uint64_t seed) : random_(seed), fs_(std::make_unique<ForgetfulFileSystem>()) {
    start();
  }
  ~World() { stop(); }

  ForgetfulFileSystem& fs() { return *fs_; }
  std::mt19937_64& random() { return random_; }
  Outside outside() const {
    std::lock_guard lock(mutex_);
    return outside_;
  }
  Log& log() { return *log_; }

  void start() {
    log_ = open_or_die(*fs_, model_options());
    for (const auto* name : {"a", "b"}) {
      cursors_[name] = log_->cursor(name).value();
      std::lock_guard lock(mutex_);
      // Opening may move a cursor over positions that were left out after a torn end. That holds nothing and
      // is not written down, so it is no promise: what advance() said stays the last one.
      outside_.cursor_done.try_emplace(name, 0);
      outside_.cursor_attempted[name] = cursors_[name]->position();
    }
  }
  void stop() {
    cursors_.clear();
    log_.reset();
  }
  void restart() {
    stop();
    start();
  }

  /// Sends some records at once; waits for all answers or for none.
  void append_some() {
    auto open = std::make_shared<std::atomic<int>>(0);
    const int n = 1 + static_cast<int>(random_() % 6);
    for (int i = 0; i < n; ++i) {
      std::string bytes = std::to_string(++sent_) + ":";
      const std::size_t size = random_() % 8 == 0 ? random_() % 20'000 : random_() % 2000;
      while (bytes.size() < size) bytes += static_cast<char>(random_());
      {
        std::lock_guard lock(mutex_);
        outside_.sent.insert(bytes);
      }
      ++*open;
      log_->append({}, Payload::of(bytes), [this, bytes, open](Result<Position> p) {
        if (p) {
          std::lock_guard lock(mutex_);
          outside_.acknowledged[*p] = bytes;
        }
        --*open;
      });
    }
    if (random_() % 2 == 0) {
      ASSERT_TRUE(testing::eventually([&] { return *open == 0; }));
    }
  }

  void advance() {
    const std::string name = random_() % 2 == 0 ? "a" : "b";
    const Position now = cursors_[name]->position();
    const Position end = log_->stats().durable;
    if (end <= now) return;
    const Position to = now + random_() % (end - now + 1);
    {
      std::lock_guard lock(mutex_);
      outside_.cursor_attempted[name] = std::max(to, outside_.cursor_attempted[name]);
    }
    ASSERT_TRUE(cursors_[name]->advance(to, "note " + std::to_string(to)));
    std::lock_guard lock(mutex_);
    outside_.cursor_done[name] = to;
  }

  /// The power goes: the log goes on in the old world, which nobody sees again.
  void switch_to(std::unique_ptr<ForgetfulFileSystem> after, Outside outside_then, const std::string& where) {
    stop();
    fs_ = std::move(after);
    outside_then.sent = outside().sent;  // sent in the instant of the cut: may be there
    auto log = open_or_die(*fs_, model_options());
    const auto found = judge(*log, outside_then, where);
    log.reset();
    {
      std::lock_guard lock(mutex_);
      outside_ = std::move(outside_then);
      outside_.acknowledged = found;  // what is there after the start is owed from now on
    }
    start();
  }

 private:
  std::mt19937_64 random_;
  std::unique_ptr<ForgetfulFileSystem> fs_;
  mutable std::mutex mutex_;
  Outside outside_;
  std::uint64_t sent_ = 0;
  std::unique_ptr<Log> log_;
  std::map<std::string, std::shared_ptr<Cursor>> cursors_;
};

TEST(PowerCut,
     at_each_of_several_hundred_moments_nothing_acknowledged_is_lost_and_nothing_is_called_damaged) {
  const std::uint64_t seed = testing::seed();
  SCOPED_TRACE("seed " + std::to_string(seed));
  set_log_level(LogLevel::error);
  const auto losses = declared_losses();
  World world(seed);
  std::atomic<int> moments{0}, torn{0};
  std::atomic<bool> inside{false};
  world.fs().set_hook([&] {
    if (inside.exchange(true)) return;  // one thread at a time is enough
    const int moment = ++moments;
    for (const auto kind : {PowerCut::forget_all, PowerCut::keep_some}) {
      const auto outside = world.outside();  // before the picture is taken: what is in it is owed
      auto after = world.fs().after_power_cut(kind, seed + static_cast<std::uint64_t>(moment));
      auto later = world.outside();  // cursors may have been moved while the picture was taken
      later.acknowledged = outside.acknowledged;
      later.cursor_done = outside.cursor_done;
      auto log = open_or_die(*after, model_options());
      judge(*log, later,
            "moment " + std::to_string(moment) + (kind == PowerCut::forget_all ? " forget" : " keep some"));
      torn += log->stats().repairs.empty() ? 0 : 1;
    }
    inside = false;
  });
  while (moments < 400 && !::testing::Test::HasFailure()) {
    const auto choice = world.random()() % 10;
    if (choice < 7) {
      world.append_some();
    } else if (choice < 9) {
      world.advance();
    } else {
      world.restart();
    }
  }
  world.stop();
  world.fs().set_hook({});
  EXPECT_GT(torn, 0) << "no write was ever torn: the test shows less than it should";
  EXPECT_EQ(declared_losses(), losses) << "a power cut alone was reported as loss";
  set_log_level(LogLevel::info);
}

TEST(LogModel, random_lives_with_power_cuts_at_random_moments_keep_every_promise) {
  const std::uint64_t first_seed = testing::seed();
  set_log_level(LogLevel::error);
  const auto losses = declared_losses();
  int cuts = 0;
  for (std::uint64_t seed = first_seed; seed < first_seed + 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world(seed);
    std::mutex mutex;
    std::unique_ptr<ForgetfulFileSystem> after;
    Outside then;
    std::atomic<std::int64_t> countdown{0};
    const auto arm = [&] {
      countdown = static_cast<std::int64_t>(world.random()() % 150);
      const auto kind = world.random()() % 2 == 0 ? PowerCut::forget_all : PowerCut::keep_some;
      const auto cut_seed = world.random()();
      world.fs().set_hook([&, kind, cut_seed] {
        if (countdown-- != 0) return;
        std::lock_guard lock(mutex);
        then = world.outside();
        after = world.fs().after_power_cut(kind, cut_seed);
        const auto later = world.outside();
        then.cursor_attempted = later.cursor_attempted;
      });
    };
    arm();
    for (int step = 0; step < 300 && !::testing::Test::HasFailure(); ++step) {
      const auto choice = world.random()() % 20;
      if (choice < 14) {
        world.append_some();
      } else if (choice < 18) {
        world.advance();
      } else if (choice < 19) {
        world.restart();
      } else {
        judge(world.log(), world.outside(), "step " + std::to_string(step));
      }
      std::unique_lock lock(mutex);
      if (after) {
        ++cuts;
        auto next = std::move(after);
        lock.unlock();
        world.fs().set_hook({});
        world.switch_to(std::move(next), std::exchange(then, {}),
                        "after cut at step " + std::to_string(step));
        arm();
      }
    }
    world.fs().set_hook({});
  }
  EXPECT_GT(cuts, 50);
  EXPECT_EQ(declared_losses(), losses) << "a power cut alone was reported as loss";
  set_log_level(LogLevel::info);
}

}  // namespace
}  // namespace turnscope::log
