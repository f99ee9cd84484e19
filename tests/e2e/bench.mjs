// ./dev bench ui [--json] [--spans N] [--live-seconds N]: what a person waits for. Each figure is measured in Chromium against a server of its own.
import { gzipSync } from 'node:zlib';
import { openPage, post, startBrowser, startServer, stored, until } from './harness.mjs';
import { designRun, largeRun, now, otherRuns } from './data.mjs';
import { limits, live, quantile, report } from './live-bench.mjs';
import { timed } from './search-bench.mjs';
import { newSpan, newTrace, request, span } from './otlp.mjs';

const args = process.argv.slice(2), json = args.includes('--json');
const count = Number(args[args.indexOf('--spans') + 1]) || 100_000;
const say = (t) => process.stderr.write(`${t}\n`);
const median = (list) => quantile(list, 0.5);

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
    searches.push(await timed(p, q));
  }
  figures.search_enter_to_rows_ms = median(searches);
  await p.context.close();

  Object.assign(figures, await live(server, browser, { seconds: Number(args[args.indexOf('--live-seconds') + 1]) || 20, say }));
} finally {
  await browser.close();
  await server.stop();
}
const bounds = { ...limits, search_script_gzip_bytes: 350_000, search_usable_ms: 1000, trace_open_ms: 1500, scroll_frame_p95_ms: 20, heap_after_scrolling_bytes: 250e6, prompt_10mb_open_ms: 500, search_enter_to_rows_ms: 300 };
report('ui', figures, bounds, json);
