#include "sinks/renormalise_checkpoint.h"

#define XXH_INLINE_ALL
#include <fmt/format.h>
#include <sys/stat.h>
#include <xxhash.h>

#include <iterator>
#include <sstream>

#include "genai/registry.h"
#include "otlp/decode.h"

namespace turnscope::sinks {
std::string RenormaliseCheckpoint::encode() const {
  std::string out = fmt::format("renormalise 1\nboot {}\nrules {:016x}\n", boot.empty() ? "-" : boot, rules);
  fmt::format_to(std::back_inserter(out), "run {} {} {}\n", since, started, rows);
  fmt::format_to(std::back_inserter(out), "done {} {} {} {} {}\n", read, changed, skipped, duplicates_added,
                 duplicates_removed);
  fmt::format_to(std::back_inserter(out), "at {} {} {} {}\n", project, cursor.start, otlp::hex(cursor.trace),
                 cursor.span);
  for (const auto day : days) fmt::format_to(std::back_inserter(out), "day {}\n", day);
  // Without its last line it is a part of one.
  return out + "end\n";
}

Result<RenormaliseCheckpoint> RenormaliseCheckpoint::decode(std::string_view text) {
  const auto broken = [] {
    return fail(ErrorKind::corrupt, "the note of an earlier run of renormalise cannot be read");
  };
  RenormaliseCheckpoint out;
  std::istringstream in{std::string(text)};
  std::string word, trace;
  int version = 0;
  if (!(in >> word >> version) || word != "renormalise" || version != 1) return broken();
  while (in >> word && word != "end") {
    if (word == "boot") {
      in >> out.boot;
      if (out.boot == "-") out.boot.clear();
    } else if (word == "rules") {
      in >> std::hex >> out.rules >> std::dec;
    } else if (word == "run") {
      in >> out.since >> out.started >> out.rows;
    } else if (word == "done") {
      in >> out.read >> out.changed >> out.skipped >> out.duplicates_added >> out.duplicates_removed;
    } else if (word == "at") {
      in >> out.project >> out.cursor.start >> trace >> out.cursor.span;
      if (!otlp::parse_hex(trace, out.cursor.trace)) return broken();
      out.cursor.first = false;
    } else if (word == "day") {
      std::int64_t day = 0;
      in >> day;
      out.days.insert(day);
    } else {
      return broken();
    }
    if (!in) return broken();
  }
  if (word != "end" || out.cursor.first) return broken();
  return out;
}

void RenormaliseCheckpoint::give(RenormaliseState& s) const {
  s.since = since;
  s.started = started;
  s.rows = rows;
  s.read = read;
  s.changed = changed;
  s.skipped = skipped;
  s.duplicates_added = duplicates_added;
  s.duplicates_removed = duplicates_removed;
}

std::uint64_t rules_in_use() {
  struct stat program {};
  if (::stat("/proc/self/exe", &program) != 0) program = {};
  auto text = fmt::format("{} {}.{}", program.st_size, program.st_mtim.tv_sec, program.st_mtim.tv_nsec);
  for (const auto& m : genai::registry().mappings()) {
    for (const auto& part :
         {m.attribute, m.event, m.field, m.convert, m.scope, m.span_name, m.kind, m.dialect})
      fmt::format_to(std::back_inserter(text), "{}:{}", part.size(), part);
    for (const auto& [word, means] : m.values)
      fmt::format_to(std::back_inserter(text), "{}:{}{}:{}", word.size(), word, means.size(), means);
    fmt::format_to(std::back_inserter(text), "{} {};", m.rank,
                   m.input_excludes_cache ? static_cast<int>(*m.input_excludes_cache) : 2);
  }
  return XXH3_64bits(text.data(), text.size());
}

}  // namespace turnscope::sinks
