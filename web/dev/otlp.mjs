// Development only: reads OTLP/JSON requests into the shapes of /api/v1, for the stand-in server beside this file.
import { readFileSync, readdirSync, existsSync } from 'node:fs';
import { join } from 'node:path';

export const value = (v) => {
  if (!v) return null;
  if ('stringValue' in v) return v.stringValue;
  if ('intValue' in v) { const n = Number(v.intValue); return Number.isSafeInteger(n) ? n : String(v.intValue); }
  if ('doubleValue' in v) return v.doubleValue;
  if ('boolValue' in v) return v.boolValue;
  if ('arrayValue' in v) return (v.arrayValue.values ?? []).map(value);
  if ('kvlistValue' in v) return Object.fromEntries((v.kvlistValue.values ?? []).map((k) => [k.key, value(k.value)]));
  if ('bytesValue' in v) return v.bytesValue;
  return null;
};
const types = { stringValue: 'string', intValue: 'int', doubleValue: 'double', boolValue: 'bool', arrayValue: 'array', kvlistValue: 'kvlist', bytesValue: 'bytes' };
const attribute = (a) => ({ key: a.key, type: types[Object.keys(a.value ?? {})[0]] ?? 'none', value: value(a.value) });
const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer'];
const bytes = (v) => Buffer.byteLength(typeof v === 'string' ? v : JSON.stringify(v ?? ''));
const part = (p) => ({ ...p, ...(p.content !== undefined && typeof p.content !== 'string' ? { content: JSON.stringify(p.content) } : {}), bytes: bytes(p.content ?? p.arguments ?? p.result ?? '') });
const messages = (list, source) => (list ?? []).map((m) => ({ role: m.role, source, parts: (m.parts ?? []).map(part), ...(m.finish_reason ? { finish_reason: m.finish_reason } : {}) }));
const said = (v) => (v === undefined || v === null ? [] : [{ role: 'user', source: 'input', parts: [part(typeof v === 'string' ? { type: 'text', content: v } : { type: 'text', content: JSON.stringify(v) })] }]);

// What expected.json says of a recorded payload, read here from the current conventions for payloads that are posted.
function guess(attributes, name) {
  const a = Object.fromEntries(attributes.map((x) => [x.key, x.value]));
  const op = a['gen_ai.operation.name'], json = (v) => { try { return typeof v === 'string' ? JSON.parse(v) : v; } catch { return undefined; } };
  const kind = op === 'chat' ? 'llm' : op === 'execute_tool' || a['tool.name'] ? 'tool' : op === 'invoke_agent' || name === 'agent.run' ? 'agent' : name === 'agent.turn' ? 'turn' : op === 'embeddings' ? 'embedding' : op === 'retrieval' ? 'retrieval' : 'other';
  return { kind, provider: a['gen_ai.provider.name'], request_model: a['gen_ai.request.model'], response_model: a['gen_ai.response.model'], tool_name: a['gen_ai.tool.name'] ?? a['tool.name'], agent_name: a['gen_ai.agent.name'], session_id: a['session.id'], user_id: a['user.id'], turn_number: a['agent.turn_number'],
    input_tokens: a['gen_ai.usage.input_tokens'], output_tokens: a['gen_ai.usage.output_tokens'], cache_read_tokens: a['gen_ai.usage.cache_read.input_tokens'], cache_write_tokens: a['gen_ai.usage.cache_creation.input_tokens'], reported_cost_usd: a['llm.cost.usd'], finish_reasons: a['gen_ai.response.finish_reasons'],
    input_messages: json(a['gen_ai.input.messages']), output_messages: json(a['gen_ai.output.messages']), input: a['agent.user_message'], tool_arguments: a['gen_ai.tool.call.arguments'], tool_result: a['gen_ai.tool.call.result'] };
}

export function spansOf(request, expected, shift = 0n) {
  const out = [];
  for (const rs of request.resourceSpans ?? []) {
    const resource = (rs.resource?.attributes ?? []).map(attribute);
    const service = resource.find((a) => a.key === 'service.name')?.value ?? 'unknown_service';
    for (const ss of rs.scopeSpans ?? []) for (const s of ss.spans ?? []) {
            const start = BigInt(s.startTimeUnixNano) + shift, end = BigInt(s.endTimeUnixNano) + shift;
      const attributes = (s.attributes ?? []).map(attribute);
      const e = expected ? (expected.spans?.[s.spanId] ?? {}) : guess(attributes, s.name);
      const exception = (s.events ?? []).find((x) => x.name === 'exception');
      const xa = Object.fromEntries((exception?.attributes ?? []).map((a) => [a.key, value(a.value)]));
      const failed = s.status?.code === 2 || e.error;
      const usage = e.input_tokens === undefined && e.output_tokens === undefined ? null : {
        input: Math.max(0, (e.input_tokens ?? 0) - (e.cache_read_tokens ?? 0) - (e.cache_write_tokens ?? 0)), ...(e.cache_read_tokens ? { cache_read: e.cache_read_tokens } : {}), ...(e.cache_write_tokens ? { cache_write: e.cache_write_tokens } : {}),
        output: (e.output_tokens ?? 0) - (e.reasoning_tokens ?? 0), ...(e.reasoning_tokens ? { reasoning: e.reasoning_tokens } : {}), total_input: e.input_tokens ?? 0, total_output: e.output_tokens ?? 0, role: e.duplicate_of ? 'duplicate' : e.usage_role ?? 'own', basis: 'proven',
      };
      const system = (e.system_instructions ?? []).length ? messages([{ role: 'system', parts: e.system_instructions }], 'gen_ai.system_instructions') : [];
      const isTool = e.tool_arguments !== undefined || e.tool_result !== undefined;
      out.push({
        trace_id: s.traceId, span_id: s.spanId, parent_span_id: s.parentSpanId || null, name: s.name, service, kind: e.kind ?? 'other', span_kind: kinds[s.kind ?? 0], status: failed ? 'error' : s.status?.code === 1 ? 'ok' : 'unset', status_message: s.status?.message || e.error?.message || null,
        start, end, provider: e.provider ?? null, model: e.response_model ?? e.request_model ?? e.model ?? null, tool: e.tool_name ?? null, agent: e.agent_name ?? null, session: e.session_id ?? null, user: e.user_id ?? null, usage,
        cost: cost(usage, e.request_model ?? e.model ?? null, e.reported_cost_usd), turn_number: e.turn_number ?? null, trace_state: s.traceState || null, flags: s.flags ?? 0, response_model: e.response_model ?? null, request_model: e.request_model ?? null, response_id: e.response_id ?? null, operation: null,
        attributes, resource, scope: { name: ss.scope?.name ?? '', version: ss.scope?.version ?? null, attributes: (ss.scope?.attributes ?? []).map(attribute) },
        events: (s.events ?? []).map((x) => ({ time_unix_nano: String(BigInt(x.timeUnixNano) + shift), name: x.name, attributes: (x.attributes ?? []).map(attribute) })),
        links: (s.links ?? []).map((l) => ({ trace_id: l.traceId, span_id: l.spanId, trace_state: null, attributes: (l.attributes ?? []).map(attribute) })), dropped: { attributes: 0, events: 0, links: 0 },
        error: failed ? { type: e.error?.type ?? xa['exception.type'] ?? null, message: e.error?.message ?? xa['exception.message'] ?? s.status?.message ?? null, stacktrace: xa['exception.stacktrace'] ?? null } : null,
        input: isTool ? said(e.tool_arguments) : [...system, ...messages(e.input_messages, 'gen_ai.input.messages')].concat(e.input_messages ? [] : said(e.input)), output: isTool ? said(e.tool_result) : messages(e.output_messages, 'gen_ai.output.messages').concat(e.output_messages ? [] : said(e.output)),
        tools_offered: [], parameters: {}, finish_reasons: e.finish_reasons ?? [], scores: (e.scores ?? []).map((x) => ({ name: x.name, value: x.value ?? null, label: x.label ?? null, explanation: x.explanation ?? null })), duplicates: 0, environment: e.environment ?? null, first_token: null, prompt: e.prompt_id ? { name: e.prompt_id, version: e.prompt_version ?? null } : null,
      });
    }
  }
  return out;
}

const prices = { input: 3e9, cache_read: 0.3e9, cache_write: 3.75e9, output: 15e9, reasoning: 15e9 };
export function cost(usage, model, reported) {
  const r = reported === undefined || reported === null ? null : Math.round(reported * 1e9);
  if (!usage) return { nano_usd: null, state: 'none', reported_nano_usd: r };
  if (!/claude|sonnet/.test(model ?? '')) return { nano_usd: null, state: 'unpriced', reported_nano_usd: r };
  return { nano_usd: Math.round(Object.entries(prices).reduce((n, [k, p]) => n + ((usage[k] ?? 0) * p) / 1e6, 0)), state: 'priced', reported_nano_usd: r };
}
export const costLines = (usage) => Object.entries(prices).filter(([k]) => usage?.[k]).map(([bucket, p]) => ({ bucket, tokens: usage[bucket], nano_usd_per_million: p, nano_usd: Math.round((usage[bucket] * p) / 1e6) }));

export function loadFixtures(dir, now) {
  const out = [];
  if (!existsSync(dir)) return out;
  let n = 0;
  for (const dialect of readdirSync(dir)) {
    const folder = join(dir, dialect);
    let files = [];
    try { files = readdirSync(folder).filter((f) => f.endsWith('.expected.json')); } catch { continue; }
    for (const f of files) {
      const stem = f.replace('.expected.json', '');
      const request = JSON.parse(readFileSync(join(folder, `${stem}.json`), 'utf8'));
      const expected = JSON.parse(readFileSync(join(folder, f), 'utf8'));
      const first = request.resourceSpans?.[0]?.scopeSpans?.[0]?.spans?.[0]?.startTimeUnixNano;
      if (!first) continue;
      out.push(...spansOf(request, expected, now - BigInt(first) - BigInt(Math.floor(((n * 7919) % 1380) + n++ / 10)) * 60_000_000_000n));
    }
  }
  return out;
}
