#include "store/sql_guard.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

namespace turnscope::store {
namespace {

using namespace std::string_view_literals;

// Sorted. Functions and table functions that read or write outside the store's own tables.
constexpr std::array kRefusedFunctions = {
    "arrowflight"sv,
    "arrowstream"sv,
    "azureblobstorage"sv,
    "azureblobstoragecluster"sv,
    "catboostevaluate"sv,
    "cluster"sv,
    "clusterallreplicas"sv,
    "deltalake"sv,
    "deltalakecluster"sv,
    "dictionary"sv,
    "executable"sv,
    "file"sv,
    "filecluster"sv,
    "fuzzjson"sv,
    "fuzzquery"sv,
    "gcs"sv,
    "generaterandom"sv,
    "hdfs"sv,
    "hdfscluster"sv,
    "hive"sv,
    "hudi"sv,
    "hudicluster"sv,
    "iceberg"sv,
    "icebergazure"sv,
    "icebergcluster"sv,
    "iceberghdfs"sv,
    "iceberglocal"sv,
    "icebergs3"sv,
    "input"sv,
    "jdbc"sv,
    "loop"sv,
    "mongodb"sv,
    "mysql"sv,
    "odbc"sv,
    "oss"sv,
    "paimon"sv,
    "postgresql"sv,
    "prometheusquery"sv,
    "python"sv,
    "redis"sv,
    "remote"sv,
    "remotesecure"sv,
    "s3"sv,
    "s3cluster"sv,
    "sleep"sv,
    "sleepeachrow"sv,
    "sqlite"sv,
    "url"sv,
    "urlcluster"sv,
    "ytsaurus"sv,
};

constexpr bool word_char(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
constexpr bool blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

std::string lower(std::string_view s) {
  std::string out(s);
  for (auto& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

// Past blanks and comments.
std::size_t skip(std::string_view s, std::size_t i) {
  while (i < s.size()) {
    if (blank(s[i])) {
      ++i;
    } else if (s.substr(i, 2) == "--" || s[i] == '#') {
      i = std::min(s.find('\n', i), s.size());
    } else if (s.substr(i, 2) == "/*") {
      const auto end = s.find("*/", i + 2);
      i = end == s.npos ? s.size() : end + 2;
    } else {
      break;
    }
  }
  return i;
}

// Past a quoted text; backslash escapes and doubled quotes.
std::size_t skip_quoted(std::string_view s, std::size_t i) {
  const char quote = s[i++];
  while (i < s.size()) {
    if (s[i] == '\\') {
      i += 2;
    } else if (s[i] == quote) {
      if (i + 1 < s.size() && s[i + 1] == quote)
        i += 2;
      else
        return i + 1;
    } else {
      ++i;
    }
  }
  return s.size();
}

std::unexpected<Error> refuse(std::string_view what) {
  return fail(ErrorKind::permission_denied, fmt::format("a read-only query must not use {}", what));
}

}  // namespace

Status check_read_only(std::string_view sql) {
  bool first = true;
  for (std::size_t i = skip(sql, 0); i < sql.size(); i = skip(sql, i)) {
    const char c = sql[i];
    if (c == ';') return refuse("';'");
    if (c == '\'' || c == '"' || c == '`') {
      const auto end = skip_quoted(sql, i);
      const auto next = skip(sql, end);
      // A quoted name is never a call in our SQL; refuse what would get around the list below.
      if (c != '\'' && next < sql.size() && sql[next] == '(') return refuse("a quoted function name");
      i = end;
      continue;
    }
    if (c == '$') return refuse("'$' (heredoc)");
    if (!word_char(c)) {
      if (first && c != '(') return refuse("a statement that is not SELECT or WITH");
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < sql.size() && word_char(sql[end])) ++end;
    auto word = lower(sql.substr(i, end - i));
    if (first && word != "select" && word != "with") return refuse("a statement that is not SELECT or WITH");
    first = false;
    if (word == "settings" || word == "outfile" || word == "format") {
      const auto next = skip(sql, end);
      const bool name =
          i > 0 && (sql[i - 1] == '.' || sql[i - 1] == '{');  // system.settings, {format:String}
      const bool call = word == "format" && next < sql.size() && sql[next] == '(';
      if (!name && !call) return refuse(word == "outfile" ? "INTO OUTFILE" : word);
    }
    if (std::binary_search(kRefusedFunctions.begin(), kRefusedFunctions.end(), std::string_view(word))) {
      const auto next = skip(sql, end);
      if (next < sql.size() && sql[next] == '(') return refuse(word + "()");
    }
    i = end;
  }
  if (first) return refuse("an empty statement");
  return {};
}

}  // namespace turnscope::store
