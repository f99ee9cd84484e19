import { describe, expect, it } from 'vitest';
import type { SpanSummary, TraceWindow, WindowRow } from '../src/api/types';
import { columnsOf, curveOf, heightOf, keyOf, layers, placesOf } from '../src/services/layout';
import { cubic } from '../src/services/edge-labels';
import { criticalPieces, threadPath, without } from '../src/trace/bars';
import { buildIndex, nextInOrder, nextInRank, selfTimes } from '../src/trace/nav-index';
import { WindowSource, withFold, type WindowParams } from '../src/trace/window-source';
import { parseMarkdown } from '../src/text/markdown';
import { parseRoute, withParams } from '../src/url/router';

const span = (id: string, parent: string | null, start: number, duration: number, more: Partial<SpanSummary> = {}): SpanSummary => ({
  trace_id: 't', span_id: id, parent_span_id: parent, name: id, service: 's', kind: 'other', span_kind: 'internal', status: 'unset', status_message: null, start_unix_nano: String(1_795_360_772_000_000_000n + BigInt(start)), duration_ns: duration,
  provider: null, model: null, tool: null, agent: null, session: null, user: null, usage: null, cost: { nano_usd: null, state: 'none', reported_nano_usd: null }, turn_number: null, ...more,
});

describe('self time', () => {
  it('takes off what children cover once, and only inside the span', () => {
    const s = [['p', null, 0, 100], ['a', 'p', 10, 30], ['b', 'p', 20, 40], ['c', 'p', 90, 50], ['d', 'a', 10, 30]].map(([id, parent, start, duration]) => ({ id: id as string, parent: parent as string | null, start: start as number, duration: duration as number }));
    expect(selfTimes(s)).toEqual([40, 0, 40, 50, 30]);
  });
});
describe('jump keys', () => {
  const index = buildIndex([span('root', null, 0, 100), span('e1', 'root', 10, 10, { status: 'error' }), span('x', 'root', 30, 50), span('e2', 'root', 90, 5, { status: 'error' })], true);
  it('go round the errors in order of time, both ways', () => {
    expect(nextInOrder(index, index.errors, null, 1)).toBe('e1');
    expect(nextInOrder(index, index.errors, 'e1', 1)).toBe('e2');
    expect(nextInOrder(index, index.errors, 'x', 1)).toBe('e2');
    expect(nextInOrder(index, index.errors, 'e2', 1)).toBe('e1');
    expect(nextInOrder(index, index.errors, 'x', -1)).toBe('e1');
    expect(nextInOrder(index, [], 'x', 1)).toBeNull();
  });
  it('go down a ranking from its head', () => {
    expect(nextInRank(index, index.slow, null, 1)).toBe('x');
    expect(nextInRank(index, index.slow, 'x', 1)).toBe('root');
    expect(nextInRank(index, index.slow, 'x', -1)).toBe('e2');
  });
});

const row = (i: number, depth = 1, more: Partial<WindowRow> = {}): WindowRow => ({
  row: i, depth, span_id: `s${i}`, parent_span_id: i === 0 ? null : 's0', parent_unknown: false, name: `n${i}`, service: 's', kind: 'tool', span_kind: 'internal', status: 'unset', error: null, offset_ns: i, duration_ns: 1, self_ns: 1, end_before_start: false, children: 0, descendants: 0, folded: false, hidden: 0,
  model: null, tool: null, agent: null, turn_number: null, usage: null, rollup: { input: 0, output: 0, cache_read: 0, cost: { nano_usd: null, state: 'none', reported_nano_usd: null }, errors: 0, llm_calls: 0, tool_calls: 0 }, cost: { nano_usd: null, state: 'none', reported_nano_usd: null }, first_token_ns: null, critical: false, critical_ns: 0, match: false, ...more,
});
const none: WindowParams = { folded: [], unfolded: [], depth: null, plumbing: false, find: '', group: true, ungrouped: [] };
function server(total: number, opened: string[] = []) {
  const asked: Record<string, unknown>[] = [];
  const fetch = (_t: string, p: Record<string, unknown>): Promise<TraceWindow> => {
    asked.push(p);
    const visible = p['folded'] ? Math.floor(total / 2) : total;
    const first = p['around'] ? Math.max(0, Number(String(p['around']).slice(1)) - 80) : Number(p['first'] ?? 0), count = Number(p['count']);
    const rows: WindowRow[] = [];
    for (let i = first; i < Math.min(visible, first + count); i++) rows.push(row(i));
    return Promise.resolve({ trace_id: 't', revision: 'r', total_rows: visible, total_spans: total, first, rows, start_unix_nano: '0', end_unix_nano: '1000', minimap: null, ...(p['around'] ? { opened } : {}) });
  };
  return { asked, fetch };
}
const settle = (): Promise<void> => new Promise((r) => setTimeout(r, 0));

describe('window of rows', () => {
  it('asks for the pages in sight and for no other, each once', async () => {
    const s = server(100_000);
    const w = new WindowSource('t', none, s.fetch);
    await w.start_(null);
    w.ensure(0, 60);
    w.ensure(50_100, 50_260);
    w.ensure(50_100, 50_260);
    await settle();
    expect(s.asked.map((p) => p['first'])).toEqual([0, 50_000, 50_200]);
    expect(w.row(50_150)?.span_id).toBe('s50150');
    expect(w.row(400)).toBeUndefined();
    expect(w.total).toBe(100_000);
  });
  it('finds a span far away and says what had to be opened', async () => {
    const s = server(100_000, ['s0', 's7']);
    const w = new WindowSource('t', { ...none, folded: ['s3'] }, s.fetch);
    await w.start_(null);
    let seen: WindowParams | null = null;
    expect(await w.locate('s40000', (p) => { seen = p; })).toBe(40_000);
    expect(seen).toMatchObject({ folded: ['s3'], unfolded: ['s7'] });
  });
  it('keeps the old rows until those of a new fold set are here', async () => {
    const s = server(1000);
    const w = new WindowSource('t', none, s.fetch);
    await w.start_(null);
    const done = w.setParams({ ...none, folded: ['s0'] });
    expect(w.total).toBe(1000);
    expect(w.row(5)).toBeDefined();
    await done;
    expect(w.total).toBe(500);
  });
  it('folds and opens by difference from the default', () => {
    const closed = withFold(none, { span_id: 'a', folded: false }, true);
    expect(closed.folded).toEqual(['a']);
    expect(withFold(closed, { span_id: 'a', folded: true }, false)).toEqual(none);
    expect(withFold(none, { span_id: 'b', folded: true }, false).unfolded).toEqual(['b']);
  });
});

describe('critical thread', () => {
  it('runs along a row whose children are hidden, less what is shown below it', () => {
    const list = [row(0, 1, { critical: true, offset_ns: 0, duration_ns: 100, hidden: 3, children: 4 }), row(1, 2, { critical: true, critical_ns: 10, offset_ns: 5, duration_ns: 10 })];
    expect(criticalPieces(list)).toEqual([[0, 5, 0], [5, 15, 1], [15, 100, 0]]);
    expect(threadPath(criticalPieces(list), { from: 0, to: 100, width: 100 }, 0, 26)).toBe('M0.0 22.5L5.0 22.5L5.0 22.5L5.0 48.5L15.0 48.5L15.0 48.5L15.0 22.5L100.0 22.5');
  });
  it('cuts intervals', () => {
    expect(without([0, 10], [[2, 4], [3, 6], [9, 20]])).toEqual([[0, 2], [6, 9]]);
  });
});
describe('service map', () => {
  it('puts callers before called, and survives loops', () => {
    const l = layers([{ parent: 'web', child: 'agent' }, { parent: 'agent', child: 'index' }, { parent: 'web', child: 'index' }, { parent: 'index', child: 'agent' }]);
    expect([l.get('web'), l.get('agent'), l.get('index')]).toEqual([0, 1, 2]);
  });
  it('leads no edge behind a node', () => {
    const edges = ['web>agent', 'agent>tools', 'tools>db', 'tools>index', 'web>db', 'web>index', 'agent>db', 'web>llm', 'agent>llm', 'tools>llm', 'db>web', 'index>agent', 'batch>llm', 'batch>batch'].map((t) => { const [parent, child] = t.split('>') as [string, string]; return { parent, child }; });
    const columns = columnsOf(edges, (n) => n === 'llm'), height = heightOf(columns, 100), at = placesOf(columns, 1200, height);
    const nodes = [...at].filter(([id]) => !id.startsWith('\u0001'));
    expect(nodes.map(([id]) => id).sort()).toEqual(['agent', 'batch', 'db', 'index', 'llm', 'tools', 'web']);
    expect(at.get('llm')!.x).toBe(Math.max(...nodes.map(([, b]) => b.x)));
    for (const [, b] of nodes) expect(b.y >= 0 && b.y + b.h <= height).toBe(true);
    for (const e of edges) for (const piece of curveOf(e, at, columns.ways)!) for (let t = 0; t <= 1; t += 0.02) {
      const [x, y] = cubic(piece, t);
      for (const [id, b] of nodes) if (id !== e.parent && id !== e.child) expect(x > b.x && x < b.x + b.w && y > b.y && y < b.y + b.h, `${keyOf(e)} behind ${id}`).toBe(false);
    }
  });
});
describe('markdown', () => {
  it('is blocks of text, with nothing that could run', () => {
    const m = parseMarkdown('# Title\n\nHello <img src=x onerror=alert(1)> [a](javascript:alert(1))\n\n- one\n2. two\n```js\ncode **not bold**\n```\n');
    expect(m.map((b) => b.type)).toEqual(['h', 'p', 'li', 'li', 'code']);
    expect(m[1]).toMatchObject({ text: 'Hello <img src=x onerror=alert(1)> [a](javascript:alert(1))' });
  });
});
describe('addresses', () => {
  it('know the pages', () => {
    expect(parseRoute('/').page).toBe('search');
    expect(parseRoute('/t/ABCDEF0123456789abcdef0123456789?s=1').id).toBe('abcdef0123456789abcdef0123456789');
    expect(parseRoute('/t/<script>').page).toBe('unknown');
    expect(parseRoute('/services/x').page).toBe('unknown');
    expect(parseRoute('/search?q=why?&row=spans').params.get('q')).toBe('why?');
  });
  it('leave defaults out', () => {
    expect(withParams('/search?q=a&live=1', { live: null, q: 'kind:llm' })).toBe('/search?q=kind:llm');
    expect(withParams('/search?q=a', { q: '' })).toBe('/search');
  });
});
