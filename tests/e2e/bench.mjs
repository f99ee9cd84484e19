// ./dev bench ui [--json] [--spans N] [--search-spans N] [--live-seconds N]: what a person waits for. Each figure is measured in Chromium against a server of its own.
import { gzipSync } from 'node:zlib';
import { cpus } from 'node:os';
import { openPage, post, startBrowser, startServer, stored, until } from './harness.mjs';
import { designRun, largeRun, now, otherRuns } from './data.mjs';
import { newSpan, newTrace, request, span } from './otlp.mjs';

const args = process.argv.slice(2), json = args.includes('--json');
const count = Number(args[args.indexOf('--spans') + 1]) || 100_000;
const say = (t) => process.stderr.write(`${t}\n`);
const quantile = (list, q) => { const s = [...list].sort((a, b) => a - b); return s[Math.min(s.length - 1, Math.ceil(q * s.length) - 1)] ?? null; };
const median = (list) => quantile(list, 0.5);

const searchSpans = Number(args[args.indexOf('--search-spans') + 1]) || 0;

const server = await startServer();
const browser = await startBrowser();
const figures = {};
try {
  say('loading the demo runs');
  const design = designRun(), others = otherRuns(130);
  for (const r of [design, ...others]) await post(server, r.request());
  await stored(server, others.at(-1).trace, others.at(-1).spans.length);

  // First load: every script that the search page asks for, as the server sends it compressed, and the time to rows.
  const usable = [];
  for (let i = 0; i < 5; i++) {
    const p = await openPage(browser, server);
    const scripts = new Map();
    p.page.on('response', (r) => { if (/\.js$/.test(new URL(r.url()).pathname)) scripts.set(r.url(), r.body().catch(() => null)); });
    const at = performance.now();
    await p.go('/search');
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    usable.push(performance.now() - at);
    const bodies = (await Promise.all(scripts.values())).filter(Boolean);
    figures.search_script_gzip_bytes = bodies.reduce((n, b) => n + gzipSync(b, { level: 6 }).length, 0);
    figures.search_scripts = bodies.length;
    await p.context.close();
  }
  figures.search_usable_ms = median(usable);

  say(`loading a trace of ${count} spans`);
  const large = largeRun(count);
  for (const r of large.requests) await post(server, r);
  await until('the large trace in the store', async () => { const r = await fetch(`${server.ui}/api/v1/traces/${large.trace}`); return r.ok && (await r.json()).spans >= large.count; }, 600_000);

  say('opening it');
  const opens = [];
  for (let i = 0; i < 3; i++) {
    const p = await openPage(browser, server);
    const at = performance.now();
    await p.go(`/t/${large.trace}`);
    await p.page.locator('.wf-r:not(.wait)').first().waitFor();
    opens.push(performance.now() - at);
    if (i < 2) { await p.context.close(); continue; }
    // All turns open: then the whole of it is scrolled, a screen and a bit at a time.
    await p.press(']');
    await until('all rows', async () => Number(await p.page.locator('[role=treegrid]').getAttribute('aria-rowcount')) > count * 0.9, 120_000);
    await p.page.locator('.wf-r:not(.wait)').first().waitFor();
    const frames = await p.page.evaluate(() => new Promise((done) => {
      const el = document.querySelector('.wf-s'), deltas = [];
      let last = performance.now(), n = 0;
      const step = (t) => {
        deltas.push(t - last);
        last = t;
        el.scrollTop += 180;
        if (++n < 400) requestAnimationFrame(step);
        else done(deltas.slice(5));
      };
      requestAnimationFrame(step);
    }));
    figures.scroll_frame_p50_ms = median(frames);
    figures.scroll_frame_p95_ms = quantile(frames, 0.95);
    for (let k = 1; k <= 10; k++) { await p.page.locator('.wf-s').evaluate((e, f) => { e.scrollTop = e.scrollHeight * f; }, k / 10); await p.page.locator('.wf-r:not(.wait)').first().waitFor(); }
    const cdp = await p.context.newCDPSession(p.page);
    await cdp.send('HeapProfiler.collectGarbage');
    figures.heap_after_scrolling_bytes = (await cdp.send('Runtime.getHeapUsage')).usedSize;
    await p.context.close();
  }
  figures.trace_spans = count;
  figures.trace_open_ms = median(opens);

  say('a prompt of 10 MB');
  const trace = newTrace(), id = newSpan(), at = now() - 60_000_000_000n;
  const prompt = JSON.stringify([{ role: 'user', parts: [{ type: 'text', content: 'All the words of a long document. '.repeat(300_000).slice(0, 10_000_000) }] }]);
  await post(server, request({ 'service.name': 'long' }, [span({ trace, id, name: 'chat', start: at, end: at + 1_000_000_000n, attributes: { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': 'claude-sonnet-4-5', 'gen_ai.input.messages': prompt } })]));
  await stored(server, trace, 1);
  const prompts = [], blocks = [];
  for (let i = 0; i < 3; i++) {
    const p = await openPage(browser, server);
    await p.go(`/t/${trace}`);
    await p.page.locator('.wf-r:not(.wait)').first().waitFor();
    await p.page.evaluate(() => { globalThis.__long = []; new PerformanceObserver((l) => { for (const e of l.getEntries()) globalThis.__long.push(e.duration); }).observe({ type: 'longtask' }); });
    const t0 = performance.now();
    await p.page.locator('.wf-r').first().click();
    await p.page.locator('.pc .stext, .pc .read').first().waitFor();
    prompts.push(performance.now() - t0);
    blocks.push(...(await p.page.evaluate(() => globalThis.__long)), 0);
    await p.context.close();
  }
  figures.prompt_10mb_open_ms = median(prompts);
  figures.prompt_10mb_longest_task_ms = Math.max(...blocks);

  say('searching');
  const health = await (await fetch(`${server.ui}/api/v1/health`)).json();
  figures.search_spans = health.store.spans;
  const p = await openPage(browser, server);
  await p.go('/search');
  await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
  const searches = [];
  for (const q of ['status:error', 'tool:issue_refund', 'kind:llm model:claude-*', '"refund policy"', 'duration>5s', 'user:user-42']) {
    await p.press('/');
    await p.page.keyboard.type(q);
    const first = await p.page.evaluate((text) => { const started = performance.now(); globalThis.__asked = started; return text; }, q);
    void first;
    const done = p.page.waitForResponse((r) => r.url().includes('/api/v1/traces?') && r.url().includes('q='));
    const t0 = performance.now();
    await p.press('Enter');
    await done;
    await until('rows of this search', async () => (await p.page.locator('.table.stale').count()) === 0 && (await p.page.locator('.tbody .tr:not(.skrow)').count()) > 0);
    searches.push(performance.now() - t0);
  }
  figures.search_enter_to_rows_ms = median(searches);
  await p.context.close();

  if (searchSpans > 0) await searchMany();
  await live();
} finally {
  await browser.close();
  await server.stop();
}
/** Searches over many spans: from the key that ends the search to its rows, and from the last letter of a filter typed live. */
async function searchMany() {
  say(`loading ${searchSpans} spans for searches`);
  let sent = 0, last = null;
  const waiting = new Set();
  while (sent < searchSpans) {
    const spans = [], at = now();
    for (let k = 0; k < 200; k++) {
      const trace = newTrace(), start = at - BigInt(Math.floor(Math.random() * 20 * 3600)) * 1_000_000_000n, root = newSpan();
      const user = `user-${Math.floor(Math.random() * 5000)}`, q = `question ${sent + k} about ${['refunds', 'parcels', 'invoices', 'warranty'][k % 4]}`;
      spans.push(span({ trace, id: root, name: 'agent.run', start, end: start + 9_000_000_000n, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support-agent', 'agent.user_message': q, 'user.id': user } }));
      for (let n = 0; n < 9; n++) spans.push(span({ trace, id: newSpan(), parent: root, name: n % 3 ? 'tool.execute.lookup_order' : 'gen_ai.completion', start: start + BigInt(n) * 1_000_000_000n, end: start + BigInt(n) * 1_000_000_000n + 800_000_000n, attributes: n % 3 ? { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'lookup_order', 'user.id': user } : { 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': k % 3 ? 'claude-sonnet-4-5' : 'gpt-4o-mini', 'gen_ai.usage.input_tokens': 1200 + n, 'gen_ai.usage.output_tokens': 80, 'user.id': user }, ...(sent % 50_000 === 0 && k === 0 && n === 1 ? { error: 'upstream timed out' } : {}) }));
      last = trace;
    }
    const body = JSON.stringify(request({ 'service.name': 'many' }, spans));
    sent += spans.length;
    // Four requests under way; a full server asks to come again.
    while (waiting.size >= 4) await Promise.race(waiting);
    const one = (async () => { for (;;) { try { await post(server, body); return; } catch (e) { if (!/ 503 /.test(e.message)) throw e; await new Promise((r) => setTimeout(r, 200)); } } })().finally(() => waiting.delete(one));
    waiting.add(one);
    if (sent % 500_000 === 0) say(`${sent} sent`);
  }
  await Promise.all(waiting);
  await until('the last of them in the store', async () => { const r = await fetch(`${server.ui}/api/v1/traces/${last}`); return r.ok; }, 1_200_000);
  figures.search_many_spans = (await (await fetch(`${server.ui}/api/v1/health`)).json()).store.spans;
  const p = await openPage(browser, server);
  await p.go('/search');
  await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
  const times = [];
  for (const q of ['service:many', 'status:error service:many', 'kind:llm model:gpt-4o-mini', 'user:user-42', 'duration>5s tool:lookup_order', 'model:claude-* user:user-77', 'name:agent.run', 'tokens>1200', 'kind:tool', 'agent:support-agent']) {
    await p.press('/');
    await p.page.keyboard.press('Control+a');
    await p.page.keyboard.insertText(q);
    const done = p.page.waitForResponse((r) => r.url().includes('/api/v1/traces?') && r.url().includes('q='));
    const t0 = performance.now();
    await p.press('Enter');
    await done;
    await until('rows of this search', async () => (await p.page.locator('.table.stale').count()) === 0 && ((await p.page.locator('.tbody .tr:not(.skrow)').count()) > 0 || (await p.page.locator('.first, .centered').count()) > 0));
    times.push(performance.now() - t0);
    say(`${q}: ${times.at(-1).toFixed(0)} ms`);
  }
  figures.search_many_enter_to_rows_ms = median(times);
  figures.search_many_enter_to_rows_worst_ms = Math.max(...times);
  await p.context.close();
}

/** A stream of 2,000 spans a second with 20 viewers: how long a span takes from its end to the screen, and what that costs intake. */
async function live() {
  const seconds = Number(args[args.indexOf('--live-seconds') + 1]) || 30, rate = 2000;
  say(`live: ${rate} spans/s for ${seconds} s, 20 viewers`);
  const watched = newTrace(), missing = newSpan(), begin = now();
  const one = (n, at) => span({ trace: watched, id: newSpan(), parent: missing, name: `step ${n}`, start: at - 50_000_000n, end: at });
  await post(server, request({ 'service.name': 'live' }, [one(0, begin)]));
  await stored(server, watched, 1);
  const p = await openPage(browser, server);
  await p.go(`/t/${watched}?group=0`);
  await p.page.locator('.wf-r').first().waitFor();
  await p.press('F');
  await p.page.evaluate(() => {
    globalThis.__rows = new Map();
    const look = () => { for (const e of document.querySelectorAll('.wf-r[data-span]')) if (!globalThis.__rows.has(e.dataset.span)) globalThis.__rows.set(e.dataset.span, Date.now()); };
    new MutationObserver(look).observe(document.body, { childList: true, subtree: true, attributes: true, attributeFilter: ['data-span'] });
  });
  // 18 more that read, and one that takes nothing: it must not slow the others.
  const stop = new AbortController();
  let events = 0;
  const viewers = Array.from({ length: 19 }, async (_, i) => {
    const r = await fetch(`${server.ui}/api/v1/live${i % 3 === 0 ? '?q=service:stream' : ''}`, { signal: stop.signal });
    if (i === 18) return;
    for await (const chunk of r.body) events += (Buffer.from(chunk).toString().match(/event: traces/g) ?? []).length;
  });
  for (const v of viewers) v.catch(() => undefined);
  await until('20 viewers', async () => { const t = await (await fetch(`${server.ui}/metrics`)).text(); const m = /live_viewers\S*\s+(\d+)/.exec(t); return m === null || Number(m[1]) >= 20; }, 5000).catch(() => undefined);
  const ended = new Map(), acks = [], pending = [];
  const started = performance.now();
  let sent = 0, n = 1;
  while (performance.now() - started < seconds * 1000) {
    const due = ((performance.now() - started) / 1000) * rate;
    if (due - sent < 100) { await new Promise((r) => setTimeout(r, 5)); continue; }
    const at = now(), spans = [];
    for (let k = 0; k < 4; k++) { const trace = newTrace(), root = newSpan(); spans.push(span({ trace, id: root, name: 'agent.run', start: at - 1_000_000_000n, end: at, attributes: { 'gen_ai.operation.name': 'invoke_agent', 'agent.user_message': `stream ${sent + k}` } })); for (let j = 0; j < 24; j++) spans.push(span({ trace, id: newSpan(), parent: root, name: 'tool.execute.fetch', start: at - 900_000_000n, end: at, attributes: { 'gen_ai.operation.name': 'execute_tool', 'gen_ai.tool.name': 'fetch' } })); }
    sent += spans.length;
    if (n * 300 < performance.now() - started) { const s = one(n++, now()); ended.set(s.spanId, Date.now()); pending.push(post(server, request({ 'service.name': 'live' }, [s]))); }
    const t0 = performance.now();
    pending.push(post(server, request({ 'service.name': 'stream' }, spans)).then(() => acks.push(performance.now() - t0)));
  }
  await Promise.all(pending);
  await until('every row on the screen', async () => Object.keys(await p.page.evaluate(() => Object.fromEntries(globalThis.__rows))).length > ended.size, 15_000).catch(() => undefined);
  const seen = await p.page.evaluate(() => Object.fromEntries(globalThis.__rows));
  const delays = [...ended].flatMap(([id, at]) => (seen[id] ? [seen[id] - at] : []));
  Object.assign(figures, { live_spans_per_second: sent / ((performance.now() - started) / 1000), live_spans_watched: ended.size, live_spans_never_seen: ended.size - delays.length, live_span_on_screen_p50_ms: quantile(delays, 0.5), live_span_on_screen_p99_ms: quantile(delays, 0.99), live_ack_p50_ms: quantile(acks, 0.5), live_ack_p99_ms: quantile(acks, 0.99), live_events_received: events });
  stop.abort();
  await p.context.close();
}

const limits = { live_span_on_screen_p99_ms: 500, search_many_enter_to_rows_ms: 300, search_many_typed_to_rows_ms: 300, search_script_gzip_bytes: 350_000, search_usable_ms: 1000, trace_open_ms: 1500, scroll_frame_p95_ms: 20, heap_after_scrolling_bytes: 250e6, prompt_10mb_open_ms: 500, search_enter_to_rows_ms: 300 };
const report = { benchmark: 'ui', date: new Date().toISOString(), cpu: cpus()[0]?.model ?? 'unknown', cpus: cpus().length, figures: Object.fromEntries(Object.entries(figures).map(([k, v]) => [k, typeof v === 'number' ? Math.round(v * 10) / 10 : v])), limits };
if (json) console.log(JSON.stringify(report));
else for (const [k, v] of Object.entries(report.figures)) console.log(`${k.padEnd(32)} ${v}${limits[k] ? `  (limit ${limits[k]}${v <= limits[k] ? '' : ', EXCEEDED'})` : ''}`);
