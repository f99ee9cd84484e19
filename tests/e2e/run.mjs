// Browser tests: node tests/e2e/run.mjs [words of a test's name, or of another's]. TURNSCOPE_BIN names the server (default build/turnscope).
import { api, openPage, startBrowser, startServer, post, stored, until } from './harness.mjs';
import { designLogs, designRun, earlierRun, largeRun, loopRun, now, otherRuns, sessionRuns } from './data.mjs';
import { agentMetrics } from './metrics.mjs';

const groups = ['search', 'cloud', 'trace', 'readings', 'pages', 'metrics', 'pictures', 'access', 'live', 'fixtures', 'hostile'];
const only = process.argv.slice(2).join(' ').split(',').filter(Boolean);
const tests = [];
for (const g of groups) for (const [name, f] of Object.entries((await import(`./cases/${g}.mjs`)).default)) tests.push([`${g}: ${name}`, f]);

// TURNSCOPE_E2E_UI and _HTTP: a server that runs already, for working on the tests themselves.
let server;
try {
  server = process.env.TURNSCOPE_E2E_UI ? { ui: process.env.TURNSCOPE_E2E_UI, http: process.env.TURNSCOPE_E2E_HTTP, stop: async () => 0, log: () => '' } : await startServer();
} catch (e) {
  console.log(`FAIL starting the server\n     ${e.message}\n0 passed, 1 failed`);
  process.exit(1);
}
let passed = 0;
const failed = [];
let browser = null;
try {
  const design = designRun(), large = largeRun(Number(process.env.TURNSCOPE_E2E_LARGE ?? 6000)), others = otherRuns(290), loop = loopRun(), earlier = earlierRun(), session = sessionRuns(), metrics = agentMetrics(now());
  for (const r of [design, loop, earlier, ...session, ...others]) await post(server, r.request());
  for (const r of large.requests) await post(server, r);
  await post(server, designLogs(design), 'application/json', 'logs');
  await post(server, metrics.request, 'application/json', 'metrics');
  await stored(server, design.trace, design.spans.length);
  await stored(server, large.trace, large.count);
  await stored(server, others.at(-1).trace, others.at(-1).spans.length);
  await until('metrics in the store', async () => (await api(server, '/metrics')).metrics.length >= 5);
  browser = await startBrowser();
  const started = Date.now();
  for (const [name, f] of tests) {
    if (only.length > 0 && !only.some((o) => name.includes(o.trim()))) continue;
    // A case that fails is run once more, on a new page: both are told, and what fails twice fails.
    for (let attempt = 1; attempt <= 2; attempt++) {
      const pages = [];
      const t = { server, design, earlier, session, large, loop, others, metrics, browser, open: async (options) => { const p = await openPage(browser, server, options); pages.push(p); return p; } };
      const at = Date.now();
      try {
        await f(t);
        for (const p of pages) await p.check();
        passed++;
        console.log(`ok   ${name} (${Date.now() - at} ms)${attempt > 1 ? ', at the second attempt' : ''}`);
        break;
      } catch (e) {
        if (attempt === 2) failed.push(name);
        console.log(`${attempt === 2 ? 'FAIL' : 'once'} ${name}\n     ${String(e?.stack ?? e).split('\n').slice(0, 12).join('\n     ')}`);
        for (const p of pages) {
          console.log(`     shown at ${p.page.url()}: ${(await p.page.evaluate(() => document.body.innerText).catch(() => '')).replace(/\s+/g, ' ').slice(0, 900)}`);
          await p.context.close().catch(() => undefined);
        }
      }
    }
  }
  console.log(`browser tests took ${((Date.now() - started) / 1000).toFixed(1)} s`);
} catch (e) {
  failed.push('setting up');
  console.log(`FAIL setting up\n     ${e?.stack ?? e}\n${server.log()}`);
} finally {
  await browser?.close();
  const exit = await server.stop();
  if (exit !== 0) { failed.push('stopping'); console.log(`FAIL the server ended with ${exit}\n${server.log()}`); }
}
console.log(`${passed} passed, ${failed.length} failed`);
process.exitCode = failed.length > 0 ? 1 : 0;
