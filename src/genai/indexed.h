// Messages, tools and documents that are spread over indexed keys (gen_ai.prompt.N.*,
// llm.input_messages.N.message.*, retrieval.documents.N.document.*). Gaps and half-written entries are fine:
// what is there is kept in index order.
#pragma once
#include <vector>

#include "genai/gather.h"
#include "genai/messages.h"

namespace turnscope::genai {

/// gen_ai.prompt.N.* or gen_ai.completion.N.*.
std::vector<Message> indexed_messages(const Gathered&, Family);
/// llm.input_messages.N.message.* or llm.output_messages.N.message.*.
std::vector<Message> openinference_messages(const Gathered&, Family);
/// retrieval.documents.N.document.{content,id,score,metadata}.
json::array openinference_documents(const Gathered&);
/// llm.request.functions.N.* and llm.tools.N.tool.json_schema.
void indexed_tools(const Gathered&, std::vector<Tool>& out);

}  // namespace turnscope::genai
