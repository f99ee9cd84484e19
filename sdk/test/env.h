// Sets environment variables for one test; takes them away again. Every OTEL_* variable is hidden meanwhile.
#pragma once
#include <cstdlib>
#include <map>
#include <string>

extern char** environ;

namespace turnscope::sdk::test {

class Env {
 public:
  explicit Env(const std::map<std::string, std::string>& variables) {
    for (char** e = environ; *e; ++e) {
      const std::string pair = *e, name = pair.substr(0, pair.find('='));
      if (name.starts_with("OTEL_") || name.starts_with("TURNSCOPE_BSP"))
        saved_[name] = pair.substr(name.size() + 1);
    }
    for (const auto& [name, value] : saved_) unsetenv(name.c_str());
    for (const auto& [name, value] : variables) {
      setenv(name.c_str(), value.c_str(), 1);
      set_.push_back(name);
    }
  }
  ~Env() {
    for (const auto& name : set_) unsetenv(name.c_str());
    for (const auto& [name, value] : saved_) setenv(name.c_str(), value.c_str(), 1);
  }
  Env(const Env&) = delete;
  Env& operator=(const Env&) = delete;

 private:
  std::map<std::string, std::string> saved_;
  std::vector<std::string> set_;
};

}  // namespace turnscope::sdk::test
