import { equal, ok, until } from '../harness.mjs';

const rows = (page) => page.locator('.tbody .tr:not(.skrow)');
const chosen = (page) => page.locator('.dif .chip');

export default {
  'a cloud of points is chosen by dragging, explained, and kept in the address': async (t) => {
    const p = await t.open();
    await p.go('/search?q=service:support-agent&plot=duration');
    const canvas = p.page.locator('.scat canvas');
    await until('points are drawn', async () => /^1\d\d traces by duration/.test(await canvas.getAttribute('aria-label')));
    const b = await canvas.boundingBox();
    await p.page.mouse.move(b.x + 70, b.y + 12);
    await p.page.mouse.down();
    await p.page.mouse.move(b.x + b.width - 20, b.y + 60, { steps: 5 });
    await p.page.mouse.up();
    await chosen(p.page).waitFor();
    await p.page.locator('.difrow .num').first().waitFor();
    ok(/cloud=duration,/.test(p.page.url()), 'the cloud is in the address');
    const n = Number((await chosen(p.page).textContent()).replace(/\D/g, ''));
    ok(n > 3 && n < 100, `${n} chosen`);
    const again = await t.open();
    await again.page.goto(p.page.url());
    await chosen(again.page).waitFor();
    equal(await chosen(again.page).textContent(), await chosen(p.page).textContent(), 'the same cloud from the address');
    const pair = (await p.page.locator('.difrow .mono').first().textContent()).replace(/\s/g, '');
    await p.page.locator('.difrow').first().click();
    await until('a difference becomes a term of the search', async () => (await p.page.locator('#search-input').inputValue()).replace(/[\s"]/g, '').endsWith(pair.replace('=', ':').replace(/"/g, '')));
    await p.page.keyboard.press('Escape');
    await until('esc lets the cloud go', () => !p.page.url().includes('cloud='));
  },
  'd asks what the slowest tenth has more often': async (t) => {
    const p = await t.open();
    await p.go('/search?q=service:support-agent&plot=duration');
    await until('points are drawn', async () => /^1\d\d traces/.test(await p.page.locator('.scat canvas').getAttribute('aria-label')));
    await p.press('d');
    await chosen(p.page).waitFor();
    await p.page.getByRole('button', { name: 'keep only these' }).click();
    await until('the cloud becomes a search', async () => (await p.page.locator('#search-input').inputValue()).includes('duration>='));
  },
  'columns are chosen, and the choice is in the address': async (t) => {
    const p = await t.open();
    await p.go('/search?q=service:support-agent');
    await rows(p.page).first().waitFor();
    await p.page.getByRole('button', { name: /Columns/ }).click();
    await p.page.getByLabel('Session', { exact: true }).check();
    await p.page.getByLabel('Models').uncheck();
    await until('the heads follow', async () => { const h = await p.page.locator('.th [role=columnheader]').allTextContents(); return h.includes('Session') && !h.includes('Models'); });
    ok(/cols=.*session/.test(p.page.url()), 'in the address');
  },
  'a view is saved under a name and found again': async (t) => {
    const p = await t.open();
    await p.go('/search?q=status:error&plot=cost');
    await rows(p.page).first().waitFor();
    await p.page.getByRole('button', { name: 'Saved views' }).click();
    await p.page.getByLabel('Name of the view').fill('What fails');
    await p.page.getByRole('button', { name: 'Save this view' }).click();
    await p.go('/search');
    await rows(p.page).first().waitFor();
    await p.page.getByRole('button', { name: 'Saved views' }).click();
    await p.page.getByRole('button', { name: 'What fails', exact: true }).click();
    await p.page.waitForURL(/q=status:error.*plot=cost/);
  },
  'sessions as the row lead to the whole conversation': async (t) => {
    const p = await t.open();
    await p.go('/sessions?q=user:user-42');
    await until('two sessions of the user', async () => (await rows(p.page).count()) === 2);
    await rows(p.page).filter({ hasText: 'charged twice' }).click();
    await p.page.waitForURL(/\/session\?id=sess-9f31c2/);
    await p.page.locator('.stc', { hasText: 'charged twice' }).waitFor();
    ok((await p.page.locator('.facts').textContent()).includes('$0.1834'), 'its cost');
    equal(await p.page.locator('.sturns li').count(), 4, 'its turns');
  },
  'two rows of the list are compared by c and c': async (t) => {
    const p = await t.open();
    await p.go('/search?q=service:support-agent');
    await rows(p.page).nth(2).waitFor();
    await p.press('j', 'c', 'j', 'c');
    await p.page.waitForURL(/\/compare\?a=[0-9a-f]{32}&b=[0-9a-f]{32}/);
    await p.page.locator('.cr[aria-selected]').first().waitFor();
  },
  'a wrong structure is told at its character': async (t) => {
    const p = await t.open();
    await p.go(`/search?q=${encodeURIComponent('{kind:llm} >> status:error')}`);
    await p.page.locator('#query-error').waitFor();
    ok(/Character 15/.test(await p.page.locator('#query-error').textContent()), await p.page.locator('#query-error').textContent());
  },
};
