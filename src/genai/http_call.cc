#include "genai/http_call.h"

namespace turnscope::genai {
namespace {

struct Host {
  std::string_view name;  ///< whole, or its end when it begins with '.' or '-'
  std::string_view provider;
};
// Names of providers as the conventions have them.
constexpr Host kHosts[] = {{"api.openai.com", "openai"},
                           {".openai.azure.com", "azure.ai.openai"},
                           {".cognitiveservices.azure.com", "azure.ai.openai"},
                           {".services.ai.azure.com", "azure.ai.inference"},
                           {"api.anthropic.com", "anthropic"},
                           {"generativelanguage.googleapis.com", "gcp.gemini"},
                           {"aiplatform.googleapis.com", "gcp.vertex_ai"},
                           {"-aiplatform.googleapis.com", "gcp.vertex_ai"},
                           {"api.mistral.ai", "mistral_ai"},
                           {"api.cohere.com", "cohere"},
                           {"api.cohere.ai", "cohere"},
                           {"api.groq.com", "groq"},
                           {"api.deepseek.com", "deepseek"},
                           {"api.together.xyz", "together_ai"},
                           {"api.fireworks.ai", "fireworks_ai"},
                           {"api.x.ai", "x_ai"},
                           {"api.perplexity.ai", "perplexity"},
                           {"api.cerebras.ai", "cerebras"},
                           {"openrouter.ai", "openrouter"}};

struct Path {
  std::string_view end;
  Kind kind;
  std::string_view operation;
};
constexpr Path kPaths[] = {{"/chat/completions", Kind::llm, "chat"},
                           {"/responses", Kind::llm, "chat"},
                           {"/messages", Kind::llm, "chat"},
                           {"/chat", Kind::llm, "chat"},
                           {"/converse", Kind::llm, "chat"},
                           {"/converse-stream", Kind::llm, "chat"},
                           {"/invoke", Kind::llm, "chat"},
                           {"/invoke-with-response-stream", Kind::llm, "chat"},
                           {":rawPredict", Kind::llm, "chat"},
                           {":streamRawPredict", Kind::llm, "chat"},
                           {":generateContent", Kind::llm, "generate_content"},
                           {":streamGenerateContent", Kind::llm, "generate_content"},
                           {"/completions", Kind::llm, "text_completion"},
                           {"/embeddings", Kind::embedding, "embeddings"},
                           {"/embed", Kind::embedding, "embeddings"},
                           {":embedContent", Kind::embedding, "embeddings"},
                           {":batchEmbedContents", Kind::embedding, "embeddings"}};

std::string_view provider_of(std::string_view host) {
  if (host.starts_with("bedrock-runtime.") && host.ends_with(".amazonaws.com")) return "aws.bedrock";
  for (const Host& h : kHosts) {
    const bool end = h.name[0] == '.' || h.name[0] == '-';
    if (end ? host.size() > h.name.size() && host.ends_with(h.name) : host == h.name) return h.provider;
  }
  return {};
}

/// What stands behind `marker` up to a '/' or ':'.
std::string_view behind(std::string_view path, std::string_view marker) {
  const auto at = path.find(marker);
  if (at == std::string_view::npos) return {};
  path.remove_prefix(at + marker.size());
  return path.substr(0, path.find_first_of("/:?"));
}

std::string_view attribute(const Gathered& g, std::string_view key) {
  for (const auto& kv : g.span->attributes)
    if (kv.key == key) return text_of(kv.value);
  return {};
}

}  // namespace

std::optional<HttpCall> http_call(const Gathered& g) {
  if (g.span->kind != otlp::SpanKind::client) return std::nullopt;
  HttpCall call;
  std::string_view host, path;
  if (g.has(Field::http_url)) {
    std::string_view url = text_of(*g[Field::http_url].value);
    const auto scheme = url.find("://");
    if (scheme == std::string_view::npos) return std::nullopt;
    url.remove_prefix(scheme + 3);
    const auto slash = url.find('/');
    host = url.substr(0, slash);
    if (slash != std::string_view::npos) path = url.substr(slash);
  } else if (g.has(Field::server_address)) {
    call.by = Field::server_address;
    host = text_of(*g[Field::server_address].value);
    path = attribute(g, "url.path");
    if (path.empty()) path = attribute(g, "http.target");
  } else {
    return std::nullopt;
  }
  if (const auto at = host.rfind('@'); at != std::string_view::npos) host.remove_prefix(at + 1);
  host = host.substr(0, host.find(':'));
  call.provider = provider_of(host);
  if (call.provider.empty()) return std::nullopt;
  path = path.substr(0, path.find_first_of("?#"));
  for (const Path& p : kPaths) {
    if (!path.ends_with(p.end)) continue;
    call.kind = p.kind;
    call.operation = p.operation;
    for (const auto marker : {"/models/", "/model/", "/deployments/"})
      if (call.model.empty()) call.model = behind(path, marker);
    return call;
  }
  return std::nullopt;
}

}  // namespace turnscope::genai
