// Development only: the run that ui-direction draws, so that its sums can be checked on the screen; and a large trace.
import { cost } from './otlp.mjs';

const s = 1e9;
const text = (role, content, more = {}) => ({ role, source: 'gen_ai.input.messages', parts: [{ type: 'text', content, bytes: Buffer.byteLength(content), ...more }] });
const history = JSON.stringify({ account: 'AC-7731', since: '2021-03-09', charges: Array.from({ length: 412 }, (_, i) => ({ id: `ch_${90412 + i}`, order: 48213 - i, amount: 84.5 })), orders: Array.from({ length: 96 }, (_, i) => ({ id: 48213 - i, total: 84.5, state: 'delivered' })) });
const system = `You are the support agent of a web shop. Answer only from the tools' results.\n\n${Array.from({ length: 80 }, (_, i) => `${i + 1}. Rule number ${i + 1}: be kind, be exact, cite the order.`).join('\n')}`;
const question = 'I was charged twice for order 48213. Can I get the second charge back?';
const answer = 'Thank you for your patience. I can see both charges of **$84.50** on 12 October.\n\nI have issued the refund for the second charge, and it will arrive within 24 hours.\n\nDuplicate charges are always refundable for 60 days, so nothing else is needed from you.';

export function madeUpRun(now) {
  const trace = '5e1ec7ed0000000000000000000048213'.slice(0, 32);
  const start = now - 7n * 60_000_000_000n;
  let n = 0;
  const stack = [];
  const out = [];
  const add = (depth, kind, name, from, to, more = {}) => {
    const id = (0xa000000000000000n + BigInt(++n)).toString(16);
    stack[depth] = id;
    const parent = depth > 0 ? stack[depth - 1] : null;
    const usage = more.tokens ? { input: more.tokens[0], cache_read: more.tokens[1], cache_write: more.tokens[2], output: more.tokens[3] - (more.tokens[4] ?? 0), ...(more.tokens[4] ? { reasoning: more.tokens[4] } : {}), total_input: more.tokens[0] + more.tokens[1] + more.tokens[2], total_output: more.tokens[3], role: 'own', basis: 'known' } : null;
    const model = kind === 'llm' ? 'claude-sonnet-4-5-20250929' : kind === 'embedding' ? 'text-embedding-3-small' : null;
    const a = start + BigInt(Math.round(from * s)), z = start + BigInt(Math.round(to * s));
    const err = more.error ?? null;
    out.push({
      trace_id: trace, span_id: id, parent_span_id: parent, name, service: kind === 'retrieval' || kind === 'embedding' ? 'policy-index' : 'support-agent', kind, span_kind: kind === 'llm' || more.http ? 'client' : 'internal', status: err ? 'error' : 'unset', status_message: err?.message ?? null, start: a, end: z,
      provider: kind === 'llm' ? 'anthropic' : null, model, tool: more.tool ?? null, agent: kind === 'agent' ? 'support-agent' : null, session: 'sess-9f31c2', user: 'user-42', usage, cost: cost(usage, model, usage && kind === 'llm' ? cost(usage, model).nano_usd / 1e9 : null), turn_number: more.turn ?? null, trace_state: null, flags: 1,
      response_model: model, request_model: kind === 'llm' ? 'claude-sonnet-4-5' : model, response_id: kind === 'llm' ? `msg_${n}` : null, operation: null,
      attributes: [{ key: 'gen_ai.operation.name', type: 'string', value: kind === 'llm' ? 'chat' : kind }, ...(kind === 'llm' ? [{ key: 'gen_ai.request.model', type: 'string', value: 'claude-sonnet-4-5' }, { key: 'gen_ai.request.max_tokens', type: 'int', value: 4096 }, { key: 'gen_ai.request.temperature', type: 'double', value: 0.2 }] : []), { key: 'session.id', type: 'string', value: 'sess-9f31c2' }, { key: 'user.id', type: 'string', value: 'user-42' }, ...(more.http ? [{ key: 'http.request.method', type: 'string', value: 'POST' }, { key: 'url.full', type: 'string', value: 'https://api.example.com/v1' }] : [])],
      resource: [{ key: 'service.name', type: 'string', value: 'support-agent' }, { key: 'service.version', type: 'string', value: '2.3.1' }, { key: 'deployment.environment.name', type: 'string', value: 'prod' }], scope: { name: 'support', version: '2.3.1', attributes: [] },
      events: err ? [{ time_unix_nano: String(z), name: 'exception', attributes: [{ key: 'exception.type', type: 'string', value: err.type }, { key: 'exception.message', type: 'string', value: err.message }] }] : [], links: [], dropped: { attributes: 0, events: 0, links: 0 },
      error: err ? { ...err, stacktrace: `Traceback (most recent call last):\n  File "tools/refunds.py", line 88, in issue_refund\n    raise ${err.type}("${err.message}")\n${err.type}: ${err.message}` } : null,
      input: more.input ?? [], output: more.output ?? [], tools_offered: kind === 'llm' ? ['lookup_order', 'get_charges', 'search_policies', 'get_account_history', 'issue_refund'].map((name) => ({ name, description: `Does ${name.replaceAll('_', ' ')} for an order of the customer.`, schema: { type: 'object', properties: { order: { type: 'integer' } }, required: ['order'] } })) : [],
      parameters: kind === 'llm' ? { max_tokens: 4096, temperature: 0.2 } : {}, finish_reasons: kind === 'llm' && usage ? [more.turn === undefined && n > 15 ? 'end_turn' : 'tool_use'] : [], scores: more.scores ?? [], duplicates: 0, environment: 'prod', first_token: more.ft ?? null, prompt: { name: 'support-system', version: 'v14' },
    });
    return id;
  };
  const io = (args, result) => ({ input: [{ role: 'user', source: 'tool.arguments', parts: [{ type: 'text', content: JSON.stringify(args), bytes: JSON.stringify(args).length }] }], output: result === undefined ? [] : [{ role: 'tool', source: 'tool.result', parts: [{ type: 'text', content: result, bytes: Buffer.byteLength(result) }] }] });
  const call = (name, args) => ({ type: 'tool_call', id: `toolu_${name}`, name, arguments: args, bytes: JSON.stringify(args).length });
  const result = (name, r, fresh) => ({ role: 'tool', source: 'gen_ai.input.messages', parts: [{ type: 'tool_call_response', id: `toolu_${name}`, name, result: r, bytes: r.length, new: fresh }] });
  const sys = (fresh) => ({ ...text('system', system, { new: fresh }) });
  add(0, 'agent', 'agent.run', 0, 26.41, { input: [text('user', question)], output: [text('assistant', answer)] });
  add(1, 'turn', 'agent.turn', 0, 4.31, { turn: 1 });
  add(2, 'llm', 'gen_ai.completion', 0.04, 2.71, { tokens: [412, 38400, 2184, 148], ft: 0.84, input: [sys(true), text('user', question, { new: true })], output: [{ role: 'assistant', source: 'gen_ai.output.messages', parts: [{ type: 'reasoning', content: 'Two charges for one order: look both up.', bytes: 40 }, call('lookup_order', { order: 48213 }), call('get_charges', { order: 48213 })] }] });
  add(2, 'tool', 'tool.execute.lookup_order', 2.73, 3.32, { tool: 'lookup_order', ...io({ order: 48213 }, '{"order":48213,"state":"delivered","delivered":"2026-10-12"}') }); add(3, 'other', 'POST', 2.74, 3.31, { http: true });
  add(2, 'tool', 'tool.execute.get_charges', 2.73, 4.29, { tool: 'get_charges', ...io({ order: 48213 }, '[{"id":"ch_90412","amount":84.5},{"id":"ch_90413","amount":84.5}]') }); add(3, 'other', 'POST', 2.74, 4.28, { http: true });
  add(1, 'turn', 'agent.turn', 4.32, 15.26, { turn: 2 });
  add(2, 'llm', 'gen_ai.completion', 4.33, 7.1, { tokens: [96, 40584, 1652, 171], ft: 0.82, input: [sys(false), text('user', question, { new: false }), result('lookup_order', '{"order":48213}', true), result('get_charges', '[…]', true)], output: [{ role: 'assistant', source: 'gen_ai.output.messages', parts: [{ type: 'text', content: 'Both charges are on order 48213. I will check the refund rules before I do anything.', bytes: 84 }, call('search_policies', { query: 'duplicate charge refund', limit: 6 })] }] });
  add(2, 'tool', 'tool.execute.search_policies', 7.12, 15.22, { tool: 'search_policies', ...io({ query: 'duplicate charge refund', limit: 6 }, '6 passages, 9,025 tok: refunds/duplicate-charge (0.83), refunds/window (0.81), … 4 more\n"A duplicate charge is refunded within 30 days of delivery. Later cases go to a person."') });
  add(3, 'retrieval', 'policy_index.query', 7.15, 15.19, io({ query: 'duplicate charge refund' }, '6 passages')); add(4, 'embedding', 'embed', 7.16, 7.31, { tokens: [50, 0, 0, 0] });
  add(4, 'other', 'POST', 7.32, 10.32, { http: true, error: { type: 'TimeoutError', message: 'timed out after 3 s' } }); add(4, 'other', 'POST', 10.52, 13.52, { http: true, error: { type: 'TimeoutError', message: 'timed out after 3 s' } }); add(4, 'other', 'POST', 13.92, 15.12, { http: true });
  add(1, 'turn', 'agent.turn', 15.27, 20.16, { turn: 3 });
  add(2, 'llm', 'gen_ai.completion', 15.28, 15.81, { error: { type: 'overloaded_error', message: '529 overloaded' }, input: [sys(false), text('user', question, { new: false })] });
  add(2, 'llm', 'gen_ai.completion', 16.33, 19.3, { tokens: [88, 42236, 9204, 196], ft: 0.91, input: [sys(false), text('user', question, { new: false }), result('search_policies', '6 passages …', true)], output: [{ role: 'assistant', source: 'gen_ai.output.messages', parts: [{ type: 'text', content: 'The rules allow this, so I will issue the refund and look at the account for other duplicates.', bytes: 95 }, call('get_account_history', { account: 'AC-7731', months: 60 }), call('issue_refund', { charge: 'ch_90412', amount: 84.5 })] }] });
  add(2, 'tool', 'tool.execute.get_account_history', 19.32, 20.13, { tool: 'get_account_history', ...io({ account: 'AC-7731', months: 60 }, history) }); add(3, 'other', 'POST', 19.33, 20.12, { http: true });
  add(2, 'tool', 'tool.execute.issue_refund', 19.32, 19.95, { tool: 'issue_refund', error: { type: 'RefundPolicyError', message: 'order 48213 was delivered 41 days ago, limit is 30 days' }, ...io({ charge: 'ch_90412', amount: 84.5 }) }); add(3, 'other', 'POST', 19.33, 19.94, { http: true });
  add(1, 'turn', 'agent.turn', 20.17, 26.41, { turn: 4 });
  add(2, 'llm', 'gen_ai.completion', 20.18, 26.37, { tokens: [116, 51440, 17744, 420, 212], ft: 1.42, scores: [{ name: 'faithfulness', value: 0.41, label: null, explanation: '3 of 5 claims unsupported.' }],
    input: [sys(false), text('user', question, { new: false }), result('lookup_order', '{"order":48213}', false), result('get_charges', '[…]', false), text('assistant', 'Both charges are on order 48213.', { new: false }), result('search_policies', '6 passages …', false), { role: 'assistant', source: 'gen_ai.input.messages', parts: [{ ...call('get_account_history', { account: 'AC-7731', months: 60 }), new: true }, { ...call('issue_refund', { charge: 'ch_90412', amount: 84.5 }), new: true }] }, result('issue_refund', 'RefundPolicyError: order 48213 was delivered 41 days ago, limit is 30 days', true), result('get_account_history', history, true)],
    output: [{ role: 'assistant', source: 'gen_ai.output.messages', finish_reason: 'end_turn', parts: [{ type: 'reasoning', content: 'The refund call came back with something about a policy. The customer expects an answer, and both charges are there. I will say that the refund is on its way.', bytes: 159 }, { type: 'text', content: answer, bytes: Buffer.byteLength(answer) }] }] });
  add(2, 'chain', 'render_answer', 26.37, 26.4);
  return out;
}

/** `count` spans below one run. */
export function largeTrace(now, count) {
  const out = [];
  const start = now - 20n * 60_000_000_000n;
  const base = (i, parent, kind, name, from, to, more = {}) => ({ trace_id: 'b16'.padEnd(32, '0'), span_id: (0xb000000000000000n + BigInt(i)).toString(16), parent_span_id: parent === null ? null : (0xb000000000000000n + BigInt(parent)).toString(16), name, service: 'batch', kind, span_kind: 'internal', status: i % 997 === 5 ? 'error' : 'unset', status_message: i % 997 === 5 ? 'connection reset by peer' : null, start: start + BigInt(Math.round(from)), end: start + BigInt(Math.round(to)), provider: null, model: kind === 'llm' ? 'claude-haiku-4-5' : null, tool: kind === 'tool' ? 'fetch' : null, agent: null, session: null, user: null, usage: null, cost: { nano_usd: null, state: 'none', reported_nano_usd: null }, turn_number: null, trace_state: null, flags: 0, response_model: null, request_model: null, response_id: null, operation: null, attributes: [{ key: 'i', type: 'int', value: i }], resource: [], scope: { name: 'x', version: null, attributes: [] }, events: [], links: [], dropped: { attributes: 0, events: 0, links: 0 }, error: i % 997 === 5 ? { type: 'OSError', message: 'connection reset by peer', stacktrace: null } : null, input: [], output: [], tools_offered: [], parameters: {}, finish_reasons: [], scores: [], duplicates: 0, environment: null, first_token: null, prompt: null, ...more });
  out.push(base(0, null, 'agent', 'batch.run', 0, count * 1e6));
  let i = 1;
  while (i < count) {
    const turn = i, from = i * 1e6, width = Math.min(100, count - i);
    out.push(base(i++, 0, 'turn', 'agent.turn', from, from + width * 1e6, { turn_number: Math.ceil(turn / 100) }));
    for (let k = 1; k < width && i < count; k++, i++) out.push(base(i, turn, k % 3 === 0 ? 'tool' : k % 3 === 1 ? 'llm' : 'other', k % 3 === 0 ? 'tool.execute.fetch' : k % 3 === 1 ? 'gen_ai.completion' : 'POST', from + k * 1e6, from + k * 1e6 + 0.9e6));
  }
  return out;
}
