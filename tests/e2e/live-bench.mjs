// ./dev bench live [--json] [--seconds N] [--rate N]: how long a span takes from its end to a viewer and to the screen, and what viewers cost intake.
import { spawn } from 'node:child_process';
import { cpus, loadavg } from 'node:os';
import { pathToFileURL } from 'node:url';
import { api, openPage, post, startBrowser, startServer, stored, until } from './harness.mjs';
import { now } from './data.mjs';
import { newSpan, newTrace, request, span } from './otlp.mjs';

export const quantile = (list, q) => { const s = [...list].sort((a, b) => a - b); return s[Math.min(s.length - 1, Math.ceil(q * s.length) - 1)] ?? null; };
const both = (list) => ({ n: list.length, p50: quantile(list, 0.5), p99: quantile(list, 0.99), max: quantile(list, 1) });
const perRequest = 25, markEvery = 200;

/** Agent runs of 25 spans, one a request, and among them spans that are looked for: one of a trace of its own, one of the trace that is open on the screen. */
async function stream(server, rate, seconds, watched) {
  const acks = [], pending = [], traces = new Map(), rows = new Map();
  const one = (trace, name, parent) => { const at = now(); return span({ trace, id: newSpan(), parent, name, start: at - 50_000_000n, end: at, attributes: parent ? {} : { 'gen_ai.operation.name': 'invoke_agent', 'agent.user_message': name } }); };
  const send = (service, spans) => { const t0 = performance.now(); pending.push(post(server, request({ 'service.name': service }, spans)).then(() => acks.push(performance.now() - t0))); };
  const began = performance.now();
  let sent = 0, marks = 0;
  for (;;) {
    const t = performance.now() - began;
    if (t >= seconds * 1000) break;
    if (t >= marks * markEvery) {
      const trace = newTrace();
      send('marks', [one(trace, `mark ${marks}`)]);
      traces.set(trace, { at: Date.now(), name: `mark ${marks}` });
      if (watched) { const s = one(watched.trace, `step ${marks}`, watched.parent); send('marks', [s]); rows.set(s.spanId, Date.now()); }
      marks++;
    }
    if (sent + perRequest > (t / 1000) * rate) { await new Promise((r) => setTimeout(r, 2)); continue; }
    const at = now(), trace = newTrace(), root = newSpan();
    send('stream', [span({ trace, id: root, name: 'agent.run', start: at - 1_000_000_000n, end: at, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'agent.user_message': `question ${sent}` } }),
      ...Array.from({ length: perRequest - 1 }, (_, j) => span({ trace, id: newSpan(), parent: root, name: 'tool.execute.fetch', start: at - 900_000_000n, end: at, attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'fetch', 'call.number': j } }))]);
    sent += perRequest;
  }
  await Promise.all(pending);
  return { rate: sent / ((performance.now() - began) / 1000), acks, traces, rows };
}

/** A viewer that reads: when it was first told of each trace. */
async function viewer(server, q, seen, signal) {
  const r = await fetch(`${server.ui}/api/v1/live${q ? `?q=${encodeURIComponent(q)}` : ''}`, { signal });
  let rest = '';
  const decoder = new TextDecoder();
  for await (const chunk of r.body) {
    const at = Date.now();
    rest += decoder.decode(chunk, { stream: true });
    for (let end = rest.indexOf('\n\n'); end >= 0; end = rest.indexOf('\n\n')) {
      const data = /^data: (.*)$/m.exec(rest.slice(0, end))?.[1];
      rest = rest.slice(end + 2);
      for (const id of data ? JSON.parse(data).trace_ids ?? [] : []) if (!seen.has(id)) seen.set(id, at);
    }
  }
}

// It asks for all, has room for next to nothing, and reads nothing until it is told to.
const slowViewer = `
import socket, sys, json, re
host, port = sys.argv[1].rsplit(':', 1)
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048); s.connect((host, int(port)))
s.sendall(f'GET /api/v1/live HTTP/1.1\\r\\nhost: {sys.argv[1]}\\r\\n\\r\\n'.encode())
print('there', flush=True); sys.stdin.readline()
s.settimeout(2); data = b''
try:
    while b'"more":true' not in data:
        got = s.recv(65536)
        if not got: break
        data += got
except socket.timeout: pass
print(json.dumps({'events': data.count(b'event: traces'), 'summaries': data.count(b'"more":true'), 'bytes': len(data)}), flush=True)
`;
function startSlow(server) {
  const child = spawn('python3', ['-c', slowViewer, new URL(server.ui).host], { stdio: ['pipe', 'pipe', 'inherit'] });
  let out = '';
  child.stdout.on('data', (d) => { out += d; });
  return { there: () => until('the slow viewer', () => out.includes('there')), read: async () => { child.stdin.write('\n'); await until('what the slow viewer got', () => out.includes('{')); return JSON.parse(out.slice(out.indexOf('{'))); }, stop: () => child.kill() };
}

/** Stamps rows as they come into the page: `pick` gives a row's name. */
const stamp = (page, selector, attribute) => page.evaluate(([rows, key]) => {
  globalThis.__rows = new Map();
  const look = () => { const at = Date.now(); for (const e of document.querySelectorAll(rows)) { const k = key ? e.dataset[key] : e.textContent; if (k && !globalThis.__rows.has(k)) globalThis.__rows.set(k, at); } };
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, characterData: true });
  look();
}, [selector, attribute]);
const stamped = (page) => page.evaluate(() => Object.fromEntries(globalThis.__rows));

/** Four times the same stream: nobody there, 20 with an open trace on the screen, nobody, 20 with the live search on the screen. */
export async function live(server, browser, { rate = 2000, seconds = 20, say = () => undefined } = {}) {
  const figures = { live_viewers: 20 }, alone = [], rates = [];
  const anomalies = async () => Object.fromEntries((await api(server, '/health')).anomalies.map((a) => [a.name, a.count]));
  for (const screen of [null, 'trace', null, 'search']) {
    say(`live: ${rate} spans/s for ${seconds} s, ${screen ? `20 viewers, one of them the page of ${screen === 'trace' ? 'a trace' : 'the search'}` : 'nobody looks'}`);
    if (!screen) { const s = await stream(server, rate, seconds, null); alone.push(...s.acks); rates.push(s.rate); continue; }
    const watched = { trace: newTrace(), parent: newSpan() }, at = now();
    await post(server, request({ 'service.name': 'marks' }, [span({ trace: watched.trace, id: newSpan(), parent: watched.parent, name: 'first step', start: at - 1_000_000n, end: at })]));
    await stored(server, watched.trace, 1);
    // Chromium draws in software here, on the server's own cores: without movement.
    const p = await openPage(browser, server, { reducedMotion: 'reduce' }), before = await anomalies();
    const stop = new AbortController(), seen = Array.from({ length: 18 }, () => new Map());
    const readers = seen.map((m, i) => viewer(server, i % 3 === 0 ? 'service:marks or service:stream' : i % 3 === 1 ? 'kind:agent' : '', m, stop.signal).catch((e) => { if (!stop.signal.aborted) throw e; }));
    const slow = startSlow(server);
    try {
      await slow.there();
      await p.go(screen === 'trace' ? `/t/${watched.trace}?group=0` : '/search?live=1&from=now-15m');
      await p.page.locator(screen === 'trace' ? '.wf-r' : '.tool .pulse').first().waitFor();
      if (screen === 'trace') await p.press('F');
      await stamp(p.page, screen === 'trace' ? '.wf-r[data-span]' : '.tbody .tr .c-question', screen === 'trace' ? 'span' : null);
      await until('20 viewers', async () => Number(/turnscope_live_viewers\S*\s+(\d+)/.exec(await (await fetch(`${server.ui}/metrics`)).text())?.[1] ?? 20) >= 20);
      const s = await stream(server, rate, seconds, screen === 'trace' ? watched : null);
      rates.push(s.rate);
      const wanted = screen === 'trace' ? [...s.rows] : [...s.traces.values()].map((x) => [x.name, x.at]);
      await until('every row on the screen', async () => { const have = await stamped(p.page); return wanted.every(([k]) => have[k] !== undefined); }, 5000).catch(() => undefined);
      await until('every viewer told of every trace', () => seen.every((m) => [...s.traces.keys()].every((id) => m.has(id))), 5000).catch(() => undefined);
      const have = await stamped(p.page);
      const shown = wanted.flatMap(([k, t]) => (have[k] !== undefined ? [have[k] - t] : []));
      const told = seen.flatMap((m) => [...s.traces].flatMap(([id, x]) => (m.has(id) ? [m.get(id) - x.at] : [])));
      const after = await anomalies(), took = await slow.read();
      const name = `live_${screen}`, d = both(shown), e = both(told), a = both(s.acks);
      Object.assign(figures, {
        [`${name}_on_screen_p50_ms`]: d.p50, [`${name}_on_screen_p99_ms`]: d.p99, [`${name}_on_screen_max_ms`]: d.max, [`${name}_looked_for`]: wanted.length, [`${name}_never_seen`]: wanted.length - shown.length,
        [`${name}_event_p50_ms`]: e.p50, [`${name}_event_p99_ms`]: e.p99, [`${name}_events_missed`]: s.traces.size * seen.length - told.length, [`${name}_ack_p50_ms`]: a.p50, [`${name}_ack_p99_ms`]: a.p99,
        [`${name}_slow_viewer`]: { ...took, times_told_in_sum: (after.live_viewer_lagged ?? 0) - (before.live_viewer_lagged ?? 0) },
      });
    } finally {
      stop.abort();
      slow.stop();
      await Promise.all(readers);
      await p.context.close();
    }
  }
  const a = both(alone);
  return { ...figures, live_spans_per_second: Math.min(...rates), live_ack_alone_p50_ms: a.p50, live_ack_alone_p99_ms: a.p99 };
}

export const limits = { live_trace_on_screen_p99_ms: 500, live_search_on_screen_p99_ms: 500 };
const round = (v) => (typeof v === 'number' ? Math.round(v * 10) / 10 : v);
/** What a bench prints: one JSON object, or lines with their limits. */
export function report(benchmark, figures, bounds, json) {
  const shown = Object.fromEntries(Object.entries(figures).map(([k, v]) => [k, round(v)]));
  if (json) console.log(JSON.stringify({ benchmark, date: new Date().toISOString(), cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, load: round(loadavg()[0]), figures: shown, limits: bounds }));
  else for (const [k, v] of Object.entries(shown)) console.log(`${k.padEnd(34)} ${typeof v === 'object' ? JSON.stringify(v) : v}${bounds[k] ? `  (limit ${bounds[k]}${v <= bounds[k] ? '' : ', EXCEEDED'})` : ''}`);
}

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2), number = (name, usual) => Number(args[args.indexOf(name) + 1]) || usual;
  const server = await startServer(), browser = await startBrowser();
  try {
    report('live', await live(server, browser, { rate: number('--rate', 2000), seconds: number('--seconds', 20), say: (t) => process.stderr.write(`${t}\n`) }), limits, args.includes('--json'));
  } finally {
    await browser.close();
    await server.stop();
  }
}
