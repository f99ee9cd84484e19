import { equal, ok, until } from '../harness.mjs';
import { question } from '../data.mjs';

const rows = (page) => page.locator('.tbody .tr:not(.skrow)');

export default {
  'the failed run, its slow tool call and its dearest model call, by keys alone': async (t) => {
    const p = await t.open();
    await p.go('/search');
    await rows(p.page).first().waitFor();
    await p.press('/');
    await p.page.keyboard.type('status:error tool:issue_refund');
    await p.press('Enter');
    await p.page.waitForURL(/q=/);
    await until('one row', async () => (await rows(p.page).count()) === 1);
    ok((await rows(p.page).first().textContent()).includes('charged twice'), 'the row shows the question');
    await p.page.keyboard.press('Escape');
    await p.press('j', 'Enter');
    await p.page.waitForURL(new RegExp(`/t/${t.design.trace}`));
    await p.page.locator('.wf-r').first().waitFor();
    await p.page.locator('.finding.bad').waitFor();
    await p.press('e');
    await until('an error is selected', async () => p.page.locator('.wf-r.sel.failed').count());
    for (const [key, id] of [['$', t.design.ids.answer], ['s', null]]) {
      await p.press(key);
      if (id) await until(`${key} goes to the dearest call`, async () => (await p.selected()) === id);
      else await until('s goes to the slowest span', async () => { const s = await p.selected(); return s !== null && s !== t.design.ids.answer; });
    }
    for (const [key, type] of [['1', 'slow'], ['2', 'dear'], ['3', 'wrong']]) {
      const finding = await p.page.evaluate(async ([trace, ty]) => (await (await fetch(`/api/v1/traces/${trace}`)).json()).findings.find((f) => f.type === ty)?.span_id, [t.design.trace, type]);
      ok(finding, `a ${type} finding`);
      await p.press(key);
      await until(`${key} goes to what was ${type}`, async () => (await p.selected()) === finding);
    }
  },
  'a facet writes the query, and the address restores all of it': async (t) => {
    const p = await t.open();
    await p.go('/search');
    const box = p.page.locator('.fac label', { hasText: 'research-agent' }).first();
    await box.click();
    await p.page.waitForURL(/q=.*research-agent/);
    await until('only runs of that service', async () => { const names = await p.page.locator('.tbody .c-service').allTextContents(); return names.length > 0 && names.every((n) => n.includes('research-agent')); });
    const url = p.page.url();
    const again = await t.open();
    await again.page.goto(url);
    await again.page.locator('.fac label', { hasText: 'research-agent' }).first().waitFor();
    await until('the tick is restored', () => again.page.locator('.fac label', { hasText: 'research-agent' }).first().locator('input').isChecked());
    equal(await again.page.locator('#search-input').inputValue(), await p.page.locator('#search-input').inputValue(), 'the query in the bar');
    await p.page.goBack();
    await until('back shows everything again', async () => (await p.page.locator('#search-input').inputValue()) === '');
  },
  'a wrong query marks the character and keeps the last good rows': async (t) => {
    const p = await t.open();
    await p.go('/search');
    await rows(p.page).first().waitFor();
    const before = await rows(p.page).count();
    await p.press('/');
    await p.page.keyboard.type('status:error (kind:llm');
    await p.press('Enter');
    await p.page.locator('#query-error').waitFor();
    ok(/Character \d+/.test(await p.page.locator('#query-error').textContent()), 'the message names the character');
    ok((await p.page.locator('.t-bad').count()) > 0, 'the character is marked');
    equal(await rows(p.page).count(), before, 'rows that stay');
  },
  'completions come from real keys and values': async (t) => {
    const p = await t.open();
    await p.go('/search');
    await rows(p.page).first().waitFor();
    await p.press('/');
    await p.page.keyboard.type('gen_ai.request.mod');
    await p.page.locator('.pop li', { hasText: 'gen_ai.request.model' }).waitFor();
    await p.press('Tab');
    await until('the key is taken', async () => (await p.page.locator('#search-input').inputValue()).startsWith('gen_ai.request.model:'));
    await p.page.locator('.pop li', { hasText: 'claude-sonnet-4-5' }).first().waitFor();
    await p.press('ArrowDown', 'Enter');
    await until('the value is taken', async () => (await p.page.locator('#search-input').inputValue()).includes('claude-sonnet-4-5'));
  },
  'pages follow as one scrolls, every trace once': async (t) => {
    const p = await t.open();
    await p.go('/search?from=now-7d');
    await rows(p.page).first().waitFor();
    const total = t.others.length + 2;
    await until('the end of the list', async () => {
      await p.page.locator('.tbody').evaluate((e) => { e.scrollTop = e.scrollHeight; });
      return /All \d+ traces/.test((await p.page.locator('.tend').textContent()) ?? '');
    });
    const count = Number(/All ([\d,]+) traces/.exec(await p.page.locator('.tend').textContent())[1].replace(',', ''));
    ok(count >= total, `${count} of at least ${total} traces`);
    ok((await p.page.locator('.tbody .tr').count()) < 120, 'rows out of sight are not in the page');
  },
  'a brush over the histogram narrows the time range': async (t) => {
    const p = await t.open();
    await p.go('/search?plot=count');
    await rows(p.page).first().waitFor();
    const b = await p.page.locator('.histo svg').boundingBox();
    await p.page.mouse.move(b.x + b.width * 0.7, b.y + 40);
    await p.page.mouse.down();
    await p.page.mouse.move(b.x + b.width * 0.95, b.y + 40, { steps: 5 });
    await p.page.mouse.up();
    await p.page.waitForURL(/from=2\d{3}-.*to=2\d{3}-/);
  },
  'spans as the row, and a peek beside the list': async (t) => {
    const p = await t.open();
    await p.go('/search?row=spans&q=name:tool.execute.issue_refund');
    await until('one span', async () => (await rows(p.page).count()) === 1);
    await p.press('j', ' ');
    await p.page.locator('.peek').waitFor();
    await until('the peek shows the question', async () => (await p.page.locator('.peek').textContent()).includes(question.slice(0, 30)));
    ok(p.page.url().includes('peek=1'), 'the peek is in the address');
    await p.press('Escape');
    await until('esc closes it', async () => (await p.page.locator('.peek').count()) === 0);
  },
  'nothing found says so and offers a way on': async (t) => {
    const p = await t.open();
    await p.go('/search?q=%22there+is+no+such+text+anywhere%22');
    await p.page.getByText('Nothing matches').waitFor();
    await p.page.getByRole('button', { name: 'Clear the search' }).last().click();
    await rows(p.page).first().waitFor();
  },
};
