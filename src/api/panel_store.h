// Panels of the overview that people made: few, small, kept in one file beside the store. Thread-safe.
#pragma once
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "base/result.h"

namespace turnscope::api {

struct Panel {
  std::string title, q, figure, by;
};

struct PanelSet {
  std::uint64_t revision = 0;  ///< grows with every change
  std::vector<Panel> panels;
};

class PanelStore {
 public:
  static constexpr std::size_t kMost = 50, kTitleBytes = 240, kQueryBytes = 4'000;

  /// An empty path keeps panels in memory. A file that cannot be read is set aside as PATH.bad, with a word
  /// to the log: panels are worth less than a server that starts.
  explicit PanelStore(std::string path);

  PanelSet get() const;
  /// Puts `panels` in place of those of `revision`; the new revision. Fails with invalid_argument when
  /// somebody else was first, or a panel is wrong: then nothing is changed.
  Result<std::uint64_t> put(std::uint64_t revision, std::vector<Panel> panels);

 private:
  const std::string path_;
  mutable std::mutex mutex_;
  PanelSet set_;
};

/// What is wrong with it, for who sent it.
Status check(const Panel&);

}  // namespace turnscope::api
