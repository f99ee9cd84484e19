// Objects in a bucket: PUT, GET and DELETE with signature version 4, which libcurl makes. Path style, so that
// servers of one's own need no names in the DNS.
#include <curl/curl.h>
#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <mutex>
#include <vector>

#include "store/objects/object_store.h"

namespace turnscope::store {
namespace {

constexpr std::size_t kMostBytes = 256u << 20, kErrorBytes = 4'096;

std::string sha256(std::string_view bytes) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(bytes.data(), bytes.size(), digest, &size, EVP_sha256(), nullptr);
  std::string out;
  for (unsigned i = 0; i < size; ++i) out += fmt::format("{:02x}", digest[i]);
  return out;
}

/// libcurl takes a connection that closes within the head for a whole answer.
std::size_t on_head(char* data, std::size_t, std::size_t n, void* p) {
  const std::string_view line(data, n);
  auto& complete = *static_cast<bool*>(p);
  if (line.starts_with("HTTP/")) complete = false;
  if (line == "\r\n" || line == "\n") complete = true;
  return n;
}

std::size_t on_body(char* data, std::size_t, std::size_t n, void* p) {
  auto& body = *static_cast<std::string*>(p);
  if (body.size() + n > kMostBytes) return 0;
  body.append(data, n);
  return n;
}

/// "<Code>NoSuchBucket</Code>" of an error answer.
std::string code_of(std::string_view body) {
  body = body.substr(0, kErrorBytes);
  const auto begin = body.find("<Code>");
  if (begin == body.npos) return {};
  const auto end = body.find("</Code>", begin);
  return end == body.npos ? std::string()
                          : std::string(body.substr(begin + 6, std::min<std::size_t>(end - begin - 6, 80)));
}

class S3Objects final : public ObjectStore {
 public:
  explicit S3Objects(S3Options o) : options_(std::move(o)) {
    while (options_.endpoint.ends_with('/')) options_.endpoint.pop_back();
    base_ = options_.endpoint + "/" + options_.bucket + "/";
    if (!options_.prefix.empty()) base_ += options_.prefix + "/";
  }
  ~S3Objects() override {
    for (CURL* c : idle_) curl_easy_cleanup(c);
  }

  Status put(const std::string& key, std::string_view bytes) override {
    TS_ASSIGN(const auto answer, call("PUT", key, bytes));
    return answer.status / 100 == 2 ? Status{} : fail(problem("PUT", key, answer));
  }
  Result<std::string> get(const std::string& key) override {
    TS_ASSIGN(auto answer, call("GET", key, {}));
    if (answer.status / 100 != 2) return fail(problem("GET", key, answer));
    return std::move(answer.body);
  }
  Status remove(const std::string& key) override {
    TS_ASSIGN(const auto answer, call("DELETE", key, {}));
    return answer.status / 100 == 2 || answer.status == 404 ? Status{} : fail(problem("DELETE", key, answer));
  }

 private:
  struct Answer {
    long status = 0;
    std::string body;
  };

  static Error problem(std::string_view method, const std::string& key, const Answer& a) {
    const auto kind = a.status == 404                      ? ErrorKind::not_found
                      : a.status == 401 || a.status == 403 ? ErrorKind::permission_denied
                      : a.status == 429 || a.status == 503 ? ErrorKind::overloaded
                      : a.status >= 500                    ? ErrorKind::unavailable
                                                           : ErrorKind::invalid_argument;
    const auto code = code_of(a.body);
    return Error(kind, fmt::format("object store: {} {}: HTTP {}{}{}", method, key, a.status,
                                   code.empty() ? "" : " ", code));
  }

  CURL* handle() {
    {
      const std::lock_guard lock(mutex_);
      if (!idle_.empty()) {
        CURL* c = idle_.back();
        idle_.pop_back();
        return c;
      }
    }
    return curl_easy_init();
  }

  Result<Answer> call(const char* method, const std::string& key, std::string_view bytes) {
    CURL* c = handle();
    if (c == nullptr) return fail(ErrorKind::internal, "libcurl gives no handle");
    Answer answer;
    char words[CURL_ERROR_SIZE] = "";
    bool head_complete = false;
    const std::string url = base_ + key, sign = "aws:amz:" + options_.region + ":s3";
    const bool body = std::string_view(method) == "PUT";
    curl_slist* headers = curl_slist_append(nullptr, ("x-amz-content-sha256: " + sha256(bytes)).c_str());
    // No "expect:" to switch that off: libcurl would sign the header and not send it.
    if (body) headers = curl_slist_append(headers, "content-type: application/zstd");
    curl_easy_reset(c);
    curl_easy_setopt(c, CURLOPT_URL, url.c_str());
    curl_easy_setopt(c, CURLOPT_AWS_SIGV4, sign.c_str());
    curl_easy_setopt(c, CURLOPT_USERNAME, options_.access_key.reveal().c_str());
    curl_easy_setopt(c, CURLOPT_PASSWORD, options_.secret_key.reveal().c_str());
    if (body) {
      curl_easy_setopt(c, CURLOPT_POST, 1L);
      curl_easy_setopt(c, CURLOPT_POSTFIELDS, bytes.data());
      curl_easy_setopt(c, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(bytes.size()));
    }
    curl_easy_setopt(c, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c, CURLOPT_SSLVERSION, static_cast<long>(CURL_SSLVERSION_TLSv1_2));
    curl_easy_setopt(c, CURLOPT_USERAGENT, "turnscope");
    curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, options_.timeout_ms);
    curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, std::min(options_.timeout_ms, 10'000L));
    if (!options_.ca.empty()) curl_easy_setopt(c, CURLOPT_CAINFO, options_.ca.c_str());
    curl_easy_setopt(c, CURLOPT_HEADERFUNCTION, on_head);
    curl_easy_setopt(c, CURLOPT_HEADERDATA, &head_complete);
    curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(c, CURLOPT_WRITEDATA, &answer.body);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, words);
    const CURLcode code = curl_easy_perform(c);
    curl_easy_getinfo(c, CURLINFO_RESPONSE_CODE, &answer.status);
    curl_slist_free_all(headers);
    curl_easy_setopt(c, CURLOPT_ERRORBUFFER, nullptr);
    {
      const std::lock_guard lock(mutex_);
      idle_.push_back(c);
    }
    if (code != CURLE_OK)
      return fail(ErrorKind::unavailable, fmt::format("object store: {} {}: {}", method, key,
                                                      *words != '\0' ? words : curl_easy_strerror(code)));
    if (!head_complete)
      return fail(ErrorKind::unavailable,
                  fmt::format("object store: {} {}: the answer was cut within its head", method, key));
    return answer;
  }

  S3Options options_;
  std::string base_;
  std::mutex mutex_;
  std::vector<CURL*> idle_;
};

}  // namespace

Result<std::unique_ptr<ObjectStore>> open_s3_objects(S3Options options) {
  static std::once_flag once;
  std::call_once(once, [] { curl_global_init(CURL_GLOBAL_DEFAULT); });
  return std::unique_ptr<ObjectStore>(std::make_unique<S3Objects>(std::move(options)));
}

}  // namespace turnscope::store
