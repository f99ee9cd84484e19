#!/usr/bin/env bash
# One agent run as OTLP/JSON with nothing but curl: agent.run → agent.turn → gen_ai.completion.
#   send.sh [http://127.0.0.1:4318]   prints the trace id
set -euo pipefail
endpoint=${1:-http://127.0.0.1:4318}
hex() { od -An -N"$1" -tx1 /dev/urandom | tr -d ' \n'; }
trace=$(hex 16) run=$(hex 8) turn=$(hex 8) call=$(hex 8)
now=$(date +%s%N)
at() { echo $((now - 2000000000 + $1 * 1000000)); }
answer=$(curl --silent --show-error --fail-with-body --max-time 10 "$endpoint/v1/traces" -H 'Content-Type: application/json' --data-binary @- <<EOF
{"resourceSpans": [{
  "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "curl-agent"}}]},
  "scopeSpans": [{"scope": {"name": "agent-workshop", "version": "0.1.0"}, "spans": [
    {"traceId": "$trace", "spanId": "$run", "name": "agent.run", "kind": 1, "startTimeUnixNano": "$(at 0)", "endTimeUnixNano": "$(at 1500)",
     "attributes": [{"key": "agent.user_message", "value": {"stringValue": "Hello from curl"}}, {"key": "agent.max_turns", "value": {"intValue": "5"}}]},
    {"traceId": "$trace", "spanId": "$turn", "parentSpanId": "$run", "name": "agent.turn", "kind": 1, "startTimeUnixNano": "$(at 1)", "endTimeUnixNano": "$(at 1499)",
     "attributes": [{"key": "agent.turn_number", "value": {"intValue": "1"}}]},
    {"traceId": "$trace", "spanId": "$call", "parentSpanId": "$turn", "name": "gen_ai.completion", "kind": 3, "startTimeUnixNano": "$(at 2)", "endTimeUnixNano": "$(at 1498)",
     "attributes": [{"key": "gen_ai.provider.name", "value": {"stringValue": "anthropic"}}, {"key": "gen_ai.operation.name", "value": {"stringValue": "chat"}},
                    {"key": "gen_ai.request.model", "value": {"stringValue": "claude-haiku-4-5"}},
                    {"key": "gen_ai.response.finish_reasons", "value": {"arrayValue": {"values": [{"stringValue": "end_turn"}]}}},
                    {"key": "gen_ai.usage.input_tokens", "value": {"intValue": "12"}}, {"key": "gen_ai.usage.output_tokens", "value": {"intValue": "7"}}]}
  ]}]
}]}
EOF
) || { echo "$answer" >&2; exit 1; }
echo "$trace"
