// What the pages are tested with: the run of the design pages with its exact sums, runs around it, a large trace.
import { newSpan, newTrace, request, span } from './otlp.mjs';

export const now = () => BigInt(Date.now()) * 1_000_000n;
const s = 1e9;
const minute = 60_000_000_000n;
const text = (role, content) => ({ role, parts: [{ type: 'text', content }] });
const call = (name, args) => ({ type: 'tool_call', id: `toolu_${name}`, name, arguments: args });
const reply = (name, result) => ({ role: 'tool', parts: [{ type: 'tool_call_response', id: `toolu_${name}`, result }] });

/** A recorder of one run: seconds from its start, parents by depth. */
export function run({ trace = newTrace(), start, service = 'support-agent', session, user, environment = 'prod', model = ['anthropic', 'claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'], prompt = null, variant = null }) {
  const stack = [], spans = [], ids = {}, elsewhere = new Map();
  const common = { 'session.id': session, 'user.id': user, ...(variant ? { 'experiment.name': 'support-system prompt', 'experiment.variant': variant } : {}) };
  const add = (depth, name, from, to, attributes = {}, more = {}) => {
    const id = newSpan();
    stack[depth] = id;
    ids[more.as ?? `${name}#${spans.length}`] = id;
    if (more.service) elsewhere.set(id, more.service);
    const a = start + BigInt(Math.round(from * s)), b = start + BigInt(Math.round(to * s));
    spans.push(span({ trace, id, parent: depth > 0 ? stack[depth - 1] : undefined, name, start: a, end: b, ...more, attributes: { ...common, ...attributes },
      events: [...(more.events ?? []), ...(more.error ? [{ time: b, name: 'exception', attributes: { 'exception.type': more.type ?? 'Error', 'exception.message': more.error, 'exception.stacktrace': `Traceback (most recent call last):\n  File "tools.py", line 88, in call\n    raise ${more.type ?? 'Error'}\n${more.type ?? 'Error'}: ${more.error}` } }] : [])] }));
    return id;
  };
  const llm = (depth, from, to, tokens, input, output, more = {}) => add(depth, 'gen_ai.completion', from, to, {
    'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': model[0], 'gen_ai.request.model': model[1], 'gen_ai.response.model': model[2], 'gen_ai.request.max_tokens': 4096, 'gen_ai.request.temperature': 0.2,
    ...(prompt ? { 'gen_ai.prompt.name': prompt[0], 'gen_ai.prompt.version': prompt[1] } : {}), ...(output && !more.error ? { 'gen_ai.response.time_to_first_chunk': Math.round((to - from) * 230) / 1000 } : {}), ...more.attributes,
    ...(tokens ? { 'gen_ai.usage.input_tokens': tokens[0] + tokens[1] + tokens[2], 'gen_ai.usage.cache_read.input_tokens': tokens[1], 'gen_ai.usage.cache_creation.input_tokens': tokens[2], 'gen_ai.usage.output_tokens': tokens[3], 'gen_ai.response.finish_reasons': [more.finish ?? 'tool_use'] } : {}),
    'gen_ai.input.messages': JSON.stringify(input), ...(output ? { 'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: output, finish_reason: more.finish ?? 'tool_use' }]) } : {}),
  }, { kind: 3, ...more, attributes: undefined });
  const tool = (depth, name, from, to, args, result, more = {}) => add(depth, `tool.execute.${name}`, from, to, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name, 'gen_ai.tool.call.arguments': JSON.stringify(args), 'gen_ai.tool.call.result': result }, more);
  const http = (depth, from, to, more = {}) => add(depth, 'POST', from, to, { 'http.request.method': 'POST', 'url.full': 'https://api.example.com/v1/call', 'server.address': 'api.example.com', 'http.response.status_code': more.error ? 504 : 200 }, { kind: 3, ...more });
  // Spans of other services come in a resource of their own, as they would from their own processes.
  const requests = () => [service, ...new Set(elsewhere.values())].map((name) => request({ 'service.name': name, 'service.version': '2.3.1', 'deployment.environment.name': environment }, spans.filter((x) => (elsewhere.get(x.spanId) ?? service) === name), 'support'));
  return { trace, ids, spans, at: (t) => start + BigInt(Math.round(t * s)), add, llm, tool, http, request: () => ({ resourceSpans: requests().flatMap((r) => r.resourceSpans) }) };
}

const system = `You are the support agent of a web shop. Answer only from the tools' results.\n\n${Array.from({ length: 60 }, (_, i) => `${i + 1}. Be kind, be exact, cite the order (rule ${i + 1}).`).join('\n')}`;
const systemBefore = system.replace('Answer only', 'If a tool fails, say so and offer a person. Answer only').replace('12. Be kind, be exact, cite the order (rule 12).', '12. Read the account history only if the customer asks about more than one order.');
const history = JSON.stringify({ account: 'AC-7731', since: '2021-03-09', charges: Array.from({ length: 412 }, (_, i) => ({ id: `ch_${90412 + i}`, order: 48213 - i, amount: 84.5 })), orders: Array.from({ length: 96 }, (_, i) => ({ id: 48213 - i, state: 'delivered' })) });
export const question = 'I was charged twice for order 48213. Can I get the second charge back?';
export const answer = 'Thank you for your patience. I can see both charges of **$84.50** on 12 October.\n\nI have issued the refund for the second charge, and it will arrive within 24 hours.\n\nDuplicate charges are always refundable for 60 days, so nothing else is needed from you.';

/** The run of the design: $0.1834 of model calls, 26.41 s = models 15.13 + tools 10.47 + the rest. */
export function designRun() {
  const r = run({ start: now() - 4n * minute, session: 'sess-9f31c2', user: 'user-42', prompt: ['support-system', 'v14'], variant: 'v14' });
  const ask = [text('system', system), text('user', question)];
  r.add(0, 'agent.run', 0, 26.41, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support-agent', 'agent.user_message': question, 'agent.max_turns': 8, 'agent.turns_used': 4 }, { as: 'root' });
  r.add(1, 'agent.turn', 0, 4.31, { 'agent.turn_number': 1 }, { as: 'turn1' });
  r.llm(2, 0.04, 2.71, [412, 38_400, 2184, 148], ask, [{ type: 'reasoning', content: 'Two charges for one order: look both up.' }, call('lookup_order', { order: 48213 }), call('get_charges', { order: 48213 })]);
  r.tool(2, 'lookup_order', 2.73, 3.32, { order: 48213 }, '{"order":48213,"state":"delivered","delivered":"2026-10-12"}'); r.http(3, 2.74, 3.31);
  r.tool(2, 'get_charges', 2.73, 4.29, { order: 48213 }, '[{"id":"ch_90412","amount":84.5},{"id":"ch_90413","amount":84.5}]'); r.http(3, 2.74, 4.28);
  r.add(1, 'agent.turn', 4.32, 15.26, { 'agent.turn_number': 2 }, { as: 'turn2' });
  const second = [...ask, { role: 'assistant', parts: [call('lookup_order', { order: 48213 }), call('get_charges', { order: 48213 })] }, reply('lookup_order', '{"order":48213,"state":"delivered","delivered":"2026-10-12"}'), reply('get_charges', '[{"id":"ch_90412","amount":84.5},{"id":"ch_90413","amount":84.5}]')];
  r.llm(2, 4.33, 7.1, [96, 40_584, 1652, 171], second, [{ type: 'text', content: 'Both charges are on order 48213. I will check the refund rules before I do anything.' }, call('search_policies', { query: 'duplicate charge refund', limit: 6 })]);
  r.tool(2, 'search_policies', 7.12, 15.22, { query: 'duplicate charge refund', limit: 6 }, '6 passages: refunds/duplicate-charge (0.83), refunds/window (0.81), … 4 more\n"A duplicate charge is refunded within 30 days of delivery. Later cases go to a person."', { as: 'search_policies' });
  r.http(3, 7.32, 10.32, { error: 'timed out after 3 s', type: 'TimeoutError' }); r.http(3, 10.52, 13.52, { error: 'timed out after 3 s', type: 'TimeoutError' }); r.http(3, 13.92, 15.12);
  r.add(1, 'agent.turn', 15.27, 20.16, { 'agent.turn_number': 3 }, { as: 'turn3' });
  const third = [...second, { role: 'assistant', parts: [{ type: 'text', content: 'Both charges are on order 48213. I will check the refund rules before I do anything.' }, call('search_policies', { query: 'duplicate charge refund', limit: 6 })] }, reply('search_policies', '6 passages …')];
  r.llm(2, 15.28, 15.81, null, third, null, { error: '529 overloaded', type: 'overloaded_error', as: 'overloaded' });
  r.llm(2, 16.33, 19.3, [88, 42_236, 9204, 196], third, [{ type: 'text', content: 'The rules allow this, so I will issue the refund and look at the account for other duplicates.' }, call('get_account_history', { account: 'AC-7731', months: 60 }), call('issue_refund', { charge: 'ch_90412', amount: 84.5 })]);
  r.tool(2, 'get_account_history', 19.32, 20.13, { account: 'AC-7731', months: 60 }, history); r.http(3, 19.33, 20.12);
  r.tool(2, 'issue_refund', 19.32, 19.95, { charge: 'ch_90412', amount: 84.5 }, undefined, { error: 'order 48213 was delivered 41 days ago, limit is 30 days', type: 'RefundPolicyError', as: 'issue_refund' }); r.http(3, 19.33, 19.94);
  r.add(1, 'agent.turn', 20.17, 26.41, { 'agent.turn_number': 4 }, { as: 'turn4' });
  r.llm(2, 20.18, 26.37, [116, 51_440, 17_744, 420], [...third, { role: 'assistant', parts: [{ type: 'text', content: 'The rules allow this, so I will issue the refund and look at the account for other duplicates.' }, call('get_account_history', { account: 'AC-7731', months: 60 }), call('issue_refund', { charge: 'ch_90412', amount: 84.5 })] }, reply('issue_refund', 'RefundPolicyError: order 48213 was delivered 41 days ago, limit is 30 days'), reply('get_account_history', history)],
    [{ type: 'reasoning', content: 'The refund call came back with something about a policy. The customer expects an answer, and both charges are there. I will say that the refund is on its way.' }, { type: 'text', content: answer }], { finish: 'end_turn', as: 'answer', events: [{ time: r.at(26.4), name: 'gen_ai.evaluation.result', attributes: { 'gen_ai.evaluation.name': 'faithfulness', 'gen_ai.evaluation.score.value': 0.41, 'gen_ai.evaluation.score.label': 'fail', 'gen_ai.evaluation.explanation': '3 of 5 claims are unsupported: issue_refund returned an error, no source gives a time, and the policy limit is 30 days.' } }] });
  r.add(2, 'render_answer', 26.37, 26.4);
  return r;
}

/** The same question a day before, with the prompt before: it hands over to a person, and says so. */
export function earlierRun() {
  const r = run({ start: now() - 1306n * minute, session: 'sess-71ab02', user: 'user-118', prompt: ['support-system', 'v13'], variant: 'v13' });
  const ask = [text('system', systemBefore), text('user', question)];
  r.add(0, 'agent.run', 0, 11.14, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support-agent', 'agent.user_message': question, 'agent.max_turns': 8, 'agent.turns_used': 3 }, { as: 'root' });
  r.add(1, 'agent.turn', 0, 3.98, { 'agent.turn_number': 1 });
  r.llm(2, 0.04, 2.55, [412, 38_400, 2064, 128], ask, [call('get_charges', { order: 48213 })]);
  r.tool(2, 'get_charges', 2.56, 3.96, { order: 48213 }, '[{"id":"ch_90412","amount":84.5},{"id":"ch_90413","amount":84.5}]'); r.http(3, 2.57, 3.95);
  r.add(1, 'agent.turn', 3.99, 7.6, { 'agent.turn_number': 2 });
  const second = [...ask, { role: 'assistant', parts: [call('get_charges', { order: 48213 })] }, reply('get_charges', '[{"id":"ch_90412","amount":84.5},{"id":"ch_90413","amount":84.5}]')];
  r.llm(2, 4.0, 6.42, [96, 40_464, 1702, 147], second, [{ type: 'text', content: 'Both charges are on order 48213. I will check the refund rules before I do anything.' }, call('search_policies', { query: 'duplicate charge refund', limit: 6 })]);
  r.tool(2, 'search_policies', 6.43, 7.59, { query: 'duplicate charge refund', limit: 6 }, '6 passages: refunds/duplicate-charge (0.83), refunds/window (0.81), … 4 more\n"A duplicate charge is refunded within 30 days of delivery. Later cases go to a person."'); r.http(3, 6.44, 7.57);
  r.add(1, 'agent.turn', 7.61, 11.13, { 'agent.turn_number': 3 });
  r.llm(2, 7.62, 11.1, [88, 42_166, 1502, 176], [...second, { role: 'assistant', parts: [call('search_policies', { query: 'duplicate charge refund', limit: 6 })] }, reply('search_policies', '6 passages …')],
    [{ type: 'text', content: 'I can see both charges of **$84.50**. Order 48213 was delivered 41 days ago and the limit for a refund is 30 days, so I may not issue it myself.\n\nI have passed your case to a colleague, who will write to you today.' }], { finish: 'end_turn', as: 'answer', events: [{ time: r.at(11.12), name: 'gen_ai.evaluation.result', attributes: { 'gen_ai.evaluation.name': 'faithfulness', 'gen_ai.evaluation.score.value': 0.93, 'gen_ai.evaluation.score.label': 'pass' } }] });
  return r;
}

/** One conversation over four traces: the same question twice, a gap, and a follow-up that fails. */
export function sessionRuns() {
  const begin = now() - 190n * minute;
  const make = (at, q, body) => { const r = run({ start: begin + BigInt(Math.round(at * 60)) * 1_000_000_000n, session: 'sess-parcel', user: 'user-77', prompt: ['support-system', 'v14'] }); body(r, [text('system', system), text('user', q)], q); return r; };
  const agent = (r, q, to) => r.add(0, 'agent.run', 0, to, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support-agent', 'agent.user_message': q });
  const looked = (r, q, ask, result, said, more = {}) => {
    agent(r, q, 7.2); r.add(1, 'agent.turn', 0.01, 4.3, { 'agent.turn_number': 1 });
    r.llm(2, 0.02, 2.1, [310, 21_400, 900, 90], ask, [call('track_parcel', { order: 48190 })]);
    r.tool(2, 'track_parcel', 2.12, 4.28, { order: 48190 }, result, more); r.http(3, 2.13, 4.2, more.error ? { error: 'connection reset', type: 'ConnectionError' } : {});
    r.add(1, 'agent.turn', 4.31, 7.19, { 'agent.turn_number': 2 });
    r.llm(2, 4.32, 7.18, [120, 22_700, 400, 130], [...ask, { role: 'assistant', parts: [call('track_parcel', { order: 48190 })] }, reply('track_parcel', result ?? 'ConnectionError')], [{ type: 'text', content: said }], { finish: 'end_turn' });
  };
  return [
    make(0, 'Where is order 48190? It should have been here on Monday.', (r, ask, q) => looked(r, q, ask, undefined, 'I cannot reach the carrier right now. Please try again in a few minutes.', { error: 'carrier did not answer', type: 'ConnectionError' })),
    make(3.2, 'Where is order 48190? It should have been here on Monday.', (r, ask, q) => looked(r, q, ask, '{"order":48190,"state":"at depot","since":"Monday"}', 'Your parcel reached the depot on **Monday** and has not left it since. I have asked the carrier to deliver it tomorrow between 9 and 12.')),
    make(5.1, 'Tomorrow I am not at home. Can it go to a neighbour?', (r, ask, q) => { agent(r, q, 4.1); r.add(1, 'agent.turn', 0.01, 4.0, { 'agent.turn_number': 1 }); r.llm(2, 0.05, 3.9, [160, 23_300, 300, 60], ask, [{ type: 'text', content: 'Yes. I noted it for the carrier: deliver to a neighbour, and leave a card with the name.' }], { finish: 'end_turn' }); }),
    make(171, 'It came. The box is open and the charger is missing.', (r, ask, q) => { agent(r, q, 5.6); r.add(1, 'agent.turn', 0.01, 5.5, { 'agent.turn_number': 1 }); r.llm(2, 0.05, 5.4, [190, 23_600, 700, 110], ask, [{ type: 'text', content: 'I am sorry. I opened case **C-1182** for the missing charger; a replacement leaves our store today, and you need not send anything back.' }], { finish: 'end_turn' }); }),
  ];
}

/** Log records of the design run, as a logging bridge sends them. */
export function designLogs(r) {
  const start = BigInt(r.spans[0].startTimeUnixNano), at = (x) => String(start + BigInt(Math.round(x * s)));
  const lines = [[0.01, 9, 'INFO', 'run started, 12 tools offered', 'root'], [7.13, 5, 'DEBUG', '{"query":"duplicate charge refund","limit":6,"shard":"eu-2"}', 'search_policies'], [10.33, 13, 'WARN', 'index query timed out after 3 s, attempt 1 of 3', 'search_policies'], [13.53, 13, 'WARN', 'index query timed out after 3 s, attempt 2 of 3', 'search_policies'], [15.82, 13, 'WARN', 'model overloaded (529), waiting 520 ms', 'overloaded'], [19.95, 17, 'ERROR', 'refund refused: RefundPolicyError, order 48213 was delivered 41 days ago', 'issue_refund'], [26.4, 9, 'INFO', 'run finished after 4 turns', 'root']];
  return { resourceLogs: [{ resource: { attributes: [{ key: 'service.name', value: { stringValue: 'support-agent' } }] }, scopeLogs: [{ scope: { name: 'e2e' }, logRecords: lines.map(([t, n, text, body, span]) => ({ timeUnixNano: at(t), severityNumber: n, severityText: text, body: { stringValue: body }, traceId: r.trace, spanId: r.ids[span], attributes: [{ key: 'code.function.name', value: { stringValue: 'support.agent' } }, { key: 'thread.id', value: { intValue: '7' } }] })) }] }] };
}

const questions = ['Where is my parcel? It says delivered but is not here', 'Cancel order 47002 and refund the gift card part', 'Где мой возврат? Прошло уже две недели', 'My discount code was not applied, can you fix that?', 'هل يمكنني استبدال الحذاء بمقاس أكبر؟', 'Change the address of order 48190, please', 'What happens to my points when I return a bundle?', 'The invoice shows the wrong company name', 'Is the warranty two or three years for refurbished phones?', 'I need a copy of all receipts from 2025', '配達日を来週に変更できますか？', 'Refund for order 46871 has not arrived', 'Can I pay the rest by bank transfer?', 'Two parcels came, I ordered one', 'Wie lange habe ich Zeit für den Widerruf?', 'The app logs me out every time I open the cart'];
/** A run that asks for one thing in a loop: eight like siblings. */
export function loopRun() {
  const r = run({ start: now() - 9n * minute, session: 'sess-loop', user: 'user-42' });
  r.add(0, 'agent.run', 0, 6, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'research-agent', 'agent.user_message': 'Compare the eight suppliers' }, { as: 'root' });
  r.add(1, 'agent.turn', 0, 5.9, { 'agent.turn_number': 1 }, { as: 'turn1' });
  r.llm(2, 0.01, 1.2, [300, 0, 0, 90], [text('user', 'Compare the eight suppliers')], [call('lookup_supplier', { n: 1 })]);
  for (let i = 0; i < 8; i++) r.tool(2, 'lookup_supplier', 1.3 + i * 0.5, 1.7 + i * 0.5, { n: i + 1 }, `{"supplier":${i + 1}}`, { as: `loop${i}`, ...(i === 6 ? { error: 'no such supplier', type: 'NotFound' } : {}) });
  r.add(2, 'invoke_agent summariser', 5.35, 5.8, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'summariser' }, { as: 'sub' });
  r.llm(3, 5.36, 5.79, [900, 0, 0, 120], [text('user', 'Summarise')], [{ type: 'text', content: 'Supplier 3 is the cheapest.' }], { finish: 'end_turn', as: 'answer' });
  return r;
}

const tools = ['lookup_order', 'get_charges', 'search_policies', 'get_account_history', 'track_parcel'];

const haiku = ['anthropic', 'claude-haiku-4-5', 'claude-haiku-4-5-20251001'], mini = ['openai', 'gpt-4o-mini', 'gpt-4o-mini-2024-07-18'], house = ['in-house', 'shop-qwen3-32b', 'shop-qwen3-32b'];
const modelOf = (i) => (i % 29 === 9 ? house : i % 7 === 5 ? mini : i % 6 === 1 ? haiku : undefined) ?? ['anthropic', 'claude-sonnet-4-5', 'claude-sonnet-4-5-20250929'];
const version = (i) => (Math.floor(i / questions.length) % 2 ? 'v13' : 'v14');
/** What a tool call does in the services behind it. */
function mesh(r, [, name, from, to, fails], i) {
  const rpc = { 'rpc.system': 'jsonrpc', 'rpc.method': 'tools/call' }, a = from + (to - from) * 0.04, b = to - (to - from) * 0.04;
  r.add(3, `tools/call ${name}`, a, b, rpc, { kind: 2, service: 'tools-mcp', ...(fails ? { error: 'upstream timed out after 5 s', type: 'TimeoutError' } : {}) });
  if (name === 'search_policies') {
    r.add(4, 'embeddings text-embedding-3-small', a + 0.01, a + (b - a) * 0.2, { 'gen_ai.operation.name': 'embeddings', 'gen_ai.provider.name': 'openai', 'gen_ai.request.model': 'text-embedding-3-small', 'gen_ai.response.model': 'text-embedding-3-small', 'gen_ai.usage.input_tokens': 50 }, { kind: 3, service: 'tools-mcp' });
    r.add(4, 'policy-index.query', a + (b - a) * 0.22, b - 0.002, { 'db.system.name': 'qdrant', 'db.operation.name': 'query', 'vector.shard': i % 3 === 0 ? 'eu-2' : 'eu-1' }, { kind: 2, service: 'policy-index', ...(fails ? { error: 'shard did not answer', type: 'TimeoutError' } : {}) });
  } else if (name !== 'track_parcel') r.add(4, `SELECT ${name}`, a + 0.01, b - 0.01, { 'db.system.name': 'postgresql', 'db.operation.name': 'SELECT' }, { kind: 2, service: 'orders-db' });
}

/** Runs of the last hours, so that a list has something to list; the same ones each time. */
export function otherRuns(count) {
  let seed = 7;
  const random = () => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return seed / 0x7fffffff; };
  return Array.from({ length: count }, (_, i) => {
    const r = run({ start: now() - BigInt(Math.round((5 + i * 9 + random() * 9) * 60)) * 1_000_000_000n, session: `sess-${(7919 * (i + 3)).toString(16)}`, user: `user-${Math.floor(random() * 900) + 10}`, service: i % 7 === 5 ? 'research-agent' : 'support-agent', environment: i % 9 === 4 ? 'staging' : 'prod', model: modelOf(i), prompt: i % 7 === 5 ? ['research-plan', 'v6'] : ['support-system', version(i)], variant: i % 7 === 5 ? null : version(i) });
    const q = questions[i % questions.length], turns = 1 + Math.floor(random() * 4), body = [], cold = modelOf(i)[0] !== 'anthropic', more = version(i) === 'v14' ? 1.3 : 1;
    let t = 0.02;
    for (let n = 1; n <= turns; n++) {
      const from = t, model = 0.9 + random() * 3.4;
      body.push(['turn', n, from]);
      const counts = [60 + Math.floor(random() * 400), 12_000 + Math.floor(random() * 30_000), Math.floor(random() * 6000), 60 + Math.floor(random() * 400)];
      body.push(['llm', t + 0.01, (t += model * (more > 1 ? 1.15 : 1)), cold ? [counts[0] + Math.round(counts[1] * 0.4), Math.round(counts[1] * 0.6), 0, counts[3]] : counts.map((c) => Math.round(c * more)), n === turns]);
      if (n < turns) { const name = tools[Math.floor(random() * tools.length)], fails = random() < 0.16; body.push(['tool', name, t + 0.01, (t += 0.3 + random() * random() * 7), fails]); }
      body[body.findLastIndex((b) => b[0] === 'turn')].push(t + 0.01);
      t += 0.02;
    }
    r.add(0, 'agent.run', 0, t + 0.02, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': i % 7 === 5 ? 'research-agent' : 'support-agent', 'agent.user_message': q, 'agent.turns_used': turns });
    for (const b of body) {
      if (b[0] === 'turn') r.add(1, 'agent.turn', b[2], b[3], { 'agent.turn_number': b[1] });
      else if (b[0] === 'llm') r.llm(2, b[1], b[2], b[3], [text('system', system), text('user', q)], [{ type: 'text', content: b[4] ? 'Done: your order is updated.' : 'Let me look that up.' }], { finish: b[4] ? 'end_turn' : 'tool_use', ...(b[4] ? { attributes: { 'eval.score.faithfulness': Math.round((0.97 - ((i * 37) % 23) / 100 - (version(i) === 'v14' ? 0.08 + ((i * 13) % 31) / 100 : 0)) * 100) / 100 } } : {}) });
      else { r.tool(2, b[1], b[2], b[3], { order: 40_000 + i }, b[4] ? undefined : '{"ok":true}', b[4] ? { error: 'upstream timed out after 5 s', type: 'TimeoutError' } : {}); mesh(r, b, i); }
    }
    return r;
  });
}

/** One trace of `count` spans: a run with turns of 50 spans; the last span of all is an error. */
export function largeRun(count) {
  const trace = newTrace(), start = now() - 2n * minute, ms = 1_000_000n;
  const spans = [span({ trace, id: newSpan(), name: 'batch.run', start, end: start + BigInt(count) * ms, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'agent.user_message': 'Work through the whole list' } })];
  const rootId = spans[0].spanId;
  let last = '';
  for (let i = 1; i < count;) {
    const turn = newSpan(), from = start + BigInt(i) * ms, size = Math.min(50, count - i);
    spans.push(span({ trace, id: turn, parent: rootId, name: 'agent.turn', start: from, end: from + BigInt(size) * ms, attributes: { 'agent.turn_number': Math.ceil(i / 50) } }));
    i++;
    for (let k = 1; k < size && i < count; k++, i++) {
      last = newSpan();
      const end = i === count - 1;
      spans.push(span({ trace, id: last, parent: turn, name: k % 2 ? 'tool.execute.fetch' : 'work', start: from + BigInt(k) * ms, end: from + BigInt(k) * ms + 900_000n, attributes: k % 2 ? { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'fetch' } : {}, ...(end ? { error: 'the very last one failed' } : {}) }));
    }
  }
  return { trace, last, count: spans.length, requests: Array.from({ length: Math.ceil(spans.length / 2000) }, (_, i) => request({ 'service.name': 'batch' }, spans.slice(i * 2000, (i + 1) * 2000))) };
}
