#include "sinks/store_intent.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>
#include <sstream>

namespace turnscope::sinks {

void StoreIntent::finished(Range r) {
  done.push_back(r);
  while (done.size() > kKept) done.pop_front();
}

std::string StoreIntent::encode() const {
  std::string out = fmt::format("store 1\nid {:016x}\n", writer_id);
  if (!boot.empty()) fmt::format_to(std::back_inserter(out), "boot {}\n", boot);
  for (const auto& r : done) fmt::format_to(std::back_inserter(out), "done {} {}\n", r.first, r.end);
  if (now) fmt::format_to(std::back_inserter(out), "now {} {}\n", now->first, now->end);
  return out;
}

Result<StoreIntent> StoreIntent::decode(std::string_view text) {
  StoreIntent out;
  if (text.empty()) return out;
  std::istringstream in{std::string(text)};
  std::string word;
  int version = 0;
  if (!(in >> word >> version) || word != "store" || version != 1)
    return fail(ErrorKind::corrupt, "the store writer's note was not written by this version");
  while (in >> word) {
    Range r;
    if (word == "id")
      in >> std::hex >> out.writer_id >> std::dec;
    else if (word == "boot")
      in >> out.boot;
    else if ((word == "done" || word == "now") && in >> r.first >> r.end && r.first < r.end)
      word == "now" ? out.now.emplace(r) : out.done.emplace_back(r);
    else
      return fail(ErrorKind::corrupt,
                  fmt::format("the store writer's note has a line '{}' that cannot be read", word));
  }
  return out;
}

std::string StoreIntent::token(std::string_view table, Range range) const {
  return fmt::format("{:016x}/{}/{}-{}", writer_id, table, range.first, range.end);
}

std::string boot_id() {
  std::string id;
  std::ifstream("/proc/sys/kernel/random/boot_id") >> id;
  return id;
}

}  // namespace turnscope::sinks
