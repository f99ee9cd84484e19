// The hand-written dialect of the example agent (examples/, sdk/): agent.*, tool.*, experiment.*,
// eval.score.*.
#include "genai/dialect.h"
#include "genai/view.h"

namespace turnscope::genai {
namespace seed_tables {
using enum Field;
using enum Convert;
constexpr KeyRule kKeys[] = {
    {"agent.user_message", input, rank::seed},
    {"agent.max_turns", agent_max_turns, rank::seed, integer},
    {"agent.turns_used", agent_turns_used, rank::seed, integer},
    {"agent.turn_number", turn_number, rank::seed, integer},
    {"agent.final_answer_length", agent_final_answer_length, rank::seed, integer},
    {"agent.hit_max_turns", agent_hit_max_turns, rank::seed, boolean},
    {"agent.name", agent_name, rank::openinference},
    {"tool.name", tool_name, rank::openinference},
    {"tool_call.id", tool_call_id, rank::openinference},
    {"tool.arguments", tool_arguments, rank::semconv_old, structured},
    {"tool.result", tool_result, rank::semconv_old, structured},
    {"tool.result_length", tool_result_length, rank::seed, integer},
    {"llm.cost.usd", reported_cost, rank::semconv_old, number},
    {"gen_ai.request.prompt_id", prompt_id, rank::seed},
    {"gen_ai.request.prompt_version", prompt_version, rank::seed},
    {"prompt_id", prompt_id, rank::generic},
    {"prompt_version", prompt_version, rank::generic},
    {"experiment.id", experiment_id, rank::seed},
    {"experiment.variant", experiment_variant, rank::seed},
    {"experiment.name", experiment_name, rank::seed},
};
constexpr PrefixRule kPrefixes[] = {
    {"eval.score.", Family::score},
    {"eval.", Family::known},
    {"agent.", Family::known},
};
constexpr ScopeRule kScopes[] = {
    {"agent-workshop", scope_genai | scope_hand_written | scope_input_excludes_cache}};
constexpr auto k(Kind kind) { return static_cast<std::uint8_t>(kind); }
constexpr NameRule kNames[] = {
    {"agent.run", k(Kind::agent), 0},
    {"agent.turn", k(Kind::turn), 0},
    {"gen_ai.completion", k(Kind::llm), 0},
    {"tool.execute.*", k(Kind::tool), 0},
};
}  // namespace seed_tables
extern const Dialect dialect_seed{"seed", seed_tables::kKeys, seed_tables::kPrefixes, seed_tables::kScopes,
                                  seed_tables::kNames};
}  // namespace turnscope::genai
