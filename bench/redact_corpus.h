// The corpus that redaction is measured on: texts with the places of what has to be found, and hard negatives
// (order numbers, timestamps, hex ids, UUIDs, code, versions, prices). Made from a fixed seed, with the
// hand-written cases of tests/fixtures/redact/hard_cases.txt. Two halves by chance: rules are worked on with
// one, figures come from the other.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "base/result.h"
#include "pipeline/finding.h"

namespace turnscope::bench {

struct Expected {
  std::size_t begin = 0, end = 0;
  pipeline::Detector detector = pipeline::Detector::count;
};
struct CorpusCase {
  std::string text;
  std::string key;  ///< name that the text stands under
  std::vector<Expected> expected;
  pipeline::Detector about = pipeline::Detector::count;  ///< what a negative was made against
  bool test_half = false;
  bool written = false;  ///< by hand
};

struct Corpus {
  std::vector<CorpusCase> cases;
  std::string names;  ///< the list of names that belongs to it
};

/// `each`: positives a detector; as many negatives and half more are made beside them. `hard_cases`: the
/// file's text, marks as «email:a@b.com».
Result<Corpus> make_corpus(std::uint64_t seed, std::size_t each, std::string_view hard_cases);

}  // namespace turnscope::bench
