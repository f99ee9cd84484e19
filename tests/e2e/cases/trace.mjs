import { api, equal, ok, until } from '../harness.mjs';
import { answer } from '../data.mjs';

const row = (page, id) => page.locator(`.wf-r[data-span="${id}"]`);

export default {
  'a call explains its cost by bucket, and says whether its time is usual': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?s=${t.design.ids.answer}`);
    const cell = (row, n) => p.page.locator('.cost tbody tr', { hasText: row }).locator('td').nth(n);
    await until('the arithmetic', async () => (await cell('cache write', 3).textContent()) === '$0.066540');
    equal([await cell('cache write', 1).textContent(), await cell('cache write', 2).textContent()], ['17,744', '3.75'], 'tokens and price');
    equal(await p.page.locator('.cost tfoot td').nth(3).textContent(), '$0.088620', 'the sum');
    await p.page.locator('.dl', { hasText: 'first token' }).waitFor();
    await p.page.locator('.usual .utrack').waitFor();
    await p.page.locator('.facts', { hasText: '0.41' }).waitFor();
    await p.page.getByLabel('Colour bars by').selectOption('score');
    await p.page.locator('.bars .b-s-bad').first().waitFor();
    await p.page.locator('.bars .lab', { hasText: 'faithfulness 0.41' }).waitFor();
    await p.page.getByRole('tab', { name: /^Scores/ }).click();
    await p.page.locator('.det', { hasText: '3 of 5 claims are unsupported' }).waitFor();
  },
  'the facts are those of the run': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}`);
    await p.page.locator('.facts .v').first().waitFor();
    await until('the facts', async () => (await p.page.locator('.facts').textContent()).includes('26.41'));
    const facts = await p.page.locator('.facts').textContent();
    for (const f of ['26.41', '204,156', '935', 'sess-9f31c2', 'user-42']) ok(facts.includes(f), `${f} in the facts: ${facts}`);
    const header = await api(t.server, `/traces/${t.design.trace}`);
    if (header.cost.state === 'priced') ok(facts.includes('$0.1834'), `$0.1834 in the facts: ${facts}`);
    const total = header.critical_path.llm_ns + header.critical_path.tool_ns + header.critical_path.other_ns;
    equal(total, header.duration_ns, 'the critical path adds up to the duration');
    equal(await p.page.locator('.wf-r').count(), t.design.spans.length, 'rows');
    await until('the answer, before anything is selected', async () => (await p.page.locator('.det').textContent()).includes('nothing else is needed from you'));
  },
  'folding hides rows and says how many; the address keeps it': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?s=${t.design.ids.turn2}`);
    await row(p.page, t.design.ids.turn2).waitFor();
    const all = await p.page.locator('.wf-r').count();
    await p.press('h');
    await until('fewer rows', async () => (await p.page.locator('.wf-r').count()) === all - 5);
    equal((await row(p.page, t.design.ids.turn2).locator('.hid').textContent()).trim(), '+5', 'the hidden count');
    equal(await row(p.page, t.design.ids.turn2).getAttribute('aria-expanded'), 'false', 'aria-expanded');
    await until('the fold in the address', () => p.page.url().includes('fold='));
    const again = await t.open();
    await again.page.goto(p.page.url());
    await until('the same rows again', async () => (await again.page.locator('.wf-r:not(.wait)').count()) === all - 5);
    equal(await again.selected(), t.design.ids.turn2, 'the selection');
    await p.press('l');
    await until('all rows again', async () => (await p.page.locator('.wf-r').count()) === all);
    await p.press('[');
    await until('one level folded', async () => (await p.page.locator('.wf-r').count()) < all);
    await p.press('H');
    await until('plumbing is hidden', () => p.page.url().includes('plumbing=hide'));
  },
  'everything of the view is in the address: span, tab, zoom, find, reading': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}`);
    await p.page.locator('.wf-r').first().waitFor();
    await p.press('j', 'j', 'j', 'z', '/');
    await p.page.keyboard.type('refund');
    await p.press('Enter');
    await until('a hit is selected', async () => /\d+ of \d+/.test((await p.page.locator('.find .cap').textContent().catch(() => '')) ?? ''));
    await p.press('Escape');
    await p.page.getByRole('tab', { name: /Attributes/ }).click();
    await until('the address is written', () => /s=.*/.test(p.page.url()) && p.page.url().includes('d=attributes'));
    const again = await t.open();
    await again.page.goto(p.page.url());
    await until('the tab', () => again.page.getByRole('tab', { name: /Attributes/, selected: true }).isVisible());
    equal(new URL(again.page.url()).search, new URL(p.page.url()).search, 'the address stays as it was given');
    await p.press('v');
    await until('the other reading', () => p.page.url().includes('r=conversation'));
    await p.page.locator('.step').first().waitFor();
    await p.page.goBack();
    await until('back to the waterfall', () => p.page.locator('.wf-r').first().isVisible());
  },
  'the details show prompt and completion, cost, attributes, error and raw': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?s=${t.design.ids.answer}`);
    await p.page.locator('.pc').waitFor();
    const pc = await p.page.locator('.pc').textContent();
    ok(pc.includes('Prompt') && pc.includes('Completion') && pc.includes(answer.slice(0, 40)), 'prompt and completion side by side');
    ok((await p.page.locator('.cost').textContent()).includes('69,720'), 'tokens add up');
    await p.page.getByRole('tab', { name: /Attributes/ }).click();
    await p.page.locator('.kv', { hasText: 'gen_ai.request.model' }).waitFor();
    await p.page.getByRole('tab', { name: 'Raw' }).click();
    await p.page.locator('.json').waitFor();
    await p.press('3');
    await p.page.goto(`${t.server.ui}/t/${t.design.trace}?s=${t.design.ids.issue_refund}&d=error`);
    await p.page.locator('.det', { hasText: 'RefundPolicyError' }).waitFor();
    ok((await p.page.locator('.det').textContent()).includes('Traceback'), 'the stack trace');
  },
  'a long value is shown in part, then whole': async (t) => {
    const p = await t.open();
    const id = t.design.spans.find((s) => s.name === 'tool.execute.get_account_history').spanId;
    await p.go(`/t/${t.design.trace}?s=${id}&d=attributes`);
    await p.page.locator('.kv tr', { hasText: 'gen_ai.tool.call.result' }).waitFor();
    const cell = p.page.locator('.kv tr', { hasText: 'gen_ai.tool.call.result' });
    ok((await cell.textContent()).includes('more') || (await cell.textContent()).includes('items'), 'a part is folded');
  },
  'a trace of thousands of spans is read in parts, and its last span is one key away': async (t) => {
    const p = await t.open();
    const asked = [];
    p.page.on('response', (r) => { if (r.url().includes('/window')) asked.push(r.url()); });
    await p.go(`/t/${t.large.trace}`);
    await p.page.locator('.wf-r').first().waitFor();
    await p.press(']');
    await until('more rows', async () => Number(await p.page.locator('[role=treegrid]').getAttribute('aria-rowcount')) > 1000);
    ok((await p.page.locator('.wf-r').count()) < 120, 'only rows in sight are in the page');
    await p.press('[');
    await until('fewer rows', async () => Number(await p.page.locator('[role=treegrid]').getAttribute('aria-rowcount')) < 1000);
    await p.press('e');
    await until('e goes to the last span, which is the only error', async () => (await p.selected()) === t.large.last, 60_000);
    await row(p.page, t.large.last).waitFor();
    ok(await row(p.page, t.large.last).isVisible(), 'it is on screen, its turn opened for it');
    const reload = await t.open();
    await reload.page.goto(p.page.url());
    await row(reload.page, t.large.last).waitFor();
    const bytes = asked.length;
    ok(bytes < 30, `few windows were asked for: ${bytes}`);
  },
  'the minimap zooms by dragging, and f shows all again': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}`);
    await p.page.locator('.wf-r').first().waitFor();
    const b = await p.page.locator('.mm canvas').boundingBox();
    await p.page.mouse.move(b.x + b.width * 0.3, b.y + 30);
    await p.page.mouse.down();
    await p.page.mouse.move(b.x + b.width * 0.5, b.y + 30, { steps: 4 });
    await p.page.mouse.up();
    await until('the range in the address', () => /from=\d+/.test(p.page.url()) && /to=\d+/.test(p.page.url()));
    await p.press('f');
    await until('all of it again', () => !/from=/.test(p.page.url()));
  },
  'a trace that is not there says so': async (t) => {
    const p = await t.open();
    await p.go('/t/00000000000000000000000000000bad');
    await p.page.getByText('This trace cannot be shown').waitFor();
  },
};
