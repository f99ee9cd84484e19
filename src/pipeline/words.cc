#include "pipeline/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "otlp/text.h"
#include "pipeline/characters.h"

namespace turnscope::pipeline {
namespace {

constexpr std::size_t kMostPhrases = 200'000, kMostWords = 8;

constexpr bool in_word(char c) { return is_alnum(c) || is_high(c); }

/// Latin-1 capitals (C3 80 … C3 9E) are folded with ASCII's.
constexpr char fold(char c, char previous) {
  if (static_cast<unsigned char>(previous) == 0xC3 && static_cast<unsigned char>(c) >= 0x80 &&
      static_cast<unsigned char>(c) <= 0x9E && static_cast<unsigned char>(c) != 0x97)
    return static_cast<char>(c | 0x20);
  return lower(c);
}

struct Word {
  std::size_t begin = 0, end = 0;
  std::uint64_t hash = 0;
};
/// The word at `i`, which is its first byte.
Word word_at(std::string_view s, std::size_t i) {
  Word w{i, i, 0xCBF29CE484222325ull};
  char previous = 0;
  while (w.end < s.size() && in_word(s[w.end]) && !(is_high(s[w.end]) && mark_at(s, w.end))) {
    w.hash = (w.hash ^ static_cast<unsigned char>(fold(s[w.end], previous))) * 0x100000001B3ull;
    previous = s[w.end++];
  }
  return w;
}
bool same_word(std::string_view word, std::string_view folded) {
  if (word.size() != folded.size()) return false;
  char previous = 0;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (fold(word[i], previous) != folded[i]) return false;
    previous = word[i];
  }
  return true;
}
std::uint64_t bit_of(std::uint64_t hash) { return (hash ^ hash >> 29) & 0xFFFF; }

constexpr std::array<std::string_view, 44> kStreetWords = {
    "street",   "st",      "avenue", "ave",     "road", "rd",    "boulevard", "blvd",   "lane",
    "ln",       "drive",   "dr",     "court",   "ct",   "place", "pl",        "square", "sq",
    "terrace",  "parkway", "pkwy",   "highway", "hwy",  "way",   "circle",    "cir",    "trail",
    "crescent", "gardens", "mews",   "walk",    "quay", "alley", "close",     "row",    "grove",
    "broadway", "plaza",   "hill",   "heights", "loop", "ridge", "run",       "strand"};
/// Before the name, behind the number: French.
constexpr std::array<std::string_view, 13> kFrench = {"rue",     "avenue",  "boulevard", "place", "chemin",
                                                      "impasse", "allée",   "quai",      "cours", "route",
                                                      "square",  "passage", "bd"};
/// Before the name, number last: Spanish, Italian, Portuguese.
constexpr std::array<std::string_view, 14> kRomance = {"calle", "avenida",  "paseo", "plaza",  "carrera",
                                                       "vía",   "via",      "viale", "piazza", "corso",
                                                       "rua",   "travessa", "largo", "camino"};
/// Ends of words, number last: German, Dutch, Scandinavian.
constexpr std::array<std::string_view, 22> kGermanic = {
    "straße", "strasse", "str",    "weg",  "platz", "allee", "gasse", "damm", "ufer", "chaussee", "straat",
    "laan",   "plein",   "gracht", "kade", "gatan", "vägen", "veien", "gate", "gade", "vej",      "ring"};

template <typename List>
bool one_of(std::string_view word, const List& list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view w) { return same_word(word, w); });
}
bool ends_with_one_of(std::string_view word, const auto& list) {
  return std::any_of(list.begin(), list.end(), [&](std::string_view w) {
    return word.size() >= w.size() && same_word(word.substr(word.size() - w.size()), w) &&
           (word.size() == w.size() || word.size() >= w.size() + 3);
  });
}
bool capital(std::string_view s, std::size_t i) {
  return is_upper(at(s, i)) ||
         (static_cast<unsigned char>(at(s, i)) == 0xC3 && static_cast<unsigned char>(at(s, i + 1)) <= 0x9E);
}

/// A flat or floor behind a street: ", Apt 4B", " Suite 500", " NW".
std::size_t with_unit(std::string_view s, std::size_t end) {
  constexpr std::array<std::string_view, 12> kUnits = {"apt",  "apartment", "suite", "ste", "unit", "floor",
                                                       "flat", "room",      "nw",    "ne",  "sw",   "se"};
  std::size_t p = end;
  if (at(s, p) == '.') ++p;
  if (at(s, p) == ',') ++p;
  if (at(s, p) != ' ') return end;
  const Word w = word_at(s, p + 1);
  const std::string_view word = s.substr(w.begin, w.end - w.begin);
  if (!one_of(word, kUnits)) return end;
  if (word.size() == 2) return w.end;
  std::size_t q = w.end;
  if (at(s, q) == '.') ++q;
  if (at(s, q) != ' ') return end;
  const Word number = word_at(s, q + 1 + (at(s, q + 1) == '#'));
  return number.end > number.begin && number.end - number.begin <= 5 ? number.end : end;
}

bool number_first(std::string_view s, std::size_t begin, std::size_t after, Finding& out) {
  std::size_t p = after;
  if (at(s, p) == ',') ++p;
  if (at(s, p) != ' ') return false;
  ++p;
  const auto found = [&](std::size_t end) {
    out = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(with_unit(s, end)),
           Detector::address, 0};
    return true;
  };
  Word w = word_at(s, p);
  std::string_view word = s.substr(w.begin, w.end - w.begin);
  if (one_of(word, std::array<std::string_view, 2>{"bis", "ter"}) && at(s, w.end) == ' ') {
    w = word_at(s, w.end + 1);
    word = s.substr(w.begin, w.end - w.begin);
  }
  if (one_of(word, kFrench)) {
    // Small words, then a name with a capital; the address ends behind the last capital word of at most five.
    std::size_t q = w.end, end = 0;
    for (int k = 0; k < 6 && at(s, q) == ' '; ++k) {
      std::size_t from = q + 1;
      if (at(s, from + 1) == '\'') from += 2;
      const Word next = word_at(s, from);
      if (next.end == next.begin) break;
      const bool is_name = capital(s, next.begin) || (is_digit(s[next.begin]) && end == 0);
      if (is_name)
        end = next.end;
      else if (end != 0 && next.end - next.begin > 3)
        break;
      else if (next.end - next.begin > 4)
        break;
      q = next.end;
      if (at(s, q) == '-') q = word_at(s, q + 1).end, end = end ? q : end;
    }
    if (end != 0) return found(end);
  }
  // One to four words with capitals (or "5th", "N."), then a word for street.
  bool name_seen = false;
  for (int k = 0; k < 5; ++k) {
    if (w.end == w.begin) return false;
    if (name_seen && one_of(word, kStreetWords) && capital(s, w.begin)) {
      // "St" before a name is a saint: St James Street.
      const Word next = at(s, w.end) == ' ' ? word_at(s, w.end + 1) : Word{};
      if (!(next.end > next.begin && one_of(s.substr(next.begin, next.end - next.begin), kStreetWords)))
        return found(w.end);
    }
    const bool ordinal = is_digit(s[w.begin]) && w.end - w.begin <= 5 && is_alpha(s[w.end - 1]);
    if (!capital(s, w.begin) && !ordinal) {
      return name_seen &&
             one_of(word, std::array<std::string_view, 8>{"street", "avenue", "road", "lane", "drive",
                                                          "boulevard", "court", "ave"}) &&
             found(w.end);
    }
    name_seen = true;
    std::size_t q = w.end;
    if (at(s, q) == '.') ++q;
    if (at(s, q) == '\'' && at(s, q + 1) == 's') q += 2;
    if (at(s, q) != ' ' && at(s, q) != '-') return false;
    w = word_at(s, q + 1);
    word = s.substr(w.begin, w.end - w.begin);
  }
  return false;
}

/// The word that ends at `end`, and where it begins.
std::string_view word_before(std::string_view s, std::size_t end) {
  std::size_t b = end;
  while (b > 0 && in_word(s[b - 1]) && end - b < 64 && !after_escape(s, b) &&
         !(is_high(s[b - 1]) && mark_before(s, b)))
    --b;
  return s.substr(b, end - b);
}

bool number_last(std::string_view s, std::size_t i, std::size_t after, Finding& out) {
  std::size_t p = i;
  while (p > 0 && (s[p - 1] == ' ' || s[p - 1] == ',') && i - p < 3) --p;
  if (p == i || p == 0) return false;
  if (s[p - 1] == '.') --p;
  const auto found = [&](std::size_t begin) {
    out = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(after), Detector::address, 0};
    return true;
  };
  std::string_view word = word_before(s, p);
  if (word.size() < 3) return false;
  std::size_t begin = p - word.size();
  if (ends_with_one_of(word, kGermanic)) {
    // "ring", "gate", "weg" are words of their own elsewhere: a capital and no sentence start without a name.
    const bool compound = word.size() > 6 || static_cast<unsigned char>(word.back()) >= 0x80;
    const bool alone = one_of(word, kGermanic);
    if (!capital(s, begin) && begin > 0 && !(begin >= 2 && s[begin - 1] == '-')) return false;
    if (s[begin > 0 ? begin - 1 : 0] == '-') {  // Karl-Marx-Straße
      while (begin > 0 && (in_word(s[begin - 1]) || s[begin - 1] == '-')) --begin;
      return found(begin);
    }
    if (!alone && compound) return found(begin);
    if (!alone && s[p] == '.') return found(begin);  // Bahnhofstr. 5
    if (alone && begin > 1 && s[begin - 1] == ' ') {
      const std::string_view name = word_before(s, begin - 1);
      if (name.size() >= 3 && capital(s, begin - 1 - name.size())) return found(begin - 1 - name.size());
    }
    return false;
  }
  // Back over at most four words to Calle, Via, Rua …
  for (int k = 0; k < 5; ++k) {
    if (one_of(word, kRomance)) return k > 0 && capital(s, begin) && found(begin);
    if (!capital(s, begin) && word.size() > 3) return false;
    if (begin < 2 || s[begin - 1] != ' ') return false;
    word = word_before(s, begin - 1);
    if (word.empty()) return false;
    begin = begin - 1 - word.size();
  }
  return false;
}

}  // namespace

bool find_street(std::string_view s, std::size_t i, Finding& out) {
  std::size_t end = i;
  while (is_digit(at(s, end)) && end - i < 6) ++end;
  if (end - i > 5 || s[i] == '0') return false;
  if (is_alpha(at(s, end)) && !is_alnum(at(s, end + 1))) ++end;
  if (at(s, end) == '-' && is_digit(at(s, end + 1))) {  // 12-14
    std::size_t q = end + 1;
    while (is_digit(at(s, q)) && q - end < 6) ++q;
    end = q;
  }
  if (in_word(at(s, end)) && !mark_at(s, end)) return false;
  if (i > 0 && (s[i - 1] == '$' || s[i - 1] == '.' || s[i - 1] == '#')) return false;
  const char next = at(s, end);
  if ((next == ' ' || next == ',') && number_first(s, i, end, out)) return true;
  return i > 1 && s[i - 1] == ' ' && number_last(s, i, end, out);
}

Result<PhraseList> PhraseList::parse(std::string_view text) {
  PhraseList list;
  list.bits_.assign(kBits / 64, 0);
  list.lengths_.assign(kStarts, 0);
  std::size_t line_number = 0;
  while (!text.empty()) {
    ++line_number;
    const auto newline = text.find('\n');
    std::string_view line = text.substr(0, newline);
    text = newline == text.npos ? std::string_view{} : text.substr(newline + 1);
    if (line.starts_with('#')) continue;
    if (!otlp::valid_utf8(line))
      return fail(ErrorKind::invalid_argument,
                  fmt::format("line {}: is not UTF-8; save the list as UTF-8", line_number));
    std::vector<std::string> words;
    std::uint64_t first = 0;
    for (std::size_t i = 0; i < line.size();) {
      if (!in_word(line[i])) {
        ++i;
        continue;
      }
      const Word w = word_at(line, i);
      if (w.end == w.begin) {
        i += mark_at(line, i);
        continue;
      }
      std::string folded;
      char previous = 0;
      for (std::size_t k = w.begin; k < w.end; ++k) {
        folded += fold(line[k], previous);
        previous = line[k];
      }
      if (words.empty()) first = w.hash;
      words.push_back(std::move(folded));
      i = w.end;
    }
    if (words.empty()) continue;
    if (words.size() > kMostWords)
      return fail(ErrorKind::invalid_argument, fmt::format("line {}: has {} words; at most {} make one entry",
                                                           line_number, words.size(), kMostWords));
    if (words.size() == 1 && words[0].size() < 2)
      return fail(ErrorKind::invalid_argument,
                  fmt::format("line {}: one letter would match everywhere; write at least two", line_number));
    if (list.phrases_.size() == kMostPhrases)
      return fail(ErrorKind::invalid_argument, fmt::format("has more than {} entries", kMostPhrases));
    const std::uint64_t b = bit_of(first);
    list.bits_[b / 64] |= 1ull << (b % 64);
    // A first word of one or two bytes has anything behind it.
    const std::string& head = words[0];
    const auto allow = [&](unsigned second, unsigned third) {
      const char bytes[] = {head[0], static_cast<char>(second), static_cast<char>(third)};
      list.lengths_[start(bytes)] |= 1u << std::min<std::size_t>(head.size(), 31);
    };
    for (unsigned third = 0; third < 256; ++third) {
      if (head.size() >= 3 && third != static_cast<unsigned char>(head[2])) continue;
      for (unsigned second = 0; second < 256; ++second)
        if (head.size() < 2 || second == static_cast<unsigned char>(head[1])) allow(second, third);
    }
    list.by_first_word_.emplace(first, static_cast<std::uint32_t>(list.phrases_.size()));
    list.phrases_.push_back(std::move(words));
  }
  return list;
}

std::size_t PhraseList::find_at(std::string_view s, std::size_t i) const {
  const Word first = word_at(s, i);
  const std::uint64_t b = bit_of(first.hash);
  if (first.end == first.begin || !(bits_[b / 64] >> (b % 64) & 1)) return 0;
  std::size_t best = 0;
  const auto [from, to] = by_first_word_.equal_range(first.hash);
  for (auto it = from; it != to; ++it) {
    const auto& words = phrases_[it->second];
    std::size_t end = first.end;
    bool all = same_word(s.substr(first.begin, first.end - first.begin), words[0]);
    for (std::size_t k = 1; all && k < words.size(); ++k) {
      std::size_t p = end;
      for (std::size_t steps = 0; p < s.size() && steps < 3; ++steps) {
        const std::size_t mark = mark_at(s, p);
        const char c = s[p];
        if (!mark && !is_space(c) && c != '-' && c != '.' && c != '_' && c != '\'') break;
        p += mark ? mark : 1;
      }
      const Word next = word_at(s, p);
      all = p > end && same_word(s.substr(next.begin, next.end - next.begin), words[k]);
      end = next.end;
    }
    if (all) best = std::max(best, end);
  }
  return best;
}

}  // namespace turnscope::pipeline
