#include "api/embedded.h"

extern "C" {
extern const turnscope::api::EmbeddedFile turnscope_ui[];
extern const turnscope::api::EmbeddedFile turnscope_ui_end[];
extern const turnscope::api::EmbeddedFile turnscope_openapi[];
}

namespace turnscope::api {

std::span<const EmbeddedFile> embedded_ui() { return {turnscope_ui, turnscope_ui_end}; }
std::string_view openapi_yaml() { return turnscope_openapi[0].bytes(); }

}  // namespace turnscope::api
