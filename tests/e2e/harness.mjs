// The browser tests' ground: the real server on free ports, Debian's Chromium, and pages that notice what must never happen.
import { spawn } from 'node:child_process';
import { createRequire } from 'node:module';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = join(dirname(fileURLToPath(import.meta.url)), '../..');
export const require = createRequire(join(root, 'web/package.json'));
const { chromium } = require('playwright-core');

// Long, because what is waited for may share two cores with a build; nothing is measured by it.
export const deadline = 60_000;

/** Waits for a condition, never for time: `f` until it gives something, or fails with what was last seen. */
export async function until(what, f, ms = deadline) {
  const end = Date.now() + ms;
  let last;
  for (;;) {
    try { last = await f(); if (last) return last; } catch (e) { last = e; }
    if (Date.now() > end) throw new Error(`waited ${ms} ms for ${what}; last: ${last instanceof Error ? last.message : JSON.stringify(last)}`);
    await new Promise((r) => setTimeout(r, 50));
  }
}

export const equal = (have, want, what) => { if (JSON.stringify(have) !== JSON.stringify(want)) throw new Error(`${what}: have ${JSON.stringify(have)}, want ${JSON.stringify(want)}`); };
export const ok = (condition, what) => { if (!condition) throw new Error(what); };

const address = (a) => (a.startsWith('http') ? a : `http://${a}`);

/** Starts `turnscope serve` on a directory of its own, or on `folder`, which stays; `settings` as "key.path=value". */
export async function startServer(settings = [], folder = null) {
  const binary = process.env.TURNSCOPE_BIN ?? join(root, 'build/turnscope');
  if (!existsSync(binary)) throw new Error(`no server at ${binary}: build it, or set TURNSCOPE_BIN`);
  const dist = join(root, 'web/dist');
  if (!existsSync(join(dist, 'index.html'))) throw new Error('web/dist is not built: npm --prefix web ci && npm --prefix web run build');
  const data = folder ?? mkdtempSync(join(tmpdir(), 'turnscope-e2e-'));
  const child = spawn(binary, ['serve', '--data', data, '--listen-ui', '127.0.0.1:0', '--listen-http', '127.0.0.1:0', '--listen-grpc', '127.0.0.1:0', '--set', `ui.dir=${dist}`, ...settings.flatMap((s) => ['--set', s])], { stdio: ['ignore', 'pipe', 'pipe'] });
  let out = '', err = '', exit = null;
  child.stdout.on('data', (d) => { out += d; });
  child.stderr.on('data', (d) => { err = (err + d).slice(-20_000); });
  child.on('exit', (code, signal) => { exit = code ?? signal; });
  const ready = await until('the server\'s ready line', () => {
    if (exit !== null) return { ended: exit };
    const line = out.split('\n').find((l) => l.startsWith('{'));
    return line && JSON.parse(line);
  }, 60_000).catch((e) => { child.kill('SIGKILL'); throw e; });
  if (ready.ended !== undefined) throw new Error(`the server ended with ${ready.ended}: ${err}`);
  return {
    ui: address(ready.ui), http: address(ready.http), pid: child.pid, log: () => err,
    stop: async () => {
      child.kill('SIGTERM');
      await until('the server to stop', () => exit !== null, 20_000).catch(() => child.kill('SIGKILL'));
      if (folder === null) rmSync(data, { recursive: true, force: true });
      return exit;
    },
  };
}

export async function post(server, body, type = 'application/json', signal = 'traces') {
  const r = await fetch(`${server.http}/v1/${signal}`, { method: 'POST', headers: { 'content-type': type }, body: typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body) });
  if (!r.ok) throw new Error(`OTLP export refused: ${r.status} ${await r.text()}`);
}
export async function api(server, path) {
  const r = await fetch(`${server.ui}/api/v1${path}`);
  if (!r.ok) throw new Error(`GET ${path}: ${r.status} ${await r.text()}`);
  return r.json();
}
/** Until the store answers with a trace of `spans` spans. */
export const stored = (server, trace, spans) => until(`trace ${trace} in the store`, async () => { const t = await api(server, `/traces/${trace}`); return t.spans >= spans && t; });

export const startBrowser = () => chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});

/** A page that records what must never happen; check() fails when it did. */
export async function openPage(browser, server, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1600, height: 1000 }, colorScheme: 'light', locale: 'en-GB', timezoneId: 'Europe/Berlin', ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(deadline);
  const seen = { foreign: [], errors: [], dialogs: [], violations: [] };
  const host = new URL(server.ui).host;
  page.on('request', (r) => { const u = new URL(r.url()); if (!['data:', 'blob:', 'about:'].includes(u.protocol) && u.host !== host) seen.foreign.push(r.url()); });
  page.on('dialog', (d) => { seen.dialogs.push(d.message()); void d.dismiss(); });
  page.on('pageerror', (e) => seen.errors.push(e.message));
  page.on('console', (m) => { if (/Content.Security.Policy|Refused to/i.test(m.text())) seen.violations.push(m.text()); else if (m.type() === 'error' && !/Failed to load resource/.test(m.text())) seen.errors.push(m.text()); });
  await page.addInitScript(() => document.addEventListener('securitypolicyviolation', (e) => console.error(`Content Security Policy: ${e.violatedDirective} ${e.blockedURI}`)));
  return {
    page, context, seen,
    go: async (path) => { await page.goto(server.ui + path, { waitUntil: 'load' }); },
    press: async (...keys) => { for (const k of keys) await page.keyboard.press(k); },
    selected: () => page.evaluate(() => new URLSearchParams(location.search).get('s')),
    check: async () => {
      const ran = await page.evaluate(() => globalThis.__xss ?? null).catch(() => null);
      equal({ ...seen, ran }, { foreign: [], errors: [], dialogs: [], violations: [], ran: null }, 'what must never happen on a page');
      await context.close();
    },
  };
}

/** The page in the other theme without reading it again; two frames later everything is drawn. */
export const paint = (page, theme) => page.evaluate((to) => new Promise((done) => {
  document.documentElement.dataset.theme = to;
  dispatchEvent(new Event('turnscope:theme'));
  requestAnimationFrame(() => requestAnimationFrame(() => done()));
}), theme);
