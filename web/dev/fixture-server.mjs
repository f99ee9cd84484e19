// DEVELOPMENT ONLY, never shipped: a stand-in for `turnscope serve` that answers /api/v1 from recorded payloads, so that pages
// can be worked on without the server. It knows a small part of the search language. Tests use the real server.
//   node dev/fixture-server.mjs [--port N] [--fixtures DIR] [--vite] [--large N] [--empty]      (--vite: sources with hot reload, else dist/)
import { createServer } from 'node:http';
import { readFileSync, existsSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { costLines, loadFixtures, spansOf } from './otlp.mjs';
import { largeTrace, madeUpRun } from './made-up-run.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const flag = (name, fallback) => { const i = process.argv.indexOf(`--${name}`); return i < 0 ? fallback : process.argv[i + 1]; };
const now = BigInt(Date.now()) * 1_000_000n;
const spans = process.argv.includes('--empty') ? [] : [...madeUpRun(now), ...loadFixtures(flag('fixtures', join(here, '../../tests/fixtures/otlp')), now), ...(flag('large') ? largeTrace(now, Number(flag('large'))) : [])];
const traces = new Map(), summaries = new Map(), listeners = new Set();
function put(list) {
  const ids = new Set();
  for (const s of list) { const t = traces.get(s.trace_id); if (t) t.push(s); else traces.set(s.trace_id, [s]); ids.add(s.trace_id); }
  for (const id of ids) { const t = traces.get(id); t.sort((a, b) => (a.start < b.start ? -1 : a.start > b.start ? 1 : 0)); t.tree = undefined; t.revision = (t.revision ?? 0) + 1; summaries.delete(id); }
  for (const f of listeners) f([...ids], list.length);
}

const addCost = (list) => {
  const own = list.filter((s) => s.usage && s.usage.role === 'own');
  const priced = own.filter((s) => s.cost.nano_usd !== null), reported = own.filter((s) => s.cost.reported_nano_usd !== null);
  return { nano_usd: priced.length ? priced.reduce((n, s) => n + s.cost.nano_usd, 0) : null, state: own.length === 0 ? 'none' : priced.length === own.length ? 'priced' : priced.length ? 'partly' : 'unpriced', reported_nano_usd: reported.length ? reported.reduce((n, s) => n + s.cost.reported_nano_usd, 0) : null };
};
const first = (list, f) => list.map(f).find((x) => x !== null && x !== undefined) ?? null;
const textOf = (messages, role) => messages.filter((m) => !role || m.role === role).flatMap((m) => m.parts).filter((p) => p.type === 'text').map((p) => p.content).join('\n') || null;
function tree(list) {
  if (list.tree) return list.tree;
  const by = new Map(list.map((s) => [s.span_id, { s, kids: [], depth: 0 }])), roots = [];
  for (const n of by.values()) { const p = n.s.parent_span_id && by.get(n.s.parent_span_id); if (p) p.kids.push(n); else roots.push(n); }
  const visit = (n, depth) => { n.depth = depth; n.kids.forEach((k) => visit(k, depth + 1)); n.all = [n.s, ...n.kids.flatMap((k) => k.all)]; let covered = 0n, until = n.s.start; for (const k of n.kids) { const a = k.s.start > until ? k.s.start : until, b = k.s.end < n.s.end ? k.s.end : n.s.end; if (b > a) { covered += b - a; until = b; } } n.self = Number(n.s.end - n.s.start - covered); n.segments = critical(n); };
  const critical = (n) => { const out = []; let t = n.s.end; const kids = [...n.kids].sort((a, b) => (a.s.end < b.s.end ? 1 : -1)); n.path = []; for (const k of kids) { if (k.s.end <= t) { if (k.s.end < t) out.push([k.s.end, t]); n.path.push(k); t = k.s.start; } } if (t > n.s.start) out.push([n.s.start, t]); return out.reverse(); };
  roots.forEach((r) => visit(r, 0));
  const mark = (n) => { n.critical = true; n.path.forEach(mark); };
  if (roots[0]) mark(roots[0]);
  return (list.tree = { by, roots });
}
function summary(list) {
  const start = list[0].start, end = list.reduce((m, s) => (s.end > m ? s.end : m), start);
  const { roots } = tree(list);
  const root = roots.find((r) => r.s.parent_span_id === null)?.s ?? null;
  const own = list.filter((s) => s.usage?.role === 'own');
  const leaf = list.filter((s) => !['agent', 'other'].includes(s.kind)).slice(0, 48);
  const llm = list.find((s) => s.kind === 'llm');
  return {
    trace_id: list[0].trace_id, root: root && { span_id: root.span_id, name: root.name, service: root.service, kind: root.kind }, question: ((root && textOf(root.input)) || (llm && textOf(llm.input, 'user')) || null)?.slice(0, 200) ?? null, start_unix_nano: String(start), end_unix_nano: String(end), duration_ns: Number(end - start), spans: list.length, errors: list.filter((s) => s.status === 'error').length,
    turns: list.filter((s) => s.kind === 'turn').length, llm_calls: own.filter((s) => s.kind === 'llm').length, tool_calls: list.filter((s) => s.kind === 'tool').length, services: [...new Set(list.map((s) => s.service))], models: [...new Set(list.map((s) => s.model).filter(Boolean))],
    tokens: own.length ? { input: own.reduce((n, s) => n + s.usage.total_input, 0), output: own.reduce((n, s) => n + s.usage.total_output, 0), cache_read: own.reduce((n, s) => n + (s.usage.cache_read ?? 0), 0) } : null, cost: addCost(list), session: first(list, (s) => s.session), user: first(list, (s) => s.user), agent: first(list, (s) => s.agent), environment: first(list, (s) => s.environment), status: list.some((s) => s.status === 'error') ? 'error' : 'ok',
    shape: leaf.map((s) => ({ kind: s.kind, offset_ns: Number(s.start - start), duration_ns: Number(s.end - s.start), error: s.status === 'error' })),
  };
}
const summaryOf = (l) => { const id = l[0].trace_id; if (!summaries.has(id)) summaries.set(id, summary(l)); return summaries.get(id); };
put(spans);
function header(list) {
  const h = summaryOf(list), { by } = tree(list), findings = [];
  const path = [...by.values()].filter((n) => n.critical), on = (k) => path.filter((n) => n.s.kind === k).reduce((x, n) => x + n.segments.reduce((y, [a, b]) => y + Number(b - a), 0), 0);
  const slow = path.filter((n) => !['agent', 'turn'].includes(n.s.kind)).sort((a, b) => b.self - a.self)[0], dear = list.filter((s) => s.cost.nano_usd).sort((a, b) => b.cost.nano_usd - a.cost.nano_usd)[0], wrong = list.filter((s) => s.status === 'error').at(-1);
  if (slow) findings.push({ type: 'slow', span_id: slow.s.span_id, name: slow.s.name, kind: slow.s.kind, value: slow.self, unit: 'ns', share: slow.self / Math.max(1, h.duration_ns), text: `${slow.s.name} itself took this long on the critical path` });
  if (dear) findings.push({ type: 'dear', span_id: dear.span_id, name: dear.name, kind: dear.kind, value: dear.cost.nano_usd, unit: 'nano_usd', share: dear.cost.nano_usd / h.cost.nano_usd, text: `${dear.usage.total_input.toLocaleString('en')} tokens in context` });
  if (wrong) findings.push({ type: 'wrong', span_id: wrong.span_id, name: wrong.name, kind: wrong.kind, value: h.errors, unit: 'errors', share: null, text: `${wrong.name} failed: ${wrong.error?.message ?? ''}` });
  return { ...h, revision: String(list.revision), answer: textOf(list.filter((s) => s.kind === 'llm').at(-1)?.output ?? []), complete: list.every((s) => !s.parent_span_id || by.has(s.parent_span_id)), findings, prompt: first(list, (s) => s.prompt), links: [], critical_path: { llm_ns: on('llm'), tool_ns: on('tool') + on('retrieval') + on('embedding') + on('other'), other_ns: on('agent') + on('turn') + on('chain') } };
}
function windowOf(list, p) {
  const { by, roots } = tree(list), ids = (k) => new Set((p.get(k) ?? '').split(',').filter(Boolean));
  const folded = ids('folded'), unfolded = ids('unfolded'), depth = p.get('depth') ? Number(p.get('depth')) : list.length <= 2000 ? Infinity : 2, hide = p.get('plumbing') === 'hide', find = (p.get('find') ?? '').toLowerCase();
  const around = p.get('around'), open = new Set(), opened = [];
  for (let n = around && by.get(around); n?.s.parent_span_id;) { n = by.get(n.s.parent_span_id); if (n) open.add(n.s.span_id); }
  const plumbing = (n) => hide && n.s.kind === 'other' && n.s.span_kind === 'client' && n.s.span_id !== around;
  const rows = [], start = list[0].start;
  const visit = (n) => {
    const closed = n.kids.length > 0 && (folded.has(n.s.span_id) || (n.depth + 1 >= depth && !unfolded.has(n.s.span_id)));
    if (closed && open.has(n.s.span_id)) opened.push(n.s.span_id);
    const isFolded = closed && !open.has(n.s.span_id);
    const kids = n.kids.filter((k) => !plumbing(k));
    rows.push({ n, isFolded, hidden: isFolded ? n.all.length - 1 : n.kids.filter(plumbing).reduce((x, k) => x + k.all.length, 0) });
    if (!isFolded) kids.forEach(visit);
  };
  roots.forEach(visit);
  let from = Number(p.get('first') ?? 0);
  const count = Number(p.get('count') ?? 200);
  if (around) { const at = rows.findIndex((r) => r.n.s.span_id === around); if (at >= 0) from = Math.max(0, at - Math.floor(count * 0.4)); }
  const end = list.reduce((m, s) => (s.end > m ? s.end : m), start);
  return {
    trace_id: list[0].trace_id, revision: String(list.revision), total_rows: rows.length, total_spans: list.length, first: from, start_unix_nano: String(start), end_unix_nano: String(end), opened,
    rows: rows.slice(from, from + count).map(({ n, isFolded, hidden }, i) => ({
      row: from + i, depth: n.depth, span_id: n.s.span_id, parent_span_id: n.s.parent_span_id, parent_unknown: n.s.parent_span_id !== null && !by.has(n.s.parent_span_id), name: n.s.name, service: n.s.service, kind: n.s.kind, span_kind: n.s.span_kind, status: n.s.status, error: n.s.status === 'error' ? (n.s.error?.message ?? n.s.status_message) : null, offset_ns: Number(n.s.start - start), duration_ns: Number(n.s.end - n.s.start), self_ns: n.self, end_before_start: n.s.end < n.s.start,
      children: n.kids.length, descendants: n.all.length - 1, folded: isFolded, hidden, model: n.s.model, tool: n.s.tool, agent: n.s.agent, turn_number: n.s.turn_number, usage: n.s.usage, cost: n.s.cost, first_token_ns: n.s.first_token === null ? null : n.s.first_token * 1e9, critical: !!n.critical, critical_ns: n.critical ? n.segments.reduce((x, [a, b]) => x + Number(b - a), 0) : 0, critical_segments: n.critical ? n.segments.map(([a, b]) => [Number(a - start), Number(b - a)]) : [], match: find !== '' && searchable(n.s).includes(find),
      rollup: { input: n.all.reduce((x, s) => x + (s.usage?.role === 'own' ? s.usage.total_input : 0), 0), output: n.all.reduce((x, s) => x + (s.usage?.role === 'own' ? s.usage.total_output : 0), 0), cache_read: 0, cost: addCost(n.all), errors: n.all.filter((s) => s.status === 'error').length, llm_calls: n.all.filter((s) => s.kind === 'llm').length, tool_calls: n.all.filter((s) => s.kind === 'tool').length },
    })),
    minimap: p.get('minimap') === '1' ? { buckets: 2000, bars: [...by.values()].filter((n) => !['agent', 'turn'].includes(n.s.kind)).slice(0, 2000).map((n) => ({ start_ns: Number(n.s.start - start), duration_ns: Number(n.s.end - n.s.start), lane: n.s.kind === 'llm' ? 0 : n.s.kind === 'tool' ? 1 : 2, kind: n.s.kind, error: n.s.status === 'error' })) } : null,
  };
}
const searchable = (s) => (s.text ??= JSON.stringify([s.name, s.attributes, s.input, s.output, s.error]).toLowerCase());
const brief = (s) => ({ trace_id: s.trace_id, span_id: s.span_id, parent_span_id: s.parent_span_id, name: s.name, service: s.service, kind: s.kind, span_kind: s.span_kind, status: s.status, status_message: s.status_message, start_unix_nano: String(s.start), duration_ns: Number(s.end - s.start), provider: s.provider, model: s.model, tool: s.tool, agent: s.agent, session: s.session, user: s.user, usage: s.usage, cost: s.cost, turn_number: s.turn_number });

// A part of the language: terms joined by and; ( or ) of one level.
function predicate(q) {
  const fields = { service: 'service', name: 'name', kind: 'kind', status: 'status', model: 'model', tool: 'tool', agent: 'agent', user: 'user', session: 'session', environment: 'environment', trace: 'trace_id', span: 'span_id', prompt_version: 'prompt_version' };
  const tests = [];
  const re = /\(([^()]*)\)|([\w.]+)(!=|>=|<=|[:=<>~])("(?:[^"\\]|\\.)*"|\S+)|"((?:[^"\\]|\\.)*)"|(\S+)/g;
  const term = (f, op, v) => {
    const text = v.startsWith('"') ? v.slice(1, -1) : v;
    if (f === 'duration') { const m = /^([\d.]+)(ms|s|m|us)?$/.exec(text); const ns = m ? Number(m[1]) * { ms: 1e6, s: 1e9, m: 60e9, us: 1e3 }[m[2] ?? 's'] : NaN; if (Number.isNaN(ns)) throw { position: q.indexOf(text), message: `duration takes a time like 500ms or 2s, not ${text}` }; return (s) => (op === '>' || op === '>=' ? Number(s.end - s.start) >= ns : Number(s.end - s.start) <= ns); }
    if (f === 'status' && !['ok', 'error', 'unset'].includes(text)) throw { position: q.indexOf(text, q.indexOf(f)), message: `status has no value ${text}: ok, error or unset` };
    const get = fields[f] ? (s) => s[fields[f]] : (s) => s.attributes.find((a) => a.key === f)?.value ?? null;
    const r = new RegExp(`^${text.replace(/[.+?^${}()|[\]\\]/g, '\\$&').replace(/\*/g, '.*')}$`, 'i');
    return op === '!=' ? (s) => !r.test(String(get(s))) : op === '~' ? (s) => new RegExp(text).test(String(get(s))) : op === '>' || op === '<' ? (s) => (op === '>' ? Number(get(s)) > Number(text) : Number(get(s)) < Number(text)) : (s) => get(s) !== null && r.test(String(get(s)));
  };
  for (const m of q.matchAll(re)) {
    if (m[1] !== undefined) { const any = m[1].split(/\s+or\s+/).map((t) => { const x = /^([\w.]+)(!=|[:=<>~])(.+)$/.exec(t.trim()); if (!x) throw { position: m.index, message: 'a term like field:value is missing here' }; return term(x[1], x[2], x[3]); }); tests.push((s) => any.some((f) => f(s))); }
    else if (m[2]) tests.push(term(m[2], m[3], m[4]));
    else if (m[5] !== undefined || !/^and$/i.test(m[6])) { const t = (m[5] ?? m[6]).toLowerCase(); tests.push((s) => searchable(s).includes(t)); }
  }
  return (s) => tests.every((f) => f(s));
}
const units = { s: 1e3, m: 60e3, h: 3600e3, d: 86400e3, w: 604800e3 };
const time = (t, fallback) => { const m = /^now-(\d+)([smhdw])$/.exec(t ?? ''); return !t ? fallback : t === 'now' ? Date.now() : m ? Date.now() - m[1] * units[m[2]] : /^\d+$/.test(t) ? t * 1000 : Date.parse(t); };
function select(p, row) {
  const f = predicate(p.get('q') ?? ''), from = BigInt(Math.round(time(p.get('from'), Date.now() - 86400e3))) * 1_000_000n, to = BigInt(Math.round(time(p.get('to'), Date.now() + 1000))) * 1_000_000n;
  if (row === 'spans') return spans.filter((s) => s.start >= from && s.start < to && f(s)).sort((a, b) => (a.start < b.start ? 1 : -1));
  return [...traces.values()].filter((l) => l[0].start >= from && l[0].start < to && l.some(f)).map(summaryOf).sort((a, b) => (BigInt(a.start_unix_nano) < BigInt(b.start_unix_nano) ? 1 : -1));
}
const refuse = (status, message, more = {}) => ({ status, body: { error: { kind: status === 404 ? 'not_found' : 'invalid_argument', message, ...more } } });
function answer(url) {
  const p = url.searchParams, path = url.pathname.slice('/api/v1'.length), t0 = performance.now();
  const ok = (body) => ({ status: 200, body });
  let m;
  if (path === '/traces' || path === '/spans') {
    const all = select(p, path.slice(1)), limit = Math.min(500, Number(p.get('limit') ?? 50)), at = Number(p.get('cursor') || 0), page = all.slice(at, at + limit);
    return ok({ [path.slice(1)]: path === '/traces' ? page : page.map(brief), next_cursor: at + limit < all.length ? String(at + limit) : null, searched_from: '0', searched_to: '0', took_ms: performance.now() - t0 });
  }
  if (path === '/facets') {
    const f = predicate(p.get('q') ?? ''), chosen = spans.filter(f);
    return ok({ took_ms: 1, facets: (p.get('fields') ?? '').split(',').map((field) => { const c = new Map(); for (const s of chosen) { const v = field === 'prompt_version' ? s.prompt?.version : s[field]; if (v) { const set = c.get(v) ?? new Set(); set.add(p.get('row') === 'spans' ? s.span_id : s.trace_id); c.set(v, set); } } const values = [...c].map(([value, set]) => ({ value, count: set.size })).sort((a, b) => b.count - a.count); return { field, values: values.slice(0, 8), more: values.length > 8 }; }) });
  }
  if (path === '/timeseries') {
    const a = time(p.get('from'), Date.now() - 86400e3), b = time(p.get('to'), Date.now()), n = Number(p.get('buckets') ?? 60), step = (b - a) / n, out = Array.from({ length: n }, (_, i) => ({ t: String(BigInt(Math.round(a + i * step)) * 1_000_000n), count: 0, errors: 0, p50_ns: null, p95_ns: null, input_tokens: 0, output_tokens: 0, d: [] }));
    for (const r of select(p, p.get('row') ?? 'traces')) { const start = Number(BigInt(r.start_unix_nano ?? r.start) / 1_000_000n), o = out[Math.floor((start - a) / step)]; if (o) { o.count++; if (r.status === 'error') o.errors++; o.d.push(r.duration_ns ?? Number(r.end - r.start)); } }
    return ok({ step_ns: step * 1e6, took_ms: 1, points: out.map(({ d, ...o }) => { d.sort((x, y) => x - y); return { ...o, p50_ns: d[Math.floor(d.length / 2)] ?? null, p95_ns: d[Math.floor(d.length * 0.95)] ?? null }; }) });
  }
  if (path === '/keys') { const c = new Map(); for (const s of spans) for (const x of s.attributes) { const k = c.get(x.key); if (k) k.count++; else c.set(x.key, { key: x.key, type: x.type, count: 1 }); } return ok({ keys: [...c.values()].filter((k) => k.key.includes(p.get('prefix') ?? '')).sort((a, b) => b.count - a.count).slice(0, 20), more: false }); }
  if (path === '/values') { const k = p.get('key'), c = new Map(); for (const s of spans) { const v = s[k] ?? s.attributes.find((x) => x.key === k)?.value; if (v !== null && v !== undefined && typeof v !== 'object') c.set(String(v), (c.get(String(v)) ?? 0) + 1); } return ok({ values: [...c].map(([value, count]) => ({ value, count })).filter((v) => v.value.includes(p.get('prefix') ?? '')).slice(0, 20), more: false }); }
  if (path === '/services') { const c = new Map(); for (const s of spans) { const x = c.get(s.service) ?? { name: s.service, spans: 0, errors: 0, last: 0n }; x.spans++; if (s.status === 'error') x.errors++; if (s.end > x.last) x.last = s.end; c.set(s.service, x); } return ok({ services: [...c.values()].map(({ last, ...x }) => ({ ...x, last_seen_unix_nano: String(last) })), more: false }); }
  if (path === '/operations') { const c = new Map(); for (const s of spans.filter((x) => x.service === p.get('service'))) { const k = s.name + s.span_kind, x = c.get(k) ?? { name: s.name, service: s.service, span_kind: s.span_kind, kind: s.kind, spans: 0 }; x.spans++; c.set(k, x); } return ok({ operations: [...c.values()], more: false }); }
  if (path === '/dependencies') { const c = new Map(); for (const l of traces.values()) { const { by } = tree(l); for (const s of l) { const up = by.get(s.parent_span_id)?.s; if (up && up.service !== s.service) { const k = `${up.service} ${s.service}`, x = c.get(k) ?? { parent: up.service, child: s.service, calls: 0, errors: 0, p50_ns: Number(s.end - s.start), p95_ns: Number(s.end - s.start) }; x.calls++; if (s.status === 'error') x.errors++; c.set(k, x); } } } return ok({ dependencies: [...c.values()], more: false }); }
  if (path === '/health') return ok({ status: 'ok', version: 'fixtures', uptime_seconds: process.uptime(), now_unix_nano: String(BigInt(Date.now()) * 1_000_000n), log: { ok: true, message: '', oldest: 0, durable: spans.length, bytes_on_disk: 4_812_332, max_bytes: 10_737_418_240, pending_bytes: 0 }, store: { ok: true, message: '', engine: 'fixtures', spans: spans.length, bytes: 18_222_000 }, sinks: [{ name: 'store', ok: true, message: '', position: spans.length, lag_records: 0, freshness_seconds: 0.02 }], ingest: { spans_per_second: 0, accepted_spans: spans.length, refused_requests: 0 }, memory: { rss_bytes: process.memoryUsage().rss, max_bytes: 2_147_483_648 }, anomalies: [{ name: 'span_end_before_start', severity: 'warn', unit: 'spans', help: 'A span ends before it starts: the clock of its client went backwards. Its duration is shown as unknown.', count: 2 }, { name: 'log_tail_cut', severity: 'warn', unit: 'bytes', help: 'The last record of the log was torn by a crash and was cut. It was never acknowledged.', count: 0 }] });
  if ((m = /^\/traces\/([0-9a-f]+)(\/.*)?$/.exec(path))) {
    const list = traces.get(m[1]);
    if (!list) return refuse(404, `no trace ${m[1]}`);
    if (!m[2]) return ok(header(list));
    if (m[2] === '/window') return ok(windowOf(list, p));
    if (m[2] === '/spans') { const at = Number(p.get('cursor') || 0), limit = Number(p.get('limit') ?? 1000); return ok({ spans: list.slice(at, at + limit).map(brief), next_cursor: at + limit < list.length ? String(at + limit) : null, revision: String(list.revision) }); }
    if (m[2] === '/find') { const q = p.get('q').toLowerCase(); const { roots } = tree(list), out = []; const visit = (n) => { if (searchable(n.s).includes(q)) out.push(n.s.span_id); n.kids.forEach(visit); }; roots.forEach(visit); return ok({ span_ids: out.slice(0, 1000), more: out.length > 1000 }); }
    const s = list.find((x) => m[2] === `/spans/${x.span_id}`);
    if (s) { const { start, end, first_token, prompt, environment, text, ...rest } = s; void [start, first_token, prompt, environment, text]; return ok({ ...rest, ...brief(s), end_unix_nano: String(end), self_ns: tree(list).by.get(s.span_id).self, ...(s.cost.state === 'priced' ? { cost_lines: costLines(s.usage), prices_as_of: '2026-11-01' } : {}) }); }
    return refuse(404, 'no such span');
  }
  return refuse(404, 'no such path');
}

const mime = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml' };
const csp = "default-src 'self'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";
const vite = process.argv.includes('--vite') ? await (await import('vite')).createServer({ root: join(here, '..'), server: { middlewareMode: true }, appType: 'spa' }) : null;
const server = createServer((req, res) => {
  const url = new URL(req.url, 'http://localhost');
  if (url.pathname === '/api/v1/live') {
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
    res.write('event: hello\ndata: {}\n\n');
    const tell = (trace_ids, n) => res.write(`event: traces\ndata: ${JSON.stringify({ trace_ids, spans: n })}\n\n`);
    listeners.add(tell);
    req.on('close', () => listeners.delete(tell));
    return;
  }
  if (url.pathname === '/v1/traces' && req.method === 'POST') {
    let body = '';
    req.on('data', (d) => { body += d; });
    req.on('end', () => { const list = spansOf(JSON.parse(body), null); spans.push(...list); put(list); res.writeHead(200, { 'content-type': 'application/json' }); res.end('{}'); });
    return;
  }
  if (url.pathname.startsWith('/api/v1/')) {
    let r;
    try { r = answer(url); } catch (e) { r = e.position !== undefined ? refuse(400, e.message, { field: 'q', position: e.position }) : { status: 500, body: { error: { kind: 'internal', message: String(e?.stack ?? e) } } }; }
    res.writeHead(r.status, { 'content-type': 'application/json' });
    res.end(JSON.stringify(r.body));
    return;
  }
  if (vite) { vite.middlewares(req, res); return; }
  const dist = join(here, '../dist');
  let file = join(dist, url.pathname);
  if (!file.startsWith(dist) || url.pathname === '/' || !existsSync(file) || !extname(file)) file = join(dist, 'index.html');
  res.writeHead(200, { 'content-type': mime[extname(file)] ?? 'application/octet-stream', 'content-security-policy': csp });
  res.end(readFileSync(file));
});
server.listen(Number(flag('port', '5173')), '127.0.0.1', () => console.log(JSON.stringify({ ui: `http://127.0.0.1:${server.address().port}`, traces: traces.size, spans: spans.length, development_only: true })));
