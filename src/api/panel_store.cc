#include "api/panel_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>

#include "base/filesystem.h"
#include "base/logger.h"
#include "genai/json.h"
#include "query/language/ast.h"

namespace turnscope::api {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, 5> kFigures = {"spans", "traces", "errors", "p95", "tokens"};
constexpr std::array<std::string_view, 11> kFields = {
    "",     "model",       "service", "agent",  "tool", "kind", "prompt_version",
    "user", "environment", "status",  "variant"};

std::string text_of(const PanelSet& set) {
  json::array list;
  for (const auto& p : set.panels)
    list.push_back(json::object{{"title", p.title}, {"q", p.q}, {"figure", p.figure}, {"by", p.by}});
  return json::serialize(json::object{{"revision", set.revision}, {"panels", std::move(list)}});
}

}  // namespace

Status check(const Panel& p) {
  if (p.title.empty() || p.title.size() > PanelStore::kTitleBytes)
    return fail(ErrorKind::invalid_argument,
                fmt::format("title has 1 to {} bytes, this one {}", PanelStore::kTitleBytes, p.title.size()));
  if (p.q.size() > PanelStore::kQueryBytes)
    return fail(ErrorKind::invalid_argument,
                fmt::format("q has at most {} bytes, this one {}", PanelStore::kQueryBytes, p.q.size()));
  if (auto tree = query::parse_search(p.q); !tree)
    return fail(ErrorKind::invalid_argument, "q: " + std::string(tree.error().message));
  if (std::ranges::find(kFigures, p.figure) == kFigures.end())
    return fail(ErrorKind::invalid_argument, "figure is one of spans, traces, errors, p95, tokens");
  if (std::ranges::find(kFields, p.by) == kFields.end())
    return fail(ErrorKind::invalid_argument,
                "by is empty or one of model, service, agent, tool, kind, prompt_version, user, environment, "
                "status, variant");
  return {};
}

PanelStore::PanelStore(std::string path) : path_(std::move(path)) {
  if (path_.empty()) return;
  std::ifstream in(path_, std::ios::binary);
  if (!in) return;
  std::stringstream text;
  text << in.rdbuf();
  const auto whole = genai::parse_json(std::move(text).str());
  const json::value* revision = whole ? genai::member(*whole, "revision") : nullptr;
  const json::value* panels = whole ? genai::member(*whole, "panels") : nullptr;
  bool good = revision && revision->is_int64() && panels && panels->is_array();
  if (good) {
    set_.revision = static_cast<std::uint64_t>(std::max<std::int64_t>(0, revision->get_int64()));
    for (const auto& p : panels->get_array()) {
      Panel panel{std::string(genai::text_member(p, "title")), std::string(genai::text_member(p, "q")),
                  std::string(genai::text_member(p, "figure")), std::string(genai::text_member(p, "by"))};
      good = good && check(panel).has_value() && set_.panels.size() < kMost;
      if (good) set_.panels.push_back(std::move(panel));
    }
  }
  if (good) return;
  const std::string aside = path_ + ".bad";
  set_ = {};
  if (::rename(path_.c_str(), aside.c_str()) != 0)
    log_warn("{} cannot be understood and stays where it is: {}", path_, std::strerror(errno));
  else
    log_warn("panels in {} cannot be understood; the file is kept as {}", path_, aside);
}

PanelSet PanelStore::get() const {
  const std::lock_guard lock(mutex_);
  return set_;
}

Result<std::uint64_t> PanelStore::put(std::uint64_t revision, std::vector<Panel> panels) {
  if (panels.size() > kMost)
    return fail(ErrorKind::invalid_argument,
                fmt::format("at most {} panels are kept, these are {}", kMost, panels.size()));
  for (const auto& p : panels)
    if (auto ok = check(p); !ok) return std::unexpected(ok.error());
  const std::lock_guard lock(mutex_);
  if (revision != set_.revision)
    return fail(ErrorKind::invalid_argument,
                fmt::format("the panels have changed meanwhile: they are at revision {}, not {}; read them "
                            "again",
                            set_.revision, revision));
  PanelSet next{revision + 1, std::move(panels)};
  if (!path_.empty()) TS_TRY(posix_filesystem().replace_file(path_, text_of(next)));
  set_ = std::move(next);
  return set_.revision;
}

}  // namespace turnscope::api
