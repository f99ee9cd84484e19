// What was decided, so that late spans follow and a restart does not decide twice: the last million traces as
// hashes, in memory and in two files that take turns. A verdict is on disk before anything follows from it.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/filesystem.h"
#include "otlp/model.h"

namespace turnscope::sinks {

class Verdicts {
 public:
  /// `each`: verdicts in one file; twice as many are remembered at most.
  Verdicts(FileSystem&, std::string directory, std::size_t each = 500'000);
  /// Reads what is there; a torn end is cut. Error: io.
  Status open();
  /// nullopt: not decided, or so long ago that it is forgotten.
  std::optional<bool> find(const otlp::TraceId&) const;
  void add(const otlp::TraceId&, bool kept);
  /// All that was added is on disk when it returns.
  Status sync();
  std::size_t size() const { return tables_[0].used + tables_[1].used; }
  std::size_t bytes() const {
    return (tables_[0].slots.capacity() + tables_[1].slots.capacity()) * sizeof(std::uint64_t);
  }

 private:
  /// Open addressing; the lowest bit of an entry is the verdict.
  struct Table {
    std::vector<std::uint64_t> slots;
    std::size_t used = 0;
    std::optional<bool> find(std::uint64_t key) const;
    void add(std::uint64_t entry);
    void grow();
  };
  Status begin_file(unsigned which);
  std::string path(unsigned which) const;

  FileSystem& fs_;
  const std::string directory_;
  const std::size_t each_;
  Table tables_[2];
  unsigned current_ = 0;
  std::uint64_t generation_ = 0;
  std::unique_ptr<File> file_;
  std::uint64_t file_bytes_ = 0;
  std::string pending_;
};

}  // namespace turnscope::sinks
