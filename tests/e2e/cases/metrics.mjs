import { api, equal, ok, openPage, startServer, until } from '../harness.mjs';

const figure = (text) => { const m = /(−?[\d.]+)\s*([KMG]?)/.exec(text); return Number(m[1].replace('−', '-')) * ({ K: 1e3, M: 1e6, G: 1e9 }[m[2]] ?? 1); };
/** Three digits that tell are shown. */
const near = (shown, want, what) => ok(Math.abs(figure(shown) - want) <= Math.abs(want) * 0.006 + 1e-9, `${what}: ${shown} on the screen, ${want} sent`);
const cells = async (p, row) => (await p.page.getByRole('region', { name: 'Series' }).locator('tbody tr').filter({ has: p.page.getByText(row, { exact: true }) }).locator('td').allTextContents()).map((x) => x.trim());

export default {
  'what an agent sends as metrics is listed, and its sums are on the screen': async (t) => {
    const p = await t.open();
    await p.go('/agent-metrics');
    await p.page.waitForURL(/name=/);
    for (const name of ['gen_ai.client.token.usage', 'gen_ai.client.operation.duration', 'agent.refunds', 'agent.queue.depth', 'agent.runs.active']) await p.page.getByRole('region', { name: 'Metrics', exact: true }).getByRole('button', { name: new RegExp(name) }).waitFor();
    const line = p.page.getByRole('region', { name: 'Metrics', exact: true }).getByRole('button', { name: /token\.usage/ });
    for (const word of ['histogram', '{token}', 'support-agent', '4 series', 'ago']) ok((await line.textContent()).includes(word), `${word} in ${await line.textContent()}`);
    await line.click();
    await p.page.waitForURL(/name=gen_ai\.client\.token\.usage/);
    // Tokens in and out are two things: unasked they are told apart, and add up to what was sent.
    near((await until('input', async () => { const c = await cells(p, 'input'); return c.length > 0 && c; }))[1], t.metrics.sums.input, 'input tokens');
    near((await cells(p, 'output'))[1], t.metrics.sums.output, 'output tokens');
    await p.page.locator('.mview svg[role=img] rect.cbar').first().waitFor();
    // By model instead, and then one model alone; a reload shows the same.
    await p.page.getByRole('button', { name: 'Do not split by gen_ai.token.type' }).click();
    await p.page.waitForURL(/by=-/);
    await p.page.getByLabel('Split by').selectOption('gen_ai.request.model');
    await p.page.waitForURL(/by=gen_ai\.request\.model/);
    near((await until('the model', async () => { const c = await cells(p, 'gpt-5-mini'); return c.length > 0 && c; }))[1], t.metrics.sums.model['gpt-5-mini'], 'tokens of a model');
    await p.page.getByRole('region', { name: 'Series' }).locator('tr', { hasText: 'gpt-5-mini' }).getByRole('button', { name: 'only this' }).click();
    await p.page.waitForURL(/where=gen_ai\.request\.model%3Dgpt-5-mini/);
    await until('one series', async () => (await p.page.getByRole('region', { name: 'Series' }).locator('tbody tr').count()) === 1);
    await p.page.reload();
    await until('the same after a reload', async () => (await p.page.getByRole('region', { name: 'Series' }).locator('tbody tr').count()) === 1);
    near((await cells(p, 'gpt-5-mini'))[1], t.metrics.sums.model['gpt-5-mini'], 'the model after a reload');
    await p.page.getByRole('button', { name: /^Without the condition/ }).click();
    await until('both again', async () => (await p.page.getByRole('region', { name: 'Series' }).locator('tbody tr').count()) === 2);
    await p.page.getByRole('region', { name: 'Series' }).locator('tr', { hasText: 'claude-sonnet-4-5' }).getByRole('link', { name: 'traces' }).click();
    await p.page.waitForURL(/\/search\?q=service/);
    ok(decodeURIComponent(p.page.url()).includes('model:claude-sonnet-4-5'), p.page.url());
  },
  'durations are quantiles of merged histograms, as the API has them': async (t) => {
    const p = await t.open();
    await p.go('/agent-metrics?name=gen_ai.client.operation.duration&step=1d&from=now-24h');
    for (const q of ['p50', 'p95', 'p99']) await p.page.getByRole('region', { name: 'Series' }).getByText(q, { exact: true }).waitFor();
    const values = (await api(t.server, '/metrics/series?name=gen_ai.client.operation.duration&fn=quantile&q=95&step=1d&from=now-24h')).series[0].values.filter((v) => v !== null);
    const sorted = [...t.metrics.sums.durations].sort((a, b) => a - b), exact = sorted[Math.floor(sorted.length * 0.95)];
    ok(values.at(-1) > exact / 2 && values.at(-1) < exact * 2, `p95 ${values.at(-1)} is in the bucket of ${exact}`);
    const most = (await cells(p, 'p95'))[3];
    ok(/ (s|ms)$/.test(most), `a duration has a unit: ${most}`);
    await p.page.getByLabel('Percentile').selectOption('75');
    await p.page.waitForURL(/q=75/);
    await until('one line', async () => (await p.page.getByRole('region', { name: 'Series' }).locator('tbody tr').count()) === 1);
    await p.page.getByRole('button', { name: 'Count', exact: true }).click();
    near((await until('the count', async () => { const c = await cells(p, 'gen_ai.client.operation.duration'); return c.length === 7 && c; }))[1], t.metrics.sums.calls, 'calls');
  },
  'counters are summed, gauges told as they are, and the keys go through the list': async (t) => {
    const p = await t.open();
    await p.go('/agent-metrics?name=agent.refunds');
    near((await until('refunds', async () => { const c = await cells(p, 'agent.refunds'); return c.length > 0 && c; }))[1], t.metrics.sums.refunds, 'refunds');
    await p.go('/agent-metrics?name=agent.runs.active&step=1m');
    near((await until('active runs', async () => { const c = await cells(p, 'agent.runs.active'); return c.length > 0 && c; }))[1], t.metrics.sums.running, 'runs under way');
    await p.page.locator('.mview .cline').first().waitFor();
    await p.go('/agent-metrics?name=agent.queue.depth');
    await p.page.locator('.mview .cline').first().waitFor();
    await p.press('j');
    await p.page.waitForURL(/name=agent\.refunds/);
    await p.press('k');
    await p.page.waitForURL(/name=agent\.queue\.depth/);
  },
  'a metric that is not there, a wrong function and too fine a step are told in words': async (t) => {
    const p = await t.open();
    await p.go('/agent-metrics?name=no.such.metric');
    await p.page.getByText('No point of').waitFor();
    await p.go('/agent-metrics?name=agent.refunds&fn=median');
    await p.page.getByText('fn= is sum, rate, count').waitFor();
    await p.go('/agent-metrics?name=agent.refunds&step=10s&from=now-30d');
    await p.page.getByText('take a larger step=').waitFor();
    await p.go('/agent-metrics?name=agent.refunds&from=yesterday-ish');
    await p.page.getByRole('alert').waitFor();
  },
  'an empty store teaches how to send metrics': async (t) => {
    const empty = await startServer();
    try {
      const p = await openPage(t.browser, empty);
      await p.go('/agent-metrics');
      await p.page.getByText('No metric in this range').waitFor();
      for (const language of ['Python', 'TypeScript', 'C++', 'Go', 'curl']) await p.page.getByRole('button', { name: language, exact: true }).click();
      await p.page.getByText('gen_ai.client.token.usage', { exact: true }).waitFor();
      // What it shows for curl is what the server takes.
      const code = await p.page.locator('.codebox').textContent();
      const seconds = Math.floor(Date.now() / 1000);
      const body = code.slice(code.indexOf("-d '{") + 4, code.lastIndexOf("'")).replace("'$(date -d '-1 min' +%s)000000000'", `${seconds - 60}000000000`).replace("'$(date +%s)000000000'", `${seconds}000000000`);
      const r = await fetch(`${empty.http}/v1/metrics`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
      ok(r.ok, `the example is taken: ${r.status} ${await r.text()}`);
      await until('it is stored', async () => (await api(empty, '/metrics')).metrics.some((m) => m.name === 'agent.refunds'));
      await p.page.reload();
      await p.page.getByRole('region', { name: 'Series' }).getByText('agent.refunds').waitFor();
      await p.check();
    } finally { equal(await empty.stop(), 0, 'exit of the empty server'); }
  },
};
