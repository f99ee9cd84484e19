// One keep-alive connection to the server's HTTP ports.
#pragma once
#include <curl/curl.h>

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <string_view>

namespace turnscope::bench {

class RestClient {
 public:
  explicit RestClient(std::string host_and_port);
  ~RestClient();
  RestClient(const RestClient&) = delete;
  struct Answer {
    long status = 0;  ///< 0: no answer
    std::string body;
  };
  Answer get(const std::string& path_and_query);
  std::optional<boost::json::value> get_json(const std::string& path_and_query);
  Answer post(const std::string& path, std::string_view body, const char* content_type);
  std::string escape(std::string_view text);

 private:
  Answer perform(const std::string& path);
  CURL* curl_;
  curl_slist* headers_ = nullptr;
  std::string base_, type_;
};

}  // namespace turnscope::bench
