#include "pipeline/detectors.h"

#include <fmt/format.h>
#include <re2/re2.h>

#include <algorithm>
#include <bit>

#include "pipeline/addresses.h"
#include "pipeline/characters.h"
#include "pipeline/class_scan.h"
#include "pipeline/numbers.h"

namespace turnscope::pipeline {
namespace {

constexpr std::size_t kChunk = 4'096;  ///< bytes whose masks are held at a time
constexpr DetectorSet kNumbers =
    bit(Detector::phone) | bit(Detector::ssn) | bit(Detector::card) | bit(Detector::iban) | bit(Detector::ip);
constexpr int kRegexMemory = 1 << 20;
constexpr int kRegexProgram = 5'000;  ///< instructions; beyond, one byte of text costs too much

/// Adds `f` behind what is there; where it overlaps, what began earlier stays, and what lies inside `f` gives
/// way.
void add(std::vector<Finding>& out, Finding f) {
  while (!out.empty() && out.back().begin >= f.begin && out.back().end <= f.end) out.pop_back();
  if (!out.empty() && out.back().end > f.begin) f.begin = out.back().end;
  if (f.begin < f.end) out.push_back(f);
}

}  // namespace

Detectors::~Detectors() = default;

void Detectors::look(std::string_view text, std::string_view key, DetectorSet wanted,
                     std::vector<Finding>& out, std::vector<Finding>* phrases, PatternSet* patterns) const {
  ClassMasks masks[kChunk / 64 + 2];
  const DetectorSet numbers = wanted & kNumbers;
  const bool streets = wanted & bit(Detector::address), mail = wanted & bit(Detector::email),
             ip = wanted & bit(Detector::ip);
  std::uint64_t digit_before = 0, word_before = 0;
  std::size_t skip = 0;  // candidates before this lie in something that was found
  for (std::size_t base = 0; base < text.size(); base += kChunk) {
    const std::string_view chunk = text.substr(base, kChunk + LiteralFilter::kPlaces);
    class_scan(chunk, secrets_.filter(), masks);
    const std::size_t blocks = (std::min(chunk.size(), kChunk) + 63) / 64;
    for (std::size_t b = 0; b < blocks; ++b) {
      const ClassMasks& m = masks[b];
      const std::uint64_t starts = m.digit & ~(m.digit << 1 | digit_before);
      digit_before = m.digit >> 63;
      for (std::uint64_t left = starts | m.at | m.colon | m.literal; left != 0; left &= left - 1) {
        const unsigned k = static_cast<unsigned>(std::countr_zero(left));
        const std::size_t i = base + 64 * b + k;
        const std::uint64_t here = 1ull << k;
        if (patterns && (m.literal & here)) filter_.look(text, i, *patterns);
        if (i < skip) continue;
        Finding f;
        bool found = false;
        if ((m.literal & here) && secrets_.possible(text, i)) found = secrets_.find(text, i, key, wanted, f);
        if (!found && (starts & here)) {
          found = numbers && find_number(text, i, key, numbers, f);
          if (!found && streets) found = find_street(text, i, f);
        }
        if (!found && (m.at & here)) found = mail && find_email(text, i, 1, f);
        if (!found && (m.colon & here) && ip && (is_hex(at(text, i + 1)) || at(text, i + 1) == ':'))
          found = find_ipv6(text, i, f);
        // The rest of something found ("pass@host" of a URL) is nothing of its own.
        if (found && !(!out.empty() && f.begin > out.back().begin && f.begin < out.back().end)) {
          add(out, f);
          skip = std::max<std::size_t>(skip, f.end);
        }
      }
      if (!phrases) continue;
      const std::uint64_t words = m.word & ~(m.word << 1 | word_before);
      word_before = m.word >> 63;
      for (std::uint64_t left = words | m.high; left != 0; left &= left - 1) {
        const unsigned k = static_cast<unsigned>(std::countr_zero(left));
        std::size_t i = base + 64 * b + k;
        // How long it is, where that is plain to see: 0 at a block's end and beyond ASCII.
        unsigned length = static_cast<unsigned>(std::countr_one(m.word >> k));
        if (k + length >= 64 || (m.high >> k & ((1ull << length) - 1)) != 0) length = 0;
        // Words begin behind marks beyond ASCII too, whose bytes count as those of words above; and behind
        // the letter of an escape.
        if (is_high(text[i])) {
          const std::size_t mark = mark_at(text, i);
          if (mark == 0 && !(words >> k & 1)) continue;
          i += mark;
        } else if (i > 0 && text[i - 1] == '\\' && after_escape(text, i + 1)) {
          ++i;
          if (length) --length;
        }
        phrase_at(text, i, length, wanted, *phrases);
      }
    }
  }
}

void Detectors::phrase_at(std::string_view text, std::size_t i, unsigned length, DetectorSet wanted,
                          std::vector<Finding>& out) const {
  if (!out.empty() && i < out.back().end) return;
  const auto one = [&](const PhraseList& list, Detector d) {
    if (list.empty() || !(wanted & bit(d)) || !list.possible(text, i, length)) return false;
    const std::size_t end = list.find_at(text, i);
    if (end) out.push_back({static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(end), d, 0});
    return end != 0;
  };
  if (!one(names_, Detector::name)) one(streets_, Detector::address);
}

void Detectors::find(std::string_view text, std::string_view key, DetectorSet wanted,
                     std::vector<Finding>& out) const {
  out.clear();
  if (text.size() < 2) return;
  const bool lists = ((wanted & bit(Detector::name)) && !names_.empty()) ||
                     ((wanted & bit(Detector::address)) && !streets_.empty());
  const bool patterns = (wanted & bit(Detector::pattern)) && !compiled_.empty();
  std::vector<Finding> more;
  PatternSet possible = filter_.always();
  look(text, key, wanted, out, lists ? &more : nullptr, patterns && !filter_.empty() ? &possible : nullptr);
  if (patterns) {
    for (std::size_t k = 0; k < compiled_.size(); ++k) {
      if (k < kMostPatterns && !possible[k]) continue;
      re2::StringPiece match;
      for (std::size_t from = 0; from < text.size();) {
        if (!compiled_[k]->Match({text.data(), text.size()}, from, text.size(), re2::RE2::UNANCHORED, &match,
                                 1))
          break;
        const auto begin = static_cast<std::size_t>(match.data() - text.data());
        if (match.empty()) {
          from = begin + 1;
          continue;
        }
        more.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(begin + match.size()),
                        Detector::pattern, static_cast<std::uint16_t>(k)});
        from = begin + match.size();
      }
    }
  }
  if (more.empty()) return;
  more.insert(more.end(), out.begin(), out.end());
  out.clear();
  std::sort(more.begin(), more.end(), [](const Finding& a, const Finding& b) {
    return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
  });
  for (const Finding& f : more) {
    if (!out.empty() && f.end <= out.back().end) continue;
    add(out, f);
  }
}

std::string regex_problem(std::string_view regex) {
  if (regex.empty()) return "is empty; it would match everywhere";
  // What is exponential in other engines is linear here, but nobody means it: refused, so that a pattern can
  // be taken to any other tool. A group under an unbounded repetition may not itself be nothing but an
  // unbounded repetition, nor have branches that begin alike.
  struct Group {
    std::size_t body = 0;       // atoms of the branch so far
    bool repeated = false;      // the branch's only atom is repeated without bound
    bool any_repeated = false;  // some branch is nothing else
    std::vector<char> firsts;   // first literal of each branch
    bool branch_begins = true, twins = false;
  };
  std::vector<Group> open(1);
  bool last_was_group = false;
  Group closed;
  const auto atom = [&](char first) {
    Group& g = open.back();
    if (g.branch_begins) {
      if (first != 0 && std::find(g.firsts.begin(), g.firsts.end(), first) != g.firsts.end()) g.twins = true;
      if (first != 0) g.firsts.push_back(first);
      g.branch_begins = false;
    }
    ++g.body;
    g.repeated = false;
    last_was_group = false;
  };
  const auto end_branch = [](Group& g) {
    if (g.body == 1 && g.repeated) g.any_repeated = true;
    g.body = 0;
    g.repeated = false;
    g.branch_begins = true;
  };
  for (std::size_t i = 0; i < regex.size(); ++i) {
    const char c = regex[i];
    if (c == '\\') {
      ++i;
      atom(0);
    } else if (c == '[') {
      std::size_t end = regex.find(']', i + 2);
      if (end == regex.npos) break;  // RE2 says it better
      while (end != regex.npos && regex[end - 1] == '\\') end = regex.find(']', end + 1);
      if (end == regex.npos) break;
      i = end;
      atom(0);
    } else if (c == '(') {
      open.emplace_back();
      if (at(regex, i + 1) == '?') {
        const auto end = regex.find_first_of(":>)", i);
        if (end != regex.npos && regex[end] != ')') i = end;
      }
    } else if (c == ')') {
      if (open.size() < 2) break;
      end_branch(open.back());
      closed = open.back();
      open.pop_back();
      atom(0);
      last_was_group = true;
    } else if (c == '|') {
      end_branch(open.back());
      last_was_group = false;
    } else if (c == '*' || c == '+' || c == '{') {
      bool unbounded = c != '{';
      if (c == '{') {
        const auto end = regex.find('}', i);
        if (end == regex.npos || !is_digit(at(regex, i + 1))) {
          atom(c);
          continue;
        }
        unbounded = regex[end - 1] == ',';
        i = end;
      }
      if (unbounded) {
        if (last_was_group && closed.any_repeated)
          return "repeats a group that is itself an unbounded repetition, as (a+)+: other engines need "
                 "exponential time for it; "
                 "write the inner repetition alone";
        if (last_was_group && closed.twins)
          return "repeats a group whose branches begin alike, as (a|ab)*: other engines need exponential "
                 "time for it; take the "
                 "common beginning out";
        open.back().repeated = true;
      }
      last_was_group = false;
    } else if (c == '?') {
      last_was_group = false;
    } else {
      atom(c);
    }
  }
  re2::RE2::Options options;
  options.set_max_mem(kRegexMemory);
  options.set_log_errors(false);
  const re2::RE2 compiled(re2::StringPiece(regex.data(), regex.size()), options);
  if (!compiled.ok())
    return fmt::format(
        "is not a regular expression of RE2 (linear time; no look-around, no back-references): {}",
        compiled.error());
  if (compiled.ProgramSize() > kRegexProgram || compiled.ReverseProgramSize() > kRegexProgram)
    return fmt::format("compiles to {} instructions; at most {} are allowed, make its repetitions smaller",
                       compiled.ProgramSize(), kRegexProgram);
  if (re2::RE2::FullMatch("", compiled))
    return "matches the empty text, so it would match everywhere; ask for at least one character";
  return {};
}

Result<std::unique_ptr<const Detectors>> Detectors::make(const RedactOptions& options) {
  std::unique_ptr<Detectors> out(new Detectors);
  auto names = PhraseList::parse(options.names);
  if (!names) return fail(names.error().with_context("redact.names_file"));
  out->names_ = std::move(*names);
  auto streets = PhraseList::parse(options.streets);
  if (!streets) return fail(streets.error().with_context("redact.streets_file"));
  out->streets_ = std::move(*streets);
  re2::RE2::Options re;
  re.set_max_mem(kRegexMemory);
  re.set_log_errors(false);
  for (std::size_t k = 0; k < options.patterns.size(); ++k) {
    const Pattern& p = options.patterns[k];
    if (const std::string problem = regex_problem(p.regex); !problem.empty())
      return fail(ErrorKind::invalid_argument, fmt::format("redact.patterns[{}].regex: {}", k, problem));
    out->patterns_.push_back(p);
    out->compiled_.push_back(std::make_unique<re2::RE2>(p.regex, re));
    out->filter_.add(p.regex);
  }
  const auto literals = out->filter_.literals();
  out->secrets_ = Secrets(literals);
  return std::unique_ptr<const Detectors>(std::move(out));
}

}  // namespace turnscope::pipeline
