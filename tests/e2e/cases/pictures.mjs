import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { ok, paint, post, root, stored, until } from '../harness.mjs';
import { now } from '../data.mjs';
import { pendingRun } from '../pending.mjs';

// Pictures of the pages for docs/ui, each 1600×1000; taken from the real server with the data of these tests.
const out = join(root, 'docs/ui');

export default {
  'every page in both themes, for the documentation': async (t) => {
    mkdirSync(out, { recursive: true });
    const p = await t.open({ reducedMotion: 'reduce' });
    const shoot = async (name) => {
      await p.page.waitForLoadState('networkidle').catch(() => undefined);
      await until('nothing in sight is being read', () => p.page.evaluate(() => [...document.querySelectorAll('.sk')].every((e) => { const b = e.getBoundingClientRect(); return b.width === 0 || b.top > innerHeight || b.bottom < 0; })));
      for (const theme of ['dark', 'light']) {
        await paint(p.page, theme);
        const file = join(out, `${name}-${theme}.png`);
        await p.page.screenshot({ path: file });
        ok(statSync(file).size < 400_000, `${file} has ${statSync(file).size} bytes`);
      }
    };
    await p.go('/search?q=service:support-agent&from=now-24h');
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    await p.page.locator('.fac label').first().waitFor();
    await p.press('j', 'j', 'j');
    await shoot('search');
    await p.go(`/t/${t.design.trace}?plumbing=hide&s=${t.design.ids.answer}`);
    await p.page.locator('.pc').waitFor();
    await p.page.locator('.tot').waitFor();
    await shoot('trace');
    await p.go(`/t/${t.design.trace}?r=conversation`);
    await p.page.locator('.step .msg').first().waitFor();
    await shoot('conversation');
    for (const [name, path, ready] of [
      ['flame', `/t/${t.design.trace}?r=flame&s=${t.design.ids.search_policies}&plumbing=hide`, '.flame canvas'],
      ['graph', `/t/${t.design.trace}?r=graph&s=${t.design.ids.search_policies}`, '.gn'],
      ['statistics', `/t/${t.design.trace}?r=statistics`, '.stats tbody tr'],
      ['logs', `/t/${t.design.trace}?r=logs&s=${t.design.ids.issue_refund}`, '.lg'],
    ]) {
      await p.go(path);
      await p.page.locator(ready).first().waitFor();
      await shoot(name);
    }
    for (const [name, path, ready] of [
      ['overview', '/overview', '.chart rect.cbar'],
      ['difference', '/search?q=service:support-agent&plot=duration&cloud=duration,1700000000000,1999999999999,12000000000,90000000000', '.difrow .num'],
      ['sessions', '/sessions?from=now-24h', '.tbody .tr:not(.skrow)'],
      ['session', '/session?id=sess-parcel', '.stc .sa'],
      ['users', '/users', '.ulist tbody a'],
      ['compare', `/compare?a=${t.earlier.trace}&b=${t.design.trace}&part=system`, '.answers .value'],
      ['arms', '/compare?by=variant', '.armplot rect'],
      ['services', '/services', '.svc .map .node'],
      ['prices', '/prices', '.opage tbody a'],
      ['storage', '/storage', '.opage td.fwm'],
      ['metrics', '/agent-metrics?name=gen_ai.client.token.usage&by=gen_ai.request.model,gen_ai.token.type&from=now-6h', '.mview tbody tr'],
      ['durations', '/agent-metrics?name=gen_ai.client.operation.duration&from=now-6h', '.mview tbody tr'],
      ['mappings', '/mappings', '.opage td.mono'],
      ['keys', '/keys', '.opage pre'],
    ]) {
      await p.go(path);
      await p.page.locator(ready).first().waitFor();
      await shoot(name);
    }
    await p.go('/health');
    await p.page.locator('.cell').first().waitFor();
    await shoot('health');
    await p.go('/redact');
    await p.page.getByRole('button', { name: 'An example' }).click();
    await p.page.locator('#plain').press('Control+Enter');
    await p.page.locator('.exps').first().waitFor();
    await shoot('redaction');
    await p.go('/explain');
    await p.page.getByRole('button', { name: 'An example' }).click();
    await p.page.locator('#payload').press('Control+Enter');
    await p.page.locator('.exps').first().waitFor();
    await shoot('explain');
    await p.go(`/t/${t.design.trace}?plumbing=hide&s=${t.design.ids.search_policies}`);
    await p.page.locator('.usual .utrack').waitFor();
    await p.press('Control+k');
    await p.page.locator('.palette [role=option]').first().waitFor();
    await p.page.keyboard.type('read');
    await shoot('palette');
    // Last, so that no other picture has it.
    const running = pendingRun(now());
    await post(t.server, running.request);
    await stored(t.server, running.trace, running.spans);
    await p.go(`/t/${running.trace}?s=${running.running}`);
    await p.page.locator('.b.open').first().waitFor();
    await p.page.locator('.det[data-span]').waitFor();
    await shoot('unfinished');
  },
};
