import { readFileSync } from 'node:fs';
import { equal, ok, paint, post, require, stored, until } from '../harness.mjs';
import { now } from '../data.mjs';
import { pendingRun } from '../pending.mjs';

const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
/** Serious and critical findings of axe, in words. The tool is run by the debugger, so that the page's policy stays as it is. */
async function serious(page) {
  const r = await page.evaluate(`(() => { ${axe}; return axe.run(document, { resultTypes: ['violations'] }); })()`);
  return r.violations.filter((v) => ['serious', 'critical'].includes(v.impact)).map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target.join(' ')).join(', ')}`);
}

const pages = (t, running) => [
  ['search', '/search', '.tbody .tr:not(.skrow)', ['j', ' ']], ['spans', '/search?row=spans', '.tbody .tr:not(.skrow)', ['j']], ['a wrong query', '/search?q=(', '#query-error', []], ['nothing found', '/search?q=%22no+such+text+at+all%22', '.first', []], ['key map', '/search', '.tbody .tr:not(.skrow)', ['?']],
  ['trace', `/t/${t.design.trace}`, '.wf-r', []], ['model call', `/t/${t.design.trace}?s=${t.design.ids.answer}`, '.cost', []], ['failed call', `/t/${t.design.trace}?s=${t.design.ids.issue_refund}`, '.det[data-span]', []], ['attributes', `/t/${t.design.trace}?s=${t.design.ids.answer}&d=attributes`, '.kv', []], ['conversation', `/t/${t.design.trace}?r=conversation`, '.step .msg', []],
  ['flame', `/t/${t.design.trace}?r=flame`, '.flame canvas', []], ['graph', `/t/${t.design.trace}?r=graph&s=${t.design.ids.search_policies}`, '.gn', []], ['statistics', `/t/${t.design.trace}?r=statistics`, '.stats tbody tr', []], ['logs', `/t/${t.design.trace}?r=logs`, '.lg', []], ['grouped', `/t/${t.loop.trace}`, '.wf-r', []],
  ['cloud', '/search?q=service:support-agent&plot=duration&cloud=duration,1700000000000,1999999999999,8000000000,90000000000', '.difrow .num', []], ['sessions', '/sessions', '.tbody .tr:not(.skrow)', []], ['session', '/session?id=sess-9f31c2', '.stc .sq', []], ['overview', '/overview', '.chart rect.cbar', []], ['users', '/users', '.ulist tbody a', []],
  ['compare', `/compare?a=${t.loop.trace}&b=${t.design.trace}`, '.cr[aria-selected]', []], ['choosing', '/compare', '.cpick .linkish', []], ['prices', '/prices', '.opage tbody a', []], ['storage', '/storage', '.opage td.fwm', []], ['explain', '/explain', '#payload', []],
  ['metrics', '/agent-metrics?name=gen_ai.client.token.usage', '.mview tbody tr', []], ['durations', '/agent-metrics?name=gen_ai.client.operation.duration&by=gen_ai.request.model&where=gen_ai.provider.name%3Danthropic', '.mview tbody tr', []], ['no metric', '/agent-metrics?name=nothing', '.mview .notice', []], ['no metrics', '/agent-metrics?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z', '.first', []],
  ['mappings', '/mappings', '.opage td.mono', []], ['keys', '/keys', '.opage pre', []], ['unfinished', `/t/${running.trace}?s=${running.running}`, '.b.open', []],
  ['services', '/services', '.svc .map .node', []], ['health', '/health', '.cell', []], ['arms', '/compare?by=variant', '.armplot rect', []], ['redaction', '/redact', '#plain', []], ['palette', '/overview', '.head .v', ['Control+k']], ['two runs', `/compare?a=${t.earlier.trace}&b=${t.design.trace}`, '.answers .value', []], ['session of many', '/session?id=sess-parcel', '.stc .sa', []],
];

export default Object.fromEntries([
  ['axe finds nothing serious on any page, light and dark', async (t) => {
    const p = await t.open({ reducedMotion: 'reduce' });
    const found = [], running = pendingRun(now());
    await post(t.server, running.request);
    await stored(t.server, running.trace, running.spans);
    for (const [name, path, ready, keys] of pages(t, running)) {
      await p.go(path);
      await p.page.locator(ready).first().waitFor();
      for (const k of keys) await p.press(k);
      if (keys.includes(' ')) await p.page.locator('.peek .pbody').waitFor();
      for (const theme of ['light', 'dark']) {
        await paint(p.page, theme);
        found.push(...(await serious(p.page)).map((f) => `${name}, ${theme}: ${f}`));
      }
      await paint(p.page, 'light');
    }
    equal(found, [], 'findings');
  }],
  ['the keyboard reaches every control, and the key map opens and closes', async (t) => {
    const p = await t.open();
    await p.go('/search');
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    const seen = new Set();
    for (let i = 0; i < 200 && !seen.has('grid'); i++) {
      await p.press('Tab');
      seen.add(await p.page.evaluate(() => { const e = document.activeElement; return e?.getAttribute('role') ?? e?.tagName ?? ''; }));
    }
    for (const role of ['A', 'combobox', 'BUTTON', 'INPUT', 'grid']) ok(seen.has(role), `${role} by tab: ${[...seen]}`);
    await p.go('/search');
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    await until('the skip button has the focus', async () => { await p.press('Tab'); return p.page.evaluate(() => document.activeElement?.className === 'skip'); });
    await p.press('Enter');
    equal(await p.page.evaluate(() => document.activeElement?.getAttribute('role')), 'grid', 'focus after skipping');
    await p.press('?');
    await p.page.getByRole('dialog', { name: 'Keyboard map' }).waitFor();
    await p.press('Escape');
    await until('it closes', async () => (await p.page.getByRole('dialog').count()) === 0);
    await p.press('g', 'h');
    await p.page.waitForURL(/\/health/);
    await p.press('g', 's');
    await p.page.waitForURL(/\/search/);
  }],
  ['the theme follows the system and remembers a choice', async (t) => {
    const p = await t.open({ colorScheme: 'dark' });
    await p.go('/search');
    const theme = () => p.page.evaluate(() => document.documentElement.dataset.theme);
    equal(await theme(), 'dark', 'theme');
    await p.press('g', 't');
    await until('light', async () => (await theme()) === 'light');
    await p.page.reload();
    equal(await theme(), 'light', 'theme after a reload');
  }],
]);
