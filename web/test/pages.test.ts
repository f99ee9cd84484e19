import { describe, expect, it } from 'vitest';
import { align, common } from '../src/compare/align';
import { counts, diffTexts, sequence, words } from '../src/compare/diff';
import { axisSteps } from '../src/chart/chart';
import { logMarks, readCloud, writeCloud } from '../src/search/scatter';
import { fitColumns, templateOf, type Column } from '../src/search/table';
import { groups, tokenize, toggle } from '../src/search/language';
import { attempts } from '../src/sessions/session-page';
import { filling, shares } from '../src/trace/context-panel';
import { lanesOf, mergeByName } from '../src/trace/flame/lanes';
import { aggregated, expanded } from '../src/trace/graph/model';
import { plain } from '../src/trace/graph/layout';
import { markdownOf } from '../src/trace/copy-menu';
import { buildIndex } from '../src/trace/nav-index';
import { statistics } from '../src/trace/statistics';
import { readPanels } from '../src/overview/panels';
import { measure, unitWord } from '../src/metrics/measure';
import { drawn, functionsOf, readCondition, timesFor } from '../src/metrics/model';
import { placeLabels, type EdgeLabel } from '../src/services/edge-labels';
import type { ContextCall, MetricSeries, SpanSummary, TraceHeader } from '../src/api/types';

const span = (id: string, parent: string | null, start: number, duration: number, more: Partial<SpanSummary> = {}): SpanSummary => ({
  trace_id: 't', span_id: id, parent_span_id: parent, name: id, service: 's', kind: 'other', span_kind: 'internal', status: 'unset', status_message: null, start_unix_nano: String(1_000_000_000 + start), duration_ns: duration,
  provider: null, model: null, tool: null, agent: null, session: null, user: null, usage: null, cost: { nano_usd: null, state: 'none', reported_nano_usd: null }, turn_number: null, ...more,
});
const run = (): ReturnType<typeof buildIndex> => buildIndex([
  span('root', null, 0, 100, { kind: 'agent', agent: 'shop' }), span('turn', 'root', 0, 90, { kind: 'turn', turn_number: 1 }), span('llm', 'turn', 0, 30, { kind: 'llm', model: 'm' }),
  span('tool', 'turn', 30, 50, { kind: 'tool', tool: 'search' }), span('http', 'tool', 31, 48), span('tool2', 'turn', 35, 20, { kind: 'tool', tool: 'look', status: 'error' }),
], true);

describe('the readings of a trace', () => {
  it('puts no span over another that still runs in its lane', () => {
    const i = run(), { lane, count } = lanesOf(i);
    const at = (id: string): number => lane[i.place.get(id)!]!;
    expect([at('root'), at('turn'), at('llm'), at('tool')]).toEqual([0, 1, 2, 2]);
    expect(at('tool2')).toBeGreaterThan(at('tool'));
    expect(count).toBe(Math.max(...lane) + 1);
  });
  it('merges calls of one name under one path and keeps sums', () => {
    const [root] = mergeByName(run());
    expect(root!.total).toBe(100);
    expect(root!.children[0]!.children.map((c) => [c.name, c.total])).toEqual([['search', 50], ['llm', 30], ['look', 20]]);
  });
  it('ranks a call with the requests below it', () => {
    const i = run();
    expect(i.spans[i.place.get('http')!]!.plumbing).toBe(true);
    expect(i.spans[i.slow[0]!]!.id).toBe('tool');
    expect(i.spans[i.place.get('tool')!]!.self).toBe(2);
  });
  it('draws agents, models and tools by parents, without turns and requests', () => {
    const g = aggregated(run(), undefined);
    expect(g.nodes.map((n) => n.id).sort()).toEqual(['agent shop', 'llm m', 'tool look', 'tool search']);
    expect(g.edges.map((e) => `${e.from}>${e.to}`).sort()).toEqual(['agent shop>llm m', 'agent shop>tool look', 'agent shop>tool search']);
    expect(g.nodes.find((n) => n.id === 'agent shop')!.turns).toBe(1);
    const all = expanded(run(), undefined);
    expect(all.edges.find((e) => e.to === 'tool')).toMatchObject({ from: 'llm', type: 'next' });
    const p = plain(g, 'RIGHT');
    expect(p.nodes.get('llm m')!.x).toBeGreaterThan(p.nodes.get('agent shop')!.x);
  });
  it('has statistics whose self times add up, and says what has no value', () => {
    const s = statistics(run(), 'tool');
    expect(s.without).toBe(4);
    expect(statistics(run(), 'turn').rows.find((r) => r.key === 'turn 1')!.count).toBe(5);
    expect(statistics(run(), 'name').rows.reduce((n, r) => n + r.self, 0)).toBeGreaterThanOrEqual(100);
  });
  it('shares tokens out by size and keeps unknown unknown', () => {
    const call: ContextCall = { span_id: 'a', name: 'x', model: null, agent: null, turn_number: 1, offset_ns: 0, input_tokens: 100, input_nano_usd: null, messages: 2, resent_messages: 1, parts: [{ type: 'tool_result', name: 'search', count: 1, bytes: 300, new_bytes: 300 }, { type: 'system', name: null, count: 1, bytes: 100, new_bytes: 100 }] };
    expect(filling(call).map((f) => [f.tool, f.tokens, f.nano])).toEqual([['search', 75, null], [null, 25, null]]);
    expect(shares(call)).toEqual({ fixed: 100, resent: 0, fresh: 300, all: 400 });
    expect(filling({ ...call, input_tokens: null })[0]!.tokens).toBeNull();
  });
  it('quotes what strangers wrote in its markdown', () => {
    const h = { trace_id: 'ab', agent: 'x`y', root: null, question: '# not a heading\n- nor a list', answer: null, duration_ns: 1e9, cost: { nano_usd: null, state: 'unpriced', reported_nano_usd: null }, tokens: null, turns: 0, llm_calls: 1, tool_calls: 0, errors: 0, findings: [] } as unknown as TraceHeader;
    const md = markdownOf(h, 'http://x/t/ab');
    expect(md).toContain('> # not a heading\n> - nor a list');
    expect(md).toContain('cost unpriced');
    expect(md).toContain('`x y`');
  });
});

describe('compare', () => {
  it('finds the longest common steps', () => {
    expect(common(['a', 'b', 'c'], ['b', 'x', 'c'])).toEqual([[1, 0], [2, 2]]);
    expect(common([], ['a'])).toEqual([]);
  });
  it('aligns by the tree', () => {
    const other = buildIndex([span('r', null, 0, 100, { kind: 'agent', agent: 'shop' }), span('t', 'r', 0, 90, { kind: 'turn', name: 'turn' }), span('l', 't', 0, 30, { kind: 'llm', name: 'llm' }), span('x', 't', 30, 5, { kind: 'tool', tool: 'new' }), span('y', 't', 40, 5, { kind: 'tool', tool: 'search' })], true);
    const p = align(run(), other);
    expect(p.map((x) => [x.a?.id ?? null, x.b?.id ?? null])).toEqual([['root', 'r'], ['turn', 't'], ['llm', 'l'], [null, 'x'], ['tool', 'y'], ['tool2', null]]);
  });
  it('diffs by lines and by words, and what it says adds up to both texts', () => {
    const a = 'one two three\nsame\nsame too\nold line', b = 'one 2 three\nsame\nsame too\nnew line\nmore';
    const rows = diffTexts(a, b);
    const left: string[] = [], right: string[] = [];
    for (const r of rows) if (r.type === 'same') { left.push(...r.lines); right.push(...r.lines); } else { if (r.a) left.push(r.a.map((p) => p.text).join('')); if (r.b) right.push(r.b.map((p) => p.text).join('')); }
    expect(left.join('\n')).toBe(a);
    expect(right.join('\n')).toBe(b);
    expect(counts(rows)).toEqual({ added: 3, removed: 2, same: 6 });
  });
  it('is a true edit script for random texts', () => {
    let seed = 3;
    const random = (n: number): number => { seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff; return seed % n; };
    for (let k = 0; k < 300; k++) {
      const a = Array.from({ length: random(14) }, () => 'abc'[random(3)]!), b = Array.from({ length: random(14) }, () => 'abc'[random(3)]!);
      const s = sequence(a, b);
      expect(s.filter((x) => x.type !== 'add').map((x) => a[x.i])).toEqual(a);
      expect(s.filter((x) => x.type !== 'del').map((x) => b[x.j])).toEqual(b);
      for (const x of s) if (x.type === 'same') expect(a[x.i]).toBe(b[x.j]);
    }
  });
  it('splits any script into words', () => expect(words('Где мой 返金?').filter((w) => w.trim())).toEqual(['Где', 'мой', '返金', '?']));
});

describe('search and overview', () => {
  it('reads structure as brackets and leaves it alone when a facet is ticked', () => {
    expect(tokenize('{tool:search} >> {status:error}').filter((t) => t.type === 'paren').map((t) => t.text)).toEqual(['{', '}', '>>', '{', '}']);
    expect(groups('{service:a} > {b:1} service:x')).toEqual([expect.objectContaining({ field: 'service', values: ['x'] })]);
    expect(toggle('{service:a} > {b:1}', 'service', 'x')).toBe('{service:a} > {b:1} service:x');
  });
  it('keeps a cloud in the address', () => {
    const c = { figure: 'cost' as const, from: 1_795_000_000_000, to: 1_795_000_100_000, least: 5, most: 900 };
    expect(readCloud(writeCloud(c))).toEqual(c);
    expect(readCloud('cost,1,2')).toBeNull();
  });
  it('drops the least important columns where room is short', () => {
    const all: Column<null>[] = [{ key: 'a', title: '', width: 100, always: true, cell: () => null }, { key: 'b', title: '', width: 100, rank: 1, cell: () => null }, { key: 'c', title: '', width: 100, rank: 2, cell: () => null }];
    expect(fitColumns(all, new Set(['b', 'c']), 300).map((c) => c.key)).toEqual(['a', 'c']);
    expect(templateOf(all)).toBe('100px 100px 100px');
  });
  it('marks the same question again as attempts', () => {
    const m = attempts([{ trace_id: '1', question: 'q' }, { trace_id: '2', question: 'q' }, { trace_id: '3', question: 'z' }, { trace_id: '4', question: null }, { trace_id: '5', question: null }]);
    expect([...m]).toEqual([['1', { n: 1, of: 2 }], ['2', { n: 2, of: 2 }]]);
  });
  it('has round axes', () => {
    expect(axisSteps(7)).toEqual([0, 5, 10]);
    expect(axisSteps(0)).toEqual([0, 1]);
    expect(logMarks(1, 100)).toEqual([1, 10, 100]);
  });
  it('takes only panels that it knows', () => expect(readPanels('[{"title":"x","q":"","figure":"spans","by":"model"},{"title":1},{"title":"y","q":"","figure":"nope","by":""}]')).toHaveLength(1));
});

describe('the labels of the service map', () => {
  const line = (key: string, y0: number, y1: number): EdgeLabel => ({ key, text: '1,204, p95 120 ms', at: (t) => [100 + 200 * t, y0 + (y1 - y0) * t] });
  it('stand on their edges and not on one another', () => {
    const at = placeLabels([line('a', 50, 50), line('b', 56, 56), line('c', 50, 150)], []);
    const boxes = [...at.values()].map(([x, y]) => ({ x: x - 48, y: y - 10, w: 96, h: 13 }));
    for (const [i, a] of boxes.entries()) for (const b of boxes.slice(i + 1)) expect(a.x + a.w <= b.x || b.x + b.w <= a.x || a.y + a.h <= b.y || b.y + b.h <= a.y).toBe(true);
    expect(at.get('a')).toEqual([200, 50]);
  });
});

describe('metrics', () => {
  it('tell values in their unit', () => {
    expect([measure('s')(0.0042), measure('{token}')(1234), measure('By', true)(2048), measure('1')(0.30000000000000004), measure('USD')(0.0123), measure(null)(-1500), measure('%')(12.34)]).toEqual(['4.20 ms', '1.23 K', '2.0 KB/s', '0.3', '$0.0123', '−1.5 K', '12.3 %']);
    expect([unitWord('{token}'), unitWord('s'), unitWord('{requests}'), unitWord('1')]).toEqual(['tokens', '', 'requests', '']);
  });
  it('begin a step where one begins, and leave a wrong range to the server', () => {
    const now = Date.parse('2026-12-01T10:17:31Z');
    expect(timesFor({ from: 'now-1h', to: 'now' }, '', now)).toMatchObject({ from: '2026-12-01T09:17:00.000Z', step: '60s' });
    expect(timesFor({ from: 'now-24h', to: 'now' }, '1h', now)).toMatchObject({ from: '2026-11-30T10:00:00.000Z', step: '3600s' });
    expect(timesFor({ from: 'nonsense', to: 'now' }, '', now)).toEqual({ from: 'nonsense', to: 'now', step: '' });
  });
  it('have functions by their type', () => {
    expect(functionsOf({ type: 'histogram', monotonic: false, unit: 's' })[0]).toBe('quantile');
    expect(functionsOf({ type: 'histogram', monotonic: false, unit: '{token}' })[0]).toBe('sum');
    expect(functionsOf({ type: 'sum', monotonic: false, unit: null })[0]).toBe('last');
  });
  it('keep values that are no numbers out of the lines', () => {
    const data = { name: 'm', type: 'gauge', unit: null, step_ns: 1, by: ['k'], points: 1, more: false, searched_from: '0', searched_to: '1', series: [{ key: { k: 'a' }, values: [1, 'NaN', null, 2] }, { key: { k: null }, values: ['Infinity'] }] } as const;
    const out = drawn([{ q: null, data: data as unknown as MetricSeries }], String, false);
    expect(out.map((d) => [d.line.label, d.line.values])).toEqual([['a', [1, null, null, 2]]]);
    expect(readCondition('a=b=c')).toEqual({ key: 'a', value: 'b=c' });
  });
});
