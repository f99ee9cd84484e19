// What the commands ask a running server: GET and POST on its REST API, answers as JSON.
#pragma once
#include <boost/json/value.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace turnscope::cli {

using QueryParams = std::vector<std::pair<std::string, std::string>>;

class ApiClient {
 public:
  /// `base`: "http://127.0.0.1:16686", or host:port alone.
  explicit ApiClient(std::string_view base);

  /// Errors: unavailable when nobody answers (with the address and what to do), else what the server said.
  Result<boost::json::value> get(std::string_view path, const QueryParams& = {}) const;
  Result<boost::json::value> post(std::string_view path, std::string_view json_body = "{}",
                                  const QueryParams& = {}) const;
  Result<std::string> get_text(std::string_view path, const QueryParams& = {}) const;
  /// Reads server-sent events until `on_event` returns false or the server closes.
  Status events(std::string_view path, const QueryParams&,
                const std::function<bool(std::string_view event, std::string_view data)>& on_event) const;

  const std::string& base() const { return base_; }

 private:
  /// `posted`: JSON; null: GET.
  Result<std::string> ask(std::string_view path, const QueryParams&, const std::string* posted) const;
  std::string base_;
};

}  // namespace turnscope::cli
