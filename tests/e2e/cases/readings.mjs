import { api, equal, ok, until } from '../harness.mjs';

const row = (page, id) => page.locator(`.wf-r[data-span="${id}"]`);
const addressed = (p, text) => until(`${text} in the address`, () => p.page.url().includes(text));

export default {
  'like siblings are one row until they are opened, by key and by address': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.loop.trace}`);
    await row(p.page, t.loop.ids.loop0).waitFor();
    const head = row(p.page, t.loop.ids.loop0);
    ok((await head.textContent()).includes('× 8'), `the run is counted: ${await head.textContent()}`);
    equal(await row(p.page, t.loop.ids.loop3).count(), 0, 'siblings in sight');
    await head.click();
    await p.press('l');
    await row(p.page, t.loop.ids.loop3).waitFor();
    await addressed(p, 'ungroup=');
    await head.locator('button.hid').click();
    await until('one row again', async () => (await row(p.page, t.loop.ids.loop3).count()) === 0);
    await p.press('e');
    await until('the failed one is found within the run', async () => (await p.selected()) === t.loop.ids.loop6);
    await row(p.page, t.loop.ids.loop6).waitFor();
  },
  'the flame shows every span; a click selects, dragging and the wheel change the range of all readings': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?r=flame`);
    const canvas = p.page.locator('.flame canvas');
    await canvas.waitFor();
    await until('it is drawn', () => canvas.evaluate((c) => { const d = c.getContext('2d').getImageData(0, 30, c.width, 40).data; return d.some((v, i) => i % 4 < 3 && v !== d[i % 4]); }));
    const b = await canvas.boundingBox();
    await p.page.mouse.click(b.x + b.width * 0.42, b.y + 22 + 2.4 * Number(await canvas.getAttribute('data-lane')));
    await until('a span of the third lane is selected', async () => (await p.selected()) === t.design.ids.search_policies);
    await p.page.mouse.move(b.x + b.width / 2, b.y + 60);
    await p.page.mouse.wheel(0, -400);
    await until('the range in the address', () => /from=\d+/.test(p.page.url()) && /to=\d+/.test(p.page.url()));
    await p.press('f');
    await until('all of it again', () => !/from=/.test(p.page.url()));
    await p.page.getByRole('button', { name: 'Merged by name' }).click();
    await addressed(p, 'flame=merged');
  },
  'the graph is laid out by rule; a node leads through its calls': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?r=graph`);
    const node = p.page.getByRole('button', { name: /^search_policies/ });
    await node.waitFor();
    for (const name of [/^user-42\s*asked/, /^support-agent/, /^claude-sonnet/, /^issue_refund\s*failed/]) equal(await p.page.getByRole('button', { name }).count(), 1, `node ${name}`);
    equal(await p.page.locator('.gbox .ge').count(), 7, 'edges');
    ok(!(await p.page.locator('.graph .cap').textContent()).includes('plain layers'), 'the worker laid it out');
    await node.focus();
    await p.press('Enter');
    await until('the call is selected', async () => (await p.selected()) === t.design.ids.search_policies);
    await p.page.getByRole('button', { name: 'Each call' }).click();
    await addressed(p, 'graph=calls');
    await until('one node a call', async () => (await p.page.getByRole('button', { name: /^claude-sonnet/ }).count()) === 5);
  },
  'statistics add up and go to the longest span of a group': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?r=statistics`);
    const line = p.page.locator('.stats tbody tr', { hasText: 'gen_ai.completion' });
    await line.waitFor();
    const cells = await line.locator('td').allTextContents();
    equal(cells[1], '5', 'model calls');
    ok(cells[3].includes('15.13'), `self time of the model calls: ${cells[3]}`);
    await line.click();
    await until('its longest call', async () => (await p.selected()) === t.design.ids.answer);
    await p.page.getByRole('button', { name: 'Turn', exact: true }).click();
    await addressed(p, 'by=turn');
    await p.page.locator('.stats tbody tr', { hasText: 'turn 4' }).waitFor();
  },
  'logs of the trace stand beside its spans': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}`);
    await until('the tab counts them', async () => /7/.test(await p.page.getByRole('tab', { name: /^Logs/ }).textContent()));
    await p.page.getByRole('tab', { name: /^Logs/ }).click();
    await until('all records', async () => (await p.page.locator('.lg').count()) === 7);
    await p.page.getByRole('button', { name: 'Warnings and errors' }).click();
    await until('four of them', async () => (await p.page.locator('.lg').count()) === 4);
    await p.page.locator('.lg', { hasText: 'refund refused' }).getByRole('button', { name: /issue_refund/ }).click();
    await until('the span', async () => (await p.selected()) === t.design.ids.issue_refund);
  },
  'what filled the context adds up to what the call reported': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?r=conversation&s=${t.design.ids.answer}`);
    await p.page.locator('.ctx tfoot').waitFor();
    ok((await p.page.locator('.ctx tfoot').textContent()).includes('69,300'), 'the whole');
    const parts = await p.page.locator('.ctx tbody tr td:nth-child(2)').allTextContents();
    const sum = parts.reduce((n, x) => n + Number(x.replace(/\D/g, '')), 0);
    ok(Math.abs(sum - 69_300) <= parts.length, `parts add up: ${sum}`);
    ok((await p.page.locator('.ctx tbody tr').first().textContent()).includes('get_account_history'), 'the largest part is named');
    const { calls } = await api(t.server, `/traces/${t.design.trace}/context`);
    equal(calls.map((c) => c.input_tokens), [40_996, 42_332, null, 51_528, 69_300], 'unknown stays unknown');
    await p.page.locator('.turns li button').nth(2).click();
    await until('the turn comes in sight', () => p.page.locator('section[aria-label="Turn 3"]').isVisible());
    await p.page.getByRole('button', { name: 'Selected span' }).click();
    await p.page.locator('.cside .det').waitFor();
    await p.go(`/t/${t.loop.trace}?r=conversation`);
    await p.page.locator('.subh', { hasText: 'summariser' }).waitFor();
  },
  'copy as: markdown, JSON, curl, from the keyboard': async (t) => {
    const p = await t.open({ permissions: ['clipboard-read', 'clipboard-write'] });
    await p.go(`/t/${t.design.trace}?s=${t.design.ids.answer}`);
    await p.page.locator('.det[data-span]').waitFor();
    const copied = async (name) => {
      await p.press('Y');
      await p.page.getByRole('menuitem', { name, exact: true }).click();
      await until('the menu closes', async () => (await p.page.getByRole('menu').count()) === 0);
      return p.page.evaluate(() => navigator.clipboard.readText());
    };
    const md = await copied('Summary as markdown');
    for (const x of ['26.41 s', '$0.1834', '**slow**', '> I was charged twice', t.design.trace]) ok(md.includes(x), `${x} in ${md}`);
    equal(JSON.parse(await copied('Span as JSON')).span_id, t.design.ids.answer, 'the span');
    ok((await copied('Trace as curl')).startsWith(`curl -s 'http`), 'curl');
  },
  'colour by service, and structure in the search': async (t) => {
    const p = await t.open();
    await p.go(`/t/${t.design.trace}?colour=service`);
    await p.page.locator('.bars [class*=b-c-]').first().waitFor();
    const q = encodeURIComponent('{tool:search_policies user:user-42} >> {status:error}');
    await p.go(`/search?row=spans&q=${q}`);
    await until('the one span that has such a descendant', async () => (await p.page.locator('.tbody .tr:not(.skrow)').count()) === 1);
    ok((await p.page.locator('.tbody .tr').textContent()).includes('search_policies'), 'it is the tool call');
  },
};
