// A run that is under way, as Logfire's SDK tells it: when a span begins, a placeholder goes out, below the span that it stands for.
import { newSpan, newTrace, request, span } from './otlp.mjs';

const ms = 1_000_000n;
export function pendingRun(now) {
  const trace = newTrace(), id = { run: newSpan(), chat: newSpan(), tool: newSpan(), fetch: newSpan() }, held = { run: newSpan(), tool: newSpan() };
  const start = now - 42_000n * ms, at = (t) => start + BigInt(t) * ms;
  const agent = { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'travel-agent', 'agent.user_message': 'Find me a night train to Vienna.' };
  const tool = { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'search_trains', 'gen_ai.tool.call.arguments': '{"to":"Vienna","night":true}' };
  const begun = (own, of, parent, name, t, attributes) => span({ trace, id: own, parent: of, name, start: at(t), end: at(t), attributes: { ...attributes, 'logfire.span_type': 'pending_span', 'logfire.pending_parent_id': parent ?? '0000000000000000' } });
  const chat = span({ trace, id: id.chat, parent: id.run, name: 'chat claude-sonnet-4-5', start: at(120), end: at(6_400), attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'anthropic', 'gen_ai.request.model': 'claude-sonnet-4-5', 'gen_ai.usage.input_tokens': 1_840, 'gen_ai.usage.output_tokens': 96 } });
  // And one whose client sends spans without an end while they run.
  const open = span({ trace, id: id.fetch, parent: id.tool, name: 'GET', start: at(7_000), end: 0n, attributes: { 'http.request.method': 'GET', 'url.full': 'https://trains.example/search' } });
  const request_ = (spans) => request({ 'service.name': 'travel-agent' }, spans, 'logfire');
  return {
    trace, id, running: held.tool, spans: 4,
    request: request_([begun(held.run, id.run, null, 'agent run', 0, agent), chat, begun(held.tool, id.tool, id.run, 'running tool', 6_500, tool), open]),
    rest: request_([span({ ...{ trace, id: id.fetch, parent: id.tool, name: 'GET', start: at(7_000), end: at(30_000) }, attributes: { 'http.request.method': 'GET', 'url.full': 'https://trains.example/search' } }), span({ trace, id: id.tool, parent: id.run, name: 'running tool', start: at(6_500), end: at(31_000), attributes: tool }), span({ trace, id: id.run, name: 'agent run', start: at(0), end: at(33_000), attributes: agent })]),
  };
}
