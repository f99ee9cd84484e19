// What the pages are tested with: the run of the design pages with its exact sums, runs around it, a large trace.
import { newSpan, newTrace, request, span } from './otlp.mjs';

export const now = () => BigInt(Date.now()) * 1_000_000n;
const s = 1e9;
const minute = 60_000_000_000n;
const text = (role, content) => ({ role, parts: [{ type: 'text', content }] });
const call = (name, args) => ({ type: 'tool_call', id: `toolu_${name}`, name, arguments: args });
const reply = (name, result) => ({ role: 'tool', parts: [{ type: 'tool_call_response', id: `toolu_${name}`, result }] });

/** A recorder of one run: seconds from its start, parents by depth. */
export function run({ trace = newTrace(), start, service = 'support-agent', session, user, environment = 'prod' }) {
  const stack = [], spans = [], ids = {};
  const common = { 'session.id': session, 'user.id': user };
  const add = (depth, name, from, to, attributes = {}, more = {}) => {
    const id = newSpan();
    stack[depth] = id;
    ids[more.as ?? `${name}#${spans.length}`] = id;
    const a = start + BigInt(Math.round(from * s)), b = start + BigInt(Math.round(to * s));
    spans.push(span({ trace, id, parent: depth > 0 ? stack[depth - 1] : undefined, name, start: a, end: b, attributes: { ...common, ...attributes }, ...more,
      events: [...(more.events ?? []), ...(more.error ? [{ time: b, name: 'exception', attributes: { 'exception.type': more.type ?? 'Error', 'exception.message': more.error, 'exception.stacktrace': `Traceback (most recent call last):\n  File "tools.py", line 88, in call\n    raise ${more.type ?? 'Error'}\n${more.type ?? 'Error'}: ${more.error}` } }] : [])] }));
    return id;
  };
  const llm = (depth, from, to, tokens, input, output, more = {}) => add(depth, 'gen_ai.completion', from, to, {
    'gen_ai.operation.name': 'chat', 'gen_ai.provider.name': 'anthropic', 'gen_ai.request.model': 'claude-sonnet-4-5', 'gen_ai.response.model': 'claude-sonnet-4-5-20250929', 'gen_ai.request.max_tokens': 4096, 'gen_ai.request.temperature': 0.2,
    ...(tokens ? { 'gen_ai.usage.input_tokens': tokens[0] + tokens[1] + tokens[2], 'gen_ai.usage.cache_read.input_tokens': tokens[1], 'gen_ai.usage.cache_creation.input_tokens': tokens[2], 'gen_ai.usage.output_tokens': tokens[3], 'gen_ai.response.finish_reasons': [more.finish ?? 'tool_use'] } : {}),
    'gen_ai.input.messages': JSON.stringify(input), ...(output ? { 'gen_ai.output.messages': JSON.stringify([{ role: 'assistant', parts: output, finish_reason: more.finish ?? 'tool_use' }]) } : {}),
  }, { kind: 3, ...more });
  const tool = (depth, name, from, to, args, result, more = {}) => add(depth, `tool.execute.${name}`, from, to, { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': name, 'gen_ai.tool.call.arguments': JSON.stringify(args), 'gen_ai.tool.call.result': result }, more);
  const http = (depth, from, to, more = {}) => add(depth, 'POST', from, to, { 'http.request.method': 'POST', 'url.full': 'https://api.example.com/v1/call', 'server.address': 'api.example.com', 'http.response.status_code': more.error ? 504 : 200 }, { kind: 3, ...more });
  return { trace, ids, spans, add, llm, tool, http, request: () => request({ 'service.name': service, 'service.version': '2.3.1', 'deployment.environment.name': environment }, spans, 'support') };
}

const system = `You are the support agent of a web shop. Answer only from the tools' results.\n\n${Array.from({ length: 60 }, (_, i) => `${i + 1}. Be kind, be exact, cite the order (rule ${i + 1}).`).join('\n')}`;
const history = JSON.stringify({ account: 'AC-7731', since: '2021-03-09', charges: Array.from({ length: 412 }, (_, i) => ({ id: `ch_${90412 + i}`, order: 48213 - i, amount: 84.5 })), orders: Array.from({ length: 96 }, (_, i) => ({ id: 48213 - i, state: 'delivered' })) });
export const question = 'I was charged twice for order 48213. Can I get the second charge back?';
export const answer = 'Thank you for your patience. I can see both charges of **$84.50** on 12 October.\n\nI have issued the refund for the second charge, and it will arrive within 24 hours.\n\nDuplicate charges are always refundable for 60 days, so nothing else is needed from you.';

/** The run of the design: $0.1834 of model calls, 26.41 s = models 15.13 + tools 10.47 + the rest. */
export function designRun() {
  const r = run({ start: now() - 4n * minute, session: 'sess-9f31c2', user: 'user-42' });
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
    [{ type: 'reasoning', content: 'The refund call came back with something about a policy. The customer expects an answer, and both charges are there. I will say that the refund is on its way.' }, { type: 'text', content: answer }], { finish: 'end_turn', as: 'answer' });
  r.add(2, 'render_answer', 26.37, 26.4);
  return r;
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

/** Runs of the last hours, so that a list has something to list; the same ones each time. */
export function otherRuns(count) {
  let seed = 7;
  const random = () => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return seed / 0x7fffffff; };
  return Array.from({ length: count }, (_, i) => {
    const r = run({ start: now() - BigInt(Math.round((5 + i * 9 + random() * 9) * 60)) * 1_000_000_000n, session: `sess-${(7919 * (i + 3)).toString(16)}`, user: `user-${Math.floor(random() * 900) + 10}`, service: i % 7 === 5 ? 'research-agent' : 'support-agent', environment: i % 9 === 4 ? 'staging' : 'prod' });
    const q = questions[i % questions.length], turns = 1 + Math.floor(random() * 4), body = [];
    let t = 0.02;
    for (let n = 1; n <= turns; n++) {
      const from = t, model = 0.9 + random() * 3.4;
      body.push(['turn', n, from]);
      body.push(['llm', t + 0.01, (t += model), [60 + Math.floor(random() * 400), 12_000 + Math.floor(random() * 30_000), Math.floor(random() * 6000), 60 + Math.floor(random() * 400)], n === turns]);
      if (n < turns) { const name = tools[Math.floor(random() * tools.length)], fails = random() < 0.16; body.push(['tool', name, t + 0.01, (t += 0.3 + random() * random() * 7), fails]); }
      body[body.findLastIndex((b) => b[0] === 'turn')].push(t + 0.01);
      t += 0.02;
    }
    r.add(0, 'agent.run', 0, t + 0.02, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': i % 7 === 5 ? 'research-agent' : 'support-agent', 'agent.user_message': q, 'agent.turns_used': turns });
    for (const b of body) {
      if (b[0] === 'turn') r.add(1, 'agent.turn', b[2], b[3], { 'agent.turn_number': b[1] });
      else if (b[0] === 'llm') r.llm(2, b[1], b[2], b[3], [text('system', system), text('user', q)], [{ type: 'text', content: b[4] ? 'Done: your order is updated.' : 'Let me look that up.' }], { finish: b[4] ? 'end_turn' : 'tool_use' });
      else r.tool(2, b[1], b[2], b[3], { order: 40_000 + i }, b[4] ? undefined : '{"ok":true}', b[4] ? { error: 'upstream timed out after 5 s', type: 'TimeoutError' } : {});
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
