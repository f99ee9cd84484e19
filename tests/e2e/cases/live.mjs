import { api, equal, ok, post, stored, until } from '../harness.mjs';
import { now, run } from '../data.mjs';
import { request } from '../otlp.mjs';
import { pendingRun } from '../pending.mjs';

const small = (question) => {
  const r = run({ start: now() - 300_000_000n, session: 'sess-live', user: 'user-live' });
  r.add(0, 'agent.run', 0, 0.3, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': 'live-agent', 'agent.user_message': question });
  r.add(1, 'agent.turn', 0.01, 0.29, { 'agent.turn_number': 1 });
  return r;
};

export default {
  'a new trace appears on top without a reload': async (t) => {
    const p = await t.open();
    await p.go('/search?live=1');
    await p.page.locator('.tool .pulse').waitFor();
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    const r = small('Is anybody there? (live)');
    await post(t.server, r.request());
    await until('the new row on top', async () => (await p.page.locator('.tbody .tr:not(.skrow)').first().textContent()).includes('Is anybody there? (live)'));
  },
  'what one reads does not move when rows come in above': async (t) => {
    const p = await t.open();
    await p.go('/search?live=1');
    await p.page.locator('.tool .pulse').waitFor();
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    await p.page.locator('.tbody').evaluate((e) => { e.scrollTop = 34 * 10; });
    const top = () => p.page.evaluate(() => { const box = document.querySelector('.tbody').getBoundingClientRect(); const e = document.elementFromPoint(box.left + 140, box.top + 17)?.closest('.tr'); return e ? `${e.textContent}@${Math.round(e.getBoundingClientRect().top)}` : null; });
    const before = await until('a row under the eyes', top);
    await post(t.server, small('First of two that come in (live)').request());
    await post(t.server, small('Second of two that come in (live)').request());
    await p.page.locator('.newrows').waitFor();
    await until('both are counted', async () => /^2 /.test(await p.page.locator('.newrows').textContent()));
    equal(await top(), before, 'the row under the eyes');
  },
  'what came in live is of the search that was asked, whatever is shown next': async (t) => {
    const p = await t.open(), rows = p.page.locator('.tbody .tr:not(.skrow)');
    await p.go('/search?live=1');
    await p.page.locator('.tool .pulse').waitFor();
    await rows.first().waitFor();
    await post(t.server, small('Traces, then spans, then sessions (live)').request());
    await until('the new row', async () => (await rows.first().textContent()).includes('Traces, then spans'));
    for (const [kind, column] of [['Spans', 'Span'], ['Sessions', 'First question'], ['Traces', 'Question']]) {
      await p.press('r');
      await p.page.getByRole('columnheader', { name: column, exact: true }).waitFor();
      await until(`${kind} alone`, async () => (await rows.count()) > 0 && (await p.page.locator('.table.stale').count()) === 0);
      equal(await p.page.getByText('This page broke').count(), 0, `${kind} after a live list`);
    }
    const q = 'a search that nothing fits';
    await p.page.locator('#search-input').fill(`"${q}"`);
    await p.page.locator('#search-input').press('Enter');
    await p.page.getByText('Nothing matches').waitFor();
    await post(t.server, small('Not of that search (live)').request());
    await until('the store has it', async () => (await api(t.server, `/traces?q=${encodeURIComponent('"Not of that search"')}`)).traces.length === 1);
    equal(await rows.count(), 0, 'rows of another search');
  },
  'an open trace grows, and a span whose parent is not here yet says so': async (t) => {
    const r = small('Grow while I look');
    const [rootSpan, turn] = r.spans;
    const resource = { 'service.name': 'support-agent' };
    await post(t.server, request(resource, [turn]));
    await until('the first part', async () => (await fetch(`${t.server.ui}/api/v1/traces/${r.trace}`)).ok);
    const p = await t.open();
    await p.go(`/t/${r.trace}`);
    await p.page.locator('.wf-r', { hasText: 'parent not here yet' }).waitFor();
    equal(await p.page.locator('.wf-r').count(), 1, 'one row');
    await post(t.server, request(resource, [rootSpan]));
    await until('two rows, without a reload', async () => (await p.page.locator('.wf-r').count()) === 2);
    await until('the question', async () => (await p.page.locator('h1').textContent()).includes('Grow while I look'));
    ok((await p.page.getByText('parent not here yet').count()) === 0, 'the parent is known now');
  },
  'what has begun and not ended is drawn so, in its place, and ends when it ends': async (t) => {
    const r = pendingRun(now());
    await post(t.server, r.request);
    await stored(t.server, r.trace, r.spans);
    const p = await t.open();
    await p.go(`/t/${r.trace}`);
    const row = (name) => p.page.locator('.wf-r', { hasText: name });
    await until('three open rows', async () => (await p.page.locator('.wf-r .b.open').count()) === 3);
    for (const name of ['agent run', 'running tool', 'GET']) ok((await row(name).first().textContent()).includes('not ended'), `${name} says so`);
    ok(/≥\s*7\.00/.test(await row('agent run').first().textContent()), `at least as long as what is known: ${await row('agent run').first().textContent()}`);
    ok(!(await row('chat claude').textContent()).includes('not ended'), 'what ended says nothing');
    for (const [name, kind] of [['agent run', 'agent'], ['running tool', 'tool'], ['chat claude', 'llm']]) ok((await row(name).first().getAttribute('class')).includes(`is-${kind}`), `${name} is drawn as ${kind}`);
    // Parents are those of the spans that the placeholders stand for.
    equal(await p.page.locator('.wf-r').evaluateAll((rows) => rows.map((x) => Number(x.getAttribute('aria-level')))), [1, 2, 2, 3], 'levels');
    await p.page.getByText('3 spans not ended').waitFor();
    await p.page.getByRole('timer').waitFor();
    await row('running tool').first().click();
    await p.page.locator('.det[data-span]').getByText('not ended').waitFor();
    equal((await api(t.server, `/traces/${r.trace}`)).unfinished, 3, 'what the API says');
    await post(t.server, r.rest);
    await until('all have ended', async () => (await p.page.locator('.wf-r .b.open').count()) === 0);
    equal(await p.page.locator('.wf-r').count(), 4, 'no placeholder stays');
    await p.page.getByText('complete, 4 spans').waitFor();
    // The selection has gone from the placeholder to its span.
    await p.page.locator('.det[data-span]').waitFor();
    equal((await api(t.server, `/traces/${r.trace}`)).unfinished ?? 0, 0, 'nothing is open');
  },
};
