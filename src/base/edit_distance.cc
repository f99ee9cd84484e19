#include "base/edit_distance.h"

#include <algorithm>
#include <vector>

namespace turnscope {

std::size_t edit_distance(std::string_view a, std::string_view b, std::size_t most) {
  if (a.size() > 64 || b.size() > 64) return most + 1;
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t corner = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const auto replaced = corner + (a[i - 1] == b[j - 1] ? 0 : 1);
      corner = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return std::min(row.back(), most + 1);
}

}  // namespace turnscope
