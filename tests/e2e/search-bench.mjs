// ./dev bench search --data FOLDER [--json] [--rounds N] [--from T --to T]: from the key that sends a search to its rows, over a store that is there already
// (`turnscope_bench query --spans 5000000 --data FOLDER` makes one, with the times of its spans beside it). The store is served as it is, and changes by nothing but a start.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { api, openPage, startBrowser, startServer, until } from './harness.mjs';
import { quantile, report } from './live-bench.mjs';

/** The times of a store's spans: as they were told, or as the bench that loaded it wrote them down. */
export function timesOf(folder, from, to) {
  if (from) return { from, to: to ?? 'now' };
  const told = [join(folder, 'workload'), join(dirname(folder), 'workload')].find((f) => existsSync(f));
  if (!told) return { from: 'now-24h', to: 'now' };
  const [, a, b] = readFileSync(told, 'utf8').trim().split(/\s+/);
  return { from: new Date(Number(BigInt(a) / 1_000_000n) - 1000).toISOString(), to: new Date(Number(BigInt(b) / 1_000_000n) + 60_000).toISOString() };
}

/** Searches as people write them, with what this store really has. `round` takes other values each time, so that no answer was asked for before. */
async function searchesOf(server, times) {
  const query = new URLSearchParams(times).toString();
  const facets = await api(server, `/facets?${query}&row=traces&fields=service,model,tool`);
  const of = (field) => facets.facets.find((f) => f.field === field)?.values.map((v) => v.value).filter(Boolean) ?? [];
  const services = of('service'), models = of('model'), tools = of('tool');
  const users = (await api(server, `/values?${query}&key=user`)).values.map((v) => v.value);
  const calls = (await api(server, `/spans?${query}&q=kind:llm&limit=40`)).spans;
  const words = [];
  for (const c of calls) {
    const d = await api(server, `/traces/${c.trace_id}/spans/${c.span_id}`);
    const said = [...new Set(d.input.flatMap((m) => m.parts).map((p) => p.content ?? '').join(' ').match(/[a-z]{4,}/g) ?? [])].sort((a, b) => b.length - a.length);
    if (said.length > 3) words.push({ rare: said[0], common: said.at(-1) });
  }
  const pick = (list, n) => list[n % list.length];
  const duration = (n) => `duration>${200 + n * 37}ms`;
  return {
    everything_of_a_service: (n) => `service:${pick(services, n)} ${duration(n)}`,
    service_and_model: (n) => `service:${pick(services, n)} model:${pick(models, n + Math.floor(n / services.length))}`,
    failed_calls_of_a_tool: (n) => `status:error tool:${pick(tools, n)}`,
    a_user: (n) => `user:${pick(users, n)}`,
    an_attribute: (n) => `session.id:session-${(n * 7919).toString(16).padStart(8, '0')}`,
    a_number: (n) => `tokens>${1500 + n * 10}`,
    rare_word: (n) => `"${pick(words, n).rare}"`,
    common_word: (n) => `"${pick(words, n).common}"`,
    word_that_is_nowhere: (n) => `"xqzv${n}wwk"`,
    word_of_a_service: (n) => `service:${pick(services, n)} "${pick(words, n + 3).rare}"`,
  };
}

/** Types a search and sends it: ms from the key to the first frame with its rows, or with the word that there are none. */
export async function timed(p, q) {
  await p.press('/');
  await p.page.keyboard.press('Control+a');
  // The end of it at a person's pace: what completes words is asked for as well.
  await p.page.keyboard.insertText(q.slice(0, -5));
  await p.page.keyboard.type(q.slice(-5), { delay: 110 });
  await p.page.evaluate((text) => {
    globalThis.__rowsCame = new Promise((done) => addEventListener('keydown', (e) => {
      const look = () => {
        const asked = new URLSearchParams(location.search).get('q') === text, stale = document.querySelector('.table.stale, .skrow') !== null;
        if (asked && !stale && document.querySelector('.tbody .tr, .centered')) done(performance.now() - e.timeStamp);
        else if (performance.now() - e.timeStamp > 30_000) done(null);
        else requestAnimationFrame(look);
      };
      requestAnimationFrame(look);
    }, { once: true, capture: true }));
  }, q);
  await p.press('Enter');
  const took = await p.page.evaluate(() => globalThis.__rowsCame);
  if (took === null) throw new Error(`no answer to ${q}`);
  return took;
}

export async function search(server, browser, times, { rounds = 8, say = () => undefined } = {}) {
  const figures = { search_spans: (await api(server, '/health')).store.spans }, all = [];
  const shapes = await searchesOf(server, times);
  const p = await openPage(browser, server);
  await p.go(`/search?${new URLSearchParams(times)}`);
  await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
  // As somebody who has looked at the page: what it counts is here.
  await p.page.waitForLoadState('networkidle').catch(() => undefined);
  for (const [name, of] of Object.entries(shapes)) {
    const ms = [];
    for (let n = 0; n < rounds; n++) {
      ms.push(await timed(p, of(n)));
      await until('counts beside the rows', async () => (await p.page.locator('.fac[aria-busy=true]').count()) === 0);
      await p.page.waitForLoadState('networkidle').catch(() => undefined);
    }
    all.push(...ms);
    Object.assign(figures, { [`search_${name}_p50_ms`]: quantile(ms, 0.5), [`search_${name}_max_ms`]: quantile(ms, 1) });
    say(`${name}, as in ${of(0)}: p50 ${quantile(ms, 0.5).toFixed(0)} ms, max ${quantile(ms, 1).toFixed(0)} ms`);
  }
  await p.context.close();
  return { ...figures, search_key_to_rows_p50_ms: quantile(all, 0.5), search_key_to_rows_p95_ms: quantile(all, 0.95), search_key_to_rows_max_ms: quantile(all, 1) };
}
export const limits = { search_key_to_rows_p50_ms: 300 };

if (import.meta.url === pathToFileURL(process.argv[1]).href) {
  const args = process.argv.slice(2), text = (name) => (args.includes(name) ? args[args.indexOf(name) + 1] : undefined);
  const folder = text('--data');
  if (!folder) { process.stderr.write('--data FOLDER: the store to search in\n'); process.exit(2); }
  const server = await startServer([], folder), browser = await startBrowser();
  try {
    report('search', await search(server, browser, timesOf(folder, text('--from'), text('--to')), { rounds: Number(text('--rounds')) || 8, say: (t) => process.stderr.write(`${t}\n`) }), limits, args.includes('--json'));
  } finally {
    await browser.close();
    await server.stop();
  }
}
