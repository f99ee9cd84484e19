// POST /api/v1/explain: what is read in OTLP payloads, span by span, and where each fact came from. Nothing
// is stored.
#include <boost/json.hpp>

#include "api/handlers.h"
#include "genai/explain.h"
#include "genai/json.h"
#include "otlp/text.h"

namespace turnscope::api {
namespace {

namespace json = boost::json;
using query::QueryAnswer;
using query::QueryError;

constexpr std::size_t kMostFiles = 64;

std::string_view text_of(const json::value& v, std::string_view key) {
  const json::value* m = v.is_object() ? v.get_object().if_contains(key) : nullptr;
  return m && m->is_string() ? std::string_view(m->get_string().data(), m->get_string().size())
                             : std::string_view{};
}

/// {"files": [{"name": "run.logs.pb", "text": …} or {…, "base64": …} or {…, "json": {…}}]}
QueryAnswer<std::vector<genai::ExplainFile>> files_of(const json::value& body) {
  std::vector<genai::ExplainFile> files;
  const json::value& list = body.get_object().at("files");
  if (!list.is_array() || list.get_array().size() > kMostFiles)
    return std::unexpected(
        QueryError(ErrorKind::invalid_argument, "files is an array of at most 64 files", "files"));
  for (const json::value& f : list.get_array()) {
    genai::ExplainFile file;
    file.name = std::string(text_of(f, "name"));
    if (file.name.empty()) file.name = "file " + std::to_string(files.size() + 1);
    if (const json::value* inner = f.is_object() ? f.get_object().if_contains("json") : nullptr) {
      file.bytes = json::serialize(*inner);
    } else if (const auto packed = text_of(f, "base64"); !packed.empty()) {
      if (!otlp::base64_decode(packed, file.bytes))
        return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                          "the base64 of '" + file.name + "' cannot be read", "files"));
    } else {
      file.bytes = std::string(text_of(f, "text"));
    }
    if (file.bytes.empty())
      return std::unexpected(QueryError(ErrorKind::invalid_argument,
                                        "'" + file.name + "' is empty; give it as text, json or base64",
                                        "files"));
    files.push_back(std::move(file));
  }
  return files;
}

QueryAnswer<Answer> explain(const ApiRequest& r) {
  std::vector<genai::ExplainFile> files;
  const std::string& body = r.http->body;
  const auto type = r.http->header("content-type");
  const bool protobuf =
      type.find("protobuf") != std::string_view::npos || type.find("octet-stream") != std::string_view::npos;
  bool envelope = false;
  // Only the beginning decides: a payload of spans is not parsed twice.
  if (!protobuf && std::string_view(body).substr(0, 64).find("\"files\"") != std::string_view::npos) {
    if (auto parsed = genai::parse_json(body);
        parsed && parsed->is_object() && parsed->get_object().contains("files")) {
      auto given = files_of(*parsed);
      if (!given) return std::unexpected(given.error());
      files = std::move(*given);
      envelope = true;
    }
  }
  if (!envelope) {
    const auto signal = r.parameter("signal");
    if (!signal.empty() && signal != "traces" && signal != "logs" && signal != "metrics")
      return std::unexpected(
          QueryError(ErrorKind::invalid_argument, "signal= is traces, logs or metrics", "signal"));
    if (body.empty())
      return std::unexpected(QueryError(
          ErrorKind::invalid_argument,
          "the body is empty; send an OTLP export request (JSON or protobuf), or {\"files\": […]}"));
    const std::string name =
        signal.empty() || signal == "traces" ? "body.pb" : "body." + std::string(signal) + ".pb";
    files.push_back({name, body});
  }
  auto answer = genai::explain_json(files);
  if (!answer) return std::unexpected(QueryError(answer.error()));
  return Answer{200, std::move(*answer), "application/json", {}, false};
}

}  // namespace

void add_explain_routes(Router& router, Context&) {
  router.add({"POST", "/api/v1/explain", [](const ApiRequest& r) { return explain(r); }, false});
}

}  // namespace turnscope::api
