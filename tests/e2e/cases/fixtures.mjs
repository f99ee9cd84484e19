import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { api, equal, ok, paint, post, root, stored, until } from '../harness.mjs';

// Payloads that real instrumentations sent (tests/fixtures/otlp): each run of an agent is shown whole, with the facts that its file states.
const folder = join(root, 'tests/fixtures/otlp');
const read = (path) => JSON.parse(readFileSync(path, 'utf8'));
const runs = () => readdirSync(folder).flatMap((d) => { const stem = ['agent', 'anthropic_agent', 'openai_agent'].find((s) => existsSync(join(folder, d, `${s}.expected.json`)) && existsSync(join(folder, d, `${s}.pb`))); return stem ? [[d, stem]] : []; }).map(([dialect, stem]) => {
  const expected = read(join(folder, dialect, `${stem}.expected.json`)), spans = Object.entries(expected.spans);
  // The trace with most model calls, and something that its first model call said.
  const trace = Object.entries(expected.trace_totals ?? {}).sort((a, b) => (b[1].model_calls ?? 0) - (a[1].model_calls ?? 0))[0]?.[0] ?? spans[0]?.[1].trace_id;
  const said = spans.map(([, s]) => s).filter((s) => s.trace_id === trace && s.kind === 'llm').flatMap((s) => (s.output_messages ?? []).flatMap((m) => m.parts ?? [])).map((p) => (p.type === 'text' ? p.content : p.type === 'tool_call' ? p.name : null)).find((x) => typeof x === 'string' && x.length > 3);
  return { dialect, file: join(folder, dialect, stem), expected, trace, said, total: expected.trace_totals?.[trace], count: spans.filter(([, s]) => s.trace_id === trace).length };
});

export default {
  'runs of every instrumentation that was captured are shown with their facts': async (t) => {
    const all = runs();
    ok(all.length >= 15, `${all.length} dialects with a run of an agent`);
    for (const r of all) {
      await post(t.server, readFileSync(`${r.file}.pb`), 'application/x-protobuf');
      const logs = `${r.file}.logs.pb`;
      if (existsSync(logs)) await post(t.server, readFileSync(logs), 'application/x-protobuf', 'logs');
    }
    const p = await t.open();
    let told = 0;
    // What a client sends as log records of their own stands under Logs, not in the conversation.
    for (const r of all) {
      await stored(t.server, r.trace, r.count);
      const header = await api(t.server, `/traces/${r.trace}`);
      if (r.total?.input_tokens) equal([header.tokens?.input, header.tokens?.output], [r.total.input_tokens, r.total.output_tokens], `${r.dialect}: tokens of the run`);
      await p.go(`/t/${r.trace}?r=conversation`);
      await p.page.locator('.conv').waitFor();
      await until(`${r.dialect}: the facts`, async () => (await p.page.locator('.facts .fact').count()) >= 6);
      if (r.said && header.llm_calls > 0 && !existsSync(`${r.file}.logs.pb`)) {
        const piece = r.said.replace(/[*_`#]/g, '').trim().split('\n')[0].slice(0, 24);
        await until(`${r.dialect}: ${piece}`, async () => (await p.page.locator('.conv').textContent()).replace(/[*_`#]/g, '').includes(piece));
        told++;
      }
      await p.page.getByRole('tab', { name: 'Waterfall' }).click();
      await p.page.locator('.wf-r:not(.wait)').first().waitFor();
      equal(await p.page.getByText('This page broke').count(), 0, `${r.dialect}: the waterfall`);
    }
    ok(told >= 8, `${told} conversations say what the model said`);
  },
  'a captured run in both themes, for the documentation': async (t) => {
    const r = runs().find((x) => x.dialect === 'pydantic-ai');
    await post(t.server, readFileSync(`${r.file}.pb`), 'application/x-protobuf');
    await stored(t.server, r.trace, r.count);
    const p = await t.open({ reducedMotion: 'reduce' });
    for (const [name, path, ready] of [['captured-trace', `/t/${r.trace}?r=waterfall`, '.wf-r:not(.wait)'], ['captured-conversation', `/t/${r.trace}?r=conversation`, '.step .msg']]) {
      await p.go(path);
      await p.page.locator(ready).first().waitFor();
      await p.page.waitForLoadState('networkidle').catch(() => undefined);
      if (name === 'captured-trace') { await p.press('s'); await p.page.locator('.det[data-span]').waitFor(); await p.page.waitForLoadState('networkidle').catch(() => undefined); }
      for (const theme of ['dark', 'light']) {
        await paint(p.page, theme);
        await p.page.screenshot({ path: join(root, 'docs/ui', `${name}-${theme}.png`) });
      }
    }
  },
};
