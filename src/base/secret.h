// A value that must not be seen: keys and tokens. It has no conversion and no formatter, so that it cannot
// slip into a log line, an error or JSON; `shown()` is what people get to see of it.
#pragma once
#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"

namespace turnscope {

class Secret {
 public:
  Secret() = default;
  /// From configuration: `${env:NAME}` and `${file:PATH}` parts are replaced by what they name (a file's last
  /// line break is dropped). Errors name the variable or file, never the value.
  static Result<Secret> resolve(std::string_view text);

  /// The value itself, for the wire only.
  const std::string& reveal() const { return value_; }
  /// The text as it was written if the value came from elsewhere in whole ("Bearer ${env:KEY}" with its plain
  /// part hidden too), else stars.
  const std::string& shown() const { return shown_; }
  bool empty() const { return value_.empty(); }

 private:
  std::string value_, shown_ = "***";
};

}  // namespace turnscope
