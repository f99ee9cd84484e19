#include "pipeline/pattern_filter.h"

#include <re2/filtered_re2.h>

#include <algorithm>

namespace turnscope::pipeline {
namespace {

/// Literals are compared in ASCII without case. That misses nothing only where no letter of the pattern can
/// stand for one beyond ASCII: (?i)k matches the Kelvin sign, too.
bool ascii_only(std::string_view regex) {
  if (std::ranges::any_of(regex, [](char c) { return is_high(c); })) return false;
  for (std::size_t i = 0; i + 1 < regex.size(); ++i) {
    if (regex[i] == '\\') {
      const char c = regex[i + 1];
      if (c == 'x' || c == 'p' || c == 'P' || is_digit(c)) return false;
      ++i;
    } else if (regex[i] == '(' && regex[i + 1] == '?') {
      for (std::size_t k = i + 2; k < regex.size() && (is_alpha(regex[k]) || regex[k] == '-'); ++k)
        if (regex[k] == 'i') return false;
    }
  }
  return true;
}

}  // namespace

void PatternFilter::add(std::string_view regex) {
  const std::size_t pattern = patterns_++;
  if (pattern >= kMostPatterns) return;
  std::vector<std::string> atoms;
  if (ascii_only(regex)) {
    re2::FilteredRE2 filter(static_cast<int>(kLeast));
    re2::RE2::Options options;
    options.set_log_errors(false);
    int id = 0;
    if (filter.Add(re2::StringPiece(regex.data(), regex.size()), options, &id) == re2::RE2::NoError)
      filter.Compile(&atoms);
    // Without any literal in the text, can it match all the same?
    std::vector<int> passed;
    filter.AllPotentials({}, &passed);
    if (!passed.empty()) atoms.clear();
  }
  const bool usable = !atoms.empty() && atoms.size() <= kMostAtoms &&
                      std::ranges::all_of(atoms, [](const std::string& a) { return a.size() >= kLeast; });
  if (!usable) {
    always_.set(pattern);
    return;
  }
  for (std::string& a : atoms) {
    slots_.set(slot(a.data()));
    atoms_.push_back({std::move(a), pattern});
  }
}

std::vector<std::string_view> PatternFilter::literals() const {
  std::vector<std::string_view> out;
  out.reserve(atoms_.size());
  for (const Atom& a : atoms_) out.push_back(a.text);
  return out;
}

}  // namespace turnscope::pipeline
