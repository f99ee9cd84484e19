import { api, equal, ok, openPage, post, startServer, stored, until } from '../harness.mjs';
import { now, run } from '../data.mjs';

export default {
  'the overview adds up to the store, and every name leads to what lies behind it': async (t) => {
    const p = await t.open();
    await p.go('/overview');
    await until('the cost', async () => /^\$\d/.test(await p.page.locator('.head .v').first().textContent()));
    const usage = await api(t.server, '/usage?by=model');
    const shown = Number((await p.page.locator('.head .v').first().textContent()).replace(/[$,]/g, ''));
    ok(Math.abs(shown - usage.total.cost.nano_usd / 1e9) < 0.01, `${shown} is what the API says: ${usage.total.cost.nano_usd}`);
    for (const name of ['Cost by model', 'Run latency', 'Errors by kind', 'Tokens by model', 'Model calls by model', 'p95 by model']) await p.page.getByRole('region', { name, exact: true }).locator('svg[role=img]').waitFor();
    await p.page.getByRole('button', { name: 'Service', exact: true }).click();
    await p.page.waitForURL(/by=service/);
    await p.page.getByRole('region', { name: 'Cost by service', exact: true }).locator('.linkish', { hasText: 'support-agent' }).click();
    await p.page.waitForURL(/\/search\?q=service:support-agent|service%3Asupport-agent/);
  },
  'figures that are estimates say so': async (t) => {
    const p = await t.open();
    await p.page.route('**/api/v1/services*', async (route) => { const answer = await route.fetch(); await route.fulfill({ json: { ...(await answer.json()), adjusted: true } }); });
    await p.go('/overview');
    await p.page.getByText('these figures are estimates').waitFor();
  },
  'a bar leads to the traces of its hour': async (t) => {
    const p = await t.open();
    await p.go('/overview');
    const bar = p.page.getByRole('region', { name: 'Cost by model', exact: true }).locator('rect.cbar').last();
    await bar.waitFor();
    await bar.click({ force: true });
    await p.page.waitForURL(/\/search\?q=model.*from=20.*to=20/);
  },
  'a panel of one’s own is kept, and its link shows it to others': async (t) => {
    const p = await t.open();
    await p.go('/overview');
    await p.page.getByRole('button', { name: 'Add a panel of your own' }).click();
    await p.page.getByLabel('Title').fill('Failing tools');
    await p.page.getByLabel('Search', { exact: true }).last().fill('kind:tool status:error');
    await p.page.getByLabel('Split by').last().selectOption('tool');
    await p.page.getByRole('button', { name: 'Add', exact: true }).click();
    await p.page.getByRole('region', { name: 'Failing tools' }).locator('svg[role=img]').first().waitFor();
    await p.page.reload();
    await p.page.getByRole('region', { name: 'Failing tools' }).waitFor();
    // Somebody else sees it without a link, and may take it away again.
    const somebody = await t.open();
    await somebody.go('/overview');
    await somebody.page.getByRole('region', { name: 'Failing tools' }).waitFor();
    await somebody.page.getByRole('button', { name: 'Remove Failing tools' }).click();
    await until('it is gone', async () => (await api(t.server, '/panels')).panels.length === 0);
    const other = await t.open();
    await other.go(`/overview?panels=${encodeURIComponent(JSON.stringify([{ title: 'Shared', q: 'kind:llm', figure: 'p95', by: 'model' }]))}`);
    await other.page.getByRole('region', { name: 'Shared' }).locator('svg[role=img]').waitFor();
  },
  'a session shows gaps and attempts in order': async (t) => {
    const at = now() - 3_600_000_000_000n;
    const make = (minutes, q, a, error) => { const r = run({ start: at + BigInt(minutes) * 60_000_000_000n, session: 'sess-again', user: 'user-7' }); r.add(0, 'agent.run', 0, 4, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'support-agent', 'agent.user_message': q }); r.add(1, 'agent.turn', 0.1, 3.9, { 'agent.turn_number': 1 }); r.llm(2, 0.2, 3.8, [100, 0, 0, 20], [{ role: 'user', parts: [{ type: 'text', content: q }] }], [{ type: 'text', content: a }], { finish: 'end_turn', ...(error ? { error } : {}) }); return r; };
    const three = [make(0, 'When does it ship?', 'Tomorrow.'), make(2, 'When does it ship?', 'On Friday.'), make(9, 'And the invoice?', 'By mail.')];
    for (const r of three) { await post(t.server, r.request()); await stored(t.server, r.trace, r.spans.length); }
    const p = await t.open();
    await p.go('/session?id=sess-again');
    await until('three traces', async () => (await p.page.locator('article.stc').count()) === 3);
    equal(await p.page.locator('.stc header .chip.accent').allTextContents(), ['attempt 1 of 2', 'attempt 2 of 2'], 'attempts');
    equal((await p.page.locator('.gap').allTextContents()).map((x) => x.trim()), ['1:56 min later', '6:56 min later'], 'gaps');
    await p.page.getByRole('link', { name: 'Compare with the trace before' }).first().click();
    await p.page.waitForURL(/\/compare\?a=/);
    await until('the answers differ by words', async () => (await p.page.locator('.dt ins').allTextContents()).join('').includes('Friday'));
  },
  'users are listed with what they cost': async (t) => {
    const p = await t.open();
    await p.go('/users');
    const line = p.page.locator('.ulist tbody tr').filter({ has: p.page.getByRole('link', { name: 'user-42', exact: true }) });
    await line.waitFor();
    ok((await line.textContent()).includes('$0.19'), await line.textContent());
  },
  'two runs are compared step by step': async (t) => {
    const b = t.others.find((r) => r.spans.some((s) => s.name.startsWith('tool.execute.search')) && r.spans.length > 8);
    const p = await t.open();
    await p.go(`/compare?a=${b.trace}&b=${t.design.trace}`);
    await p.page.locator('.cr.onlyb').first().waitFor();
    ok((await p.page.locator('.cmph').textContent()).includes('26.41 s'), 'durations of both');
    await p.page.locator('.cr[aria-selected]', { hasText: 'gen_ai.completion' }).first().click();
    await p.page.getByRole('button', { name: 'Output', exact: true }).click();
    await until('words are marked', async () => (await p.page.locator('.dt ins').count()) > 0);
    const before = new URL(p.page.url()).searchParams.get('a');
    await p.press('r');
    await until('swapped', () => new URL(p.page.url()).searchParams.get('b') === before);
    await p.press('n');
    await p.page.locator('.drow.on').waitFor();
    const same = await t.open();
    await same.go(`/compare?a=${t.design.trace}&b=${t.design.trace}`);
    await same.page.locator('.cr[aria-selected]').first().waitFor();
    await same.press('d');
    await same.page.getByText('took the same steps').waitFor();
    const only = await t.open();
    await only.go('/compare');
    await only.page.locator('.cpick .linkish').first().click();
    await only.page.waitForURL(/a=[0-9a-f]{32}/);
    await only.page.getByText('Compare it with').waitFor();
  },
  'prices say what is unpriced, storage what lies on disk': async (t) => {
    const p = await t.open();
    await p.go('/prices');
    const line = p.page.getByRole('region', { name: 'Models that were called' }).locator('tbody tr', { hasText: 'claude-sonnet-4-5' });
    await line.first().waitFor();
    ok((await line.first().textContent()).includes('priced'), 'the model has a price');
    await p.page.getByRole('region', { name: 'Models that were called' }).locator('tr', { hasText: 'shop-qwen3-32b' }).locator('td', { hasText: 'unpriced' }).first().waitFor();
    await p.page.getByLabel('Filter the price list').fill('claude-sonnet-4-5');
    await p.page.getByRole('region', { name: 'Price list' }).locator('tbody tr').first().getByText('3.75').waitFor();
    await p.go('/storage');
    await p.page.locator('.opage tbody tr', { hasText: 'spans' }).first().waitFor();
    const { tables } = await api(t.server, '/storage');
    ok(tables.some((x) => x.table === 'spans' && x.rows > 6000 && x.bytes > 0), 'the spans lie on disk');
  },
  'a payload is explained without being stored': async (t) => {
    const p = await t.open();
    await p.go('/explain');
    await p.page.getByRole('button', { name: 'An example' }).click();
    await p.page.locator('#payload').press('Control+Enter');
    await p.page.locator('.exps').first().waitFor();
    ok((await p.page.locator('.exps').first().textContent()).includes('claude-sonnet-4-5'), 'the model is read');
    await p.page.locator('#payload').fill('{"nothing": [');
    await p.page.getByRole('button', { name: /^Explain/ }).click();
    await p.page.getByText('The server refused').waitFor();
  },
  'experiment arms: distributions, intervals, and the same question in both': async (t) => {
    const p = await t.open();
    await p.go('/compare?by=variant');
    for (const name of ['Duration', 'Cost a run', 'Tokens a run']) await p.page.getByRole('region', { name, exact: true }).locator('svg[role=img] rect').first().waitFor();
    const cost = p.page.getByRole('region', { name: 'Cost a run', exact: true }).locator('tbody tr');
    equal((await cost.locator('td:first-child').allTextContents()).map((x) => x.trim()), ['v13', 'v14'], 'the arms');
    // What is shown is what the API says.
    const points = async (v) => (await api(t.server, `/scatter?row=traces&from=now-7d&q=${encodeURIComponent(`variant:${v}`)}`)).points.filter((x) => x.cost_nano_usd !== null).map((x) => Number(x.cost_nano_usd));
    const v13 = await points('v13'), v14 = await points('v14');
    const mean = (v) => v.reduce((a, b) => a + b, 0) / v.length, d = (mean(v14) - mean(v13)) / 1e9;
    const said = await cost.nth(1).locator('.verdict b').textContent();
    ok(Math.abs(Number(said.replace(/[^\d.]/g, '')) - Math.abs(d)) < 0.0002, `${said} is the difference of means ${d}`);
    await p.page.getByRole('region', { name: 'faithfulness under 0.7', exact: true }).locator('tbody tr').nth(1).getByText(/of [1-9]/).waitFor();
    await p.page.getByRole('button', { name: 'Other baseline' }).click();
    await until('the other arm is the baseline', async () => (await cost.locator('td:first-child').allTextContents())[0].trim() === 'v14');
    await p.page.getByRole('region', { name: 'Examples that differ most' }).getByRole('link', { name: 'step by step' }).first().click();
    await p.page.waitForURL(/\/compare\?a=[0-9a-f]{32}&b=/);
    await p.page.getByText('the same question').waitFor();
    await p.page.locator('.answers .value').first().waitFor();
  },
  'mapping rules and keys are shown as they are in use': async (t) => {
    const p = await t.open();
    const { dialects, house } = await api(t.server, '/mappings');
    equal(house, [], 'no house rules');
    ok(dialects.length >= 10 && dialects.some((d) => d.name === 'pydantic-ai' && d.keys.some((k) => k.key === 'logfire.span_type' && k.field === 'span_type')), 'the built-in tables');
    await p.go('/mappings');
    const rows = p.page.getByRole('region', { name: 'Built-in tables' }).locator('tbody tr');
    await until('all rules', async () => (await rows.count()) === dialects.reduce((n, d) => n + d.keys.length, 0));
    await p.page.getByRole('button', { name: /^pydantic-ai/ }).click();
    await p.page.waitForURL(/dialect=pydantic-ai/);
    await p.page.getByLabel('Filter rules').fill('tool_resp');
    await until('one rule', async () => (await rows.count()) === 1);
    ok(/tool_response.*tool_result/.test(await rows.first().textContent()), await rows.first().textContent());
    await p.go('/keys');
    await p.page.getByText('not configured').waitFor();
    await p.page.getByText('There are no accounts').waitFor();
  },
  'house rules and the key of the stricter tier: what is configured is shown, readings are written down': async (t) => {
    const key = 'c0ffee00c0ffee00c0ffee00c0ffee00';
    const other = await startServer(['genai.mappings=[{attribute: acme.llm.model, field: request_model, scope: "acme*"}, {attribute: acme.type, field: kind, values: {lookup: tool}}, {span_name: "acme.call*", kind: llm}, {scope: "acme*", input_excludes_cache: true}]', 'redact.enabled=true', 'restricted.enabled=true', `restricted.key=${key}`]);
    try {
      const p = await openPage(t.browser, other);
      await p.go('/mappings');
      const rules = p.page.getByRole('region', { name: 'House rules' }).locator('tbody tr');
      await until('four rules', async () => (await rules.allTextContents()).length === 4);
      for (const [i, words] of [['acme.llm.model', 'request_model', 'acme*'], ['acme.type', 'lookup is tool'], ['acme.call*', 'are of kind llm'], ['leave cached tokens out', 'acme*']].entries()) for (const w of words) ok((await rules.allTextContents())[i].includes(w), `${w} in ${(await rules.allTextContents())[i]}`);
      await p.go('/keys');
      await p.page.getByText('restricted.key').first().waitFor();
      await p.page.getByLabel('Key', { exact: true }).fill('a wrong one');
      await p.page.getByLabel('Who reads').fill('anna');
      await p.page.getByRole('button', { name: 'Show' }).click();
      await p.page.getByText('does not fit').waitFor();
      await p.page.getByLabel('Key', { exact: true }).fill(key);
      await p.page.getByRole('button', { name: 'Show' }).click();
      const lines = p.page.getByRole('region', { name: 'Readings of the stricter tier' }).locator('tbody tr');
      await until('both are written down', async () => (await lines.count()) === 2);
      ok(/anna.*shown/.test(await lines.nth(0).textContent()) && /anna.*did not fit/.test(await lines.nth(1).textContent()), await lines.allTextContents());
      ok(!p.page.url().includes(key) && !(await p.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes('c0ffee'), 'the key is kept nowhere');
      await p.check();
    } finally { equal(await other.stop(), 0, 'exit'); }
  },
  'a withheld span says why, and is read with the key of the stricter tier, span by span': async (t) => {
    const key = 'c0ffee00c0ffee00c0ffee00c0ffee00', words = 'the diagnosis of patient zero';
    const other = await startServer(['redact.enabled=true', 'restricted.enabled=true', 'restricted.rules.0.name=clinic', 'restricted.rules.0.attribute=tenant', 'restricted.rules.0.value=clinic*', `restricted.key=${key}`]);
    try {
      const r = run({ start: now() - 60_000_000_000n });
      r.add(0, 'agent.run', 0, 4, { 'gen_ai.operation.name': 'invoke_agent', 'agent.user_message': 'What is open?' });
      const marked = r.add(1, `triage ${words}`, 1, 2, { tenant: 'clinic-7', note: words, 'long.note': `${'x'.repeat(70_000)} ${words}, at length` });
      await post(other, r.request());
      await stored(other, r.trace, 2);
      const p = await openPage(t.browser, other);
      await p.go(`/t/${r.trace}?s=${marked}`);
      const box = p.page.getByRole('region', { name: 'Withheld' });
      await box.getByText('clinic').waitFor();
      ok(!(await p.page.locator('body').textContent()).includes('diagnosis'), 'nothing of it is on the page');
      await box.getByLabel('Key', { exact: true }).fill('a wrong one');
      await box.getByRole('button', { name: 'Read this span' }).click();
      await p.page.getByText('does not fit').waitFor();
      await box.getByLabel('Key', { exact: true }).fill(key);
      await box.getByLabel('Who reads').fill('anna');
      await box.getByRole('button', { name: 'Read this span' }).click();
      await p.page.getByRole('heading', { name: `triage ${words}` }).waitFor();
      await p.page.getByRole('tab', { name: /^Attributes/ }).click();
      const long = p.page.locator('tr', { has: p.page.getByRole('rowheader', { name: 'long.note' }) });
      await long.getByRole('button', { name: /Read the rest/ }).click();
      await until('the rest of the value', async () => (await long.textContent()).includes('at length'));
      await p.page.getByRole('button', { name: 'Hide it' }).click();
      await p.page.getByRole('button', { name: 'Read this span as anna' }).waitFor();
      ok(!(await p.page.locator('body').textContent()).includes('diagnosis'), 'hidden again');
      ok(!p.page.url().includes(key) && !(await p.page.evaluate(() => JSON.stringify({ ...localStorage, ...sessionStorage }))).includes('c0ffee'), 'the key is kept nowhere');
      const trail = await (await fetch(`${other.ui}/api/v1/restricted/audit`, { headers: { 'x-turnscope-restricted-key': key, 'x-turnscope-reader': 'auditor' } })).json();
      const read = trail.entries.filter((e) => e.reader === 'anna' && e.allowed).map((e) => e.path);
      ok(read.includes(`/api/v1/traces/${r.trace}/spans/${marked}`) && read.includes(`/api/v1/traces/${r.trace}/spans/${marked}/content`), JSON.stringify(read));
      await p.go('/keys');
      await p.page.getByRole('link', { name: 'Withheld spans' }).click();
      await until('the withheld span is found', async () => /\[withheld\]/.test(await p.page.locator('body').textContent()));
      await p.check();
    } finally { equal(await other.stop(), 0, 'exit'); }
  },
  'redaction is tried on a text, and nothing of it is kept': async (t) => {
    const p = await t.open();
    await p.go('/redact');
    await p.page.locator('#plain').fill('write to ada@example.com');
    await p.page.locator('#plain').press('Control+Enter');
    await until('the address is gone', async () => /redacted/.test(await p.page.locator('.codeish').first().textContent()));
    ok(!(await p.page.locator('.codeish').first().textContent()).includes('ada@'), 'no address in what would be stored');
    await p.page.getByRole('cell', { name: 'email', exact: true }).waitFor();
  },
  'health tells what was counted first, and of exporters': async (t) => {
    const p = await t.open();
    await p.go('/health');
    await p.page.getByRole('heading', { name: 'Exporters' }).waitFor();
    await p.page.getByText('None is configured').waitFor();
    const { anomalies } = await api(t.server, '/health');
    await p.page.getByRole('button', { name: /none of them counted/ }).click();
    await until('all kinds', async () => (await p.page.locator('.an tbody tr').count()) === anomalies.length);
  },
  'the palette goes to a page, does what the page can do, and finds a trace': async (t) => {
    const p = await t.open();
    await p.go('/overview');
    await p.page.locator('.head .v').first().waitFor();
    await p.press('Control+k');
    await p.page.getByRole('dialog', { name: 'Go to anything' }).waitFor();
    await p.page.keyboard.type('prices');
    await p.press('Enter');
    await p.page.waitForURL(/\/prices/);
    await p.press('Control+k');
    await p.page.keyboard.type(t.design.trace);
    await p.page.getByRole('option', { name: t.design.trace, exact: true }).waitFor();
    await p.press('Enter');
    await p.page.waitForURL(new RegExp(`/t/${t.design.trace}`));
    await p.page.locator('.wf-r').first().waitFor();
    await p.press('Control+k');
    await p.page.keyboard.type('reading graph');
    await p.press('Enter');
    await p.page.waitForURL(/r=graph/);
    await p.press('Control+k');
    await p.page.keyboard.type('charged twice');
    await p.page.getByRole('option', { name: /I was charged twice/ }).first().waitFor();
    await p.press('Escape');
    await until('it closes', async () => (await p.page.getByRole('dialog').count()) === 0);
  },
  'an empty store teaches the first trace in five languages': async (t) => {
    const empty = await startServer();
    try {
      const p = await openPage(t.browser, empty);
      for (const path of ['/search', '/overview']) {
        await p.go(path);
        await p.page.getByText('Send your first trace').waitFor();
        for (const language of ['Python', 'TypeScript', 'C++', 'Go', 'curl']) await p.page.getByRole('button', { name: language, exact: true }).click();
      }
      await p.check();
    } finally { await empty.stop(); }
  },
  'figures that retention sampling changed say so': async (t) => {
    const p = await t.open();
    // What such a store answers beside its figures; the sampling itself is tested where it is done.
    for (const [path, mark] of [['users', { stored_only: true }], ['sessions', { stored_only: true }], ['timeseries', { adjusted: true }], ['services', { adjusted: true }]]) await p.page.route(`**/api/v1/${path}?*`, async (route) => { const r = await route.fetch(); await route.fulfill({ response: r, json: { ...(await r.json()), ...mark } }); });
    for (const [path, words] of [['/users', 'Stored traces only'], ['/search?row=sessions', 'stored traces only'], ['/search', 'estimates'], ['/services', 'estimates'], ['/overview', 'Estimates']]) {
      await p.go(path);
      await p.page.getByRole('note').filter({ hasText: words }).first().waitFor();
    }
  },
  'what is told of a range counts each trace once': async (t) => {
    const p = await t.open();
    const from = new Date(Date.now() - 15 * 60_000).toISOString(), to = new Date().toISOString();
    await p.go(`/search?from=${from}&to=${to}`);
    await until('the number of traces', async () => /^\d/.test((await p.page.locator('.tool [role=status] b').textContent()) ?? ''));
    const listed = (await api(t.server, `/traces?from=${from}&to=${to}&limit=500`)).traces.length;
    await until('as many as are listed', async () => Number((await p.page.locator('.tool [role=status] b').textContent()).replace(/,/g, '')) === listed);
  },
};
