import { equal, ok, post, until } from '../harness.mjs';
import { now, run } from '../data.mjs';
import { request } from '../otlp.mjs';

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
};
