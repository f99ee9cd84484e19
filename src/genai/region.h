// Where a model call ran, for prices that depend on it: the host that was called tells, else what the span
// says, else, for the clouds that host models, where its process runs. Not known is absent.
#pragma once
#include <string>
#include <string_view>

#include "genai/gather.h"

namespace turnscope::genai {

/// The host of a URL, or of text that is one ("host", "host:port"), as it is written.
std::string_view host_in(std::string_view text);
/// The region in the name of a host, in lower case, that serves models; "": it tells none.
/// "bedrock-runtime.eu-west-1.amazonaws.com" is eu-west-1, "aiplatform.googleapis.com" is global.
std::string_view region_of_host(std::string_view host);

struct CallRegion {
  std::string_view region = {};  ///< lower case; "": not known
  Field by = Field::count;       ///< http_url, server_address, region; count: the resource
  std::string_view rule = {};    ///< why, in a few words
};
/// `provider` as the conventions write it. Views point into `made`, the span or static text.
CallRegion call_region(const Gathered&, Kind, std::string_view provider, std::string& made);

}  // namespace turnscope::genai
