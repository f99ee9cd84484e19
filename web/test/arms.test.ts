import { describe, expect, it } from 'vitest';
import { bins, mean, meanDifference, meanInterval, quantile, shareDifference, shareInterval } from '../src/compare/stats';
import { fuzzy } from '../src/frame/palette';
import { shortArguments } from '../src/trace/conversation';
import { alike } from '../src/trace/usual';
import type { SpanDetail } from '../src/api/types';

describe('figures of experiment arms', () => {
  it('takes quantiles between neighbours', () => {
    expect(quantile([1, 2, 3, 4], 0.5)).toBe(2.5);
    expect(quantile([7], 0.95)).toBe(7);
    expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
  });
  it('gives no interval for under five values, and the same one each time', () => {
    expect(meanInterval([1, 2, 3, 4])).toBeNull();
    const v = Array.from({ length: 60 }, (_, i) => (i * 37) % 19);
    const a = meanInterval(v)!;
    expect(meanInterval(v)).toEqual(a);
    expect(a[0]).toBeLessThan(mean(v));
    expect(a[1]).toBeGreaterThan(mean(v));
    // About ± 1.96 s / √n.
    const s = Math.sqrt(v.reduce((n, x) => n + (x - mean(v)) ** 2, 0) / (v.length - 1));
    expect((a[1] - a[0]) / 2).toBeGreaterThan((1.96 * s) / Math.sqrt(v.length) * 0.8);
    expect((a[1] - a[0]) / 2).toBeLessThan((1.96 * s) / Math.sqrt(v.length) * 1.2);
  });
  it('calls a shift a difference, and a sample against itself none', () => {
    const v = Array.from({ length: 40 }, (_, i) => 100 + ((i * 13) % 11)), w = v.map((x) => x + 20);
    const d = meanDifference(v, w)!;
    expect(d.d).toBeCloseTo(20);
    expect(d.interval![0]).toBeGreaterThan(0);
    const same = meanDifference(v, v)!;
    expect(same.interval![0]).toBeLessThan(0);
    expect(same.interval![1]).toBeGreaterThan(0);
    expect(meanDifference([], v)).toBeNull();
  });
  it('knows shares of few and of none (Wilson: 0 of 10 is 0 to 27.8 %)', () => {
    const [a, b] = shareInterval(0, 10)!;
    expect(a).toBe(0);
    expect(b).toBeCloseTo(0.2775, 3);
    expect(shareInterval(0, 0)).toBeNull();
    // Newcombe 1998, table II (56/70 against 48/80): 0.0524 to 0.3339.
    const d = shareDifference(48, 80, 56, 70)!;
    expect(d.interval![0]).toBeCloseTo(0.0524, 3);
    expect(d.interval![1]).toBeCloseTo(0.3339, 3);
  });
  it('counts every value in a bin', () => {
    expect(bins([1, 10, 100, 1000], 1, 1000, 3, true)).toEqual([1, 1, 2]);
    expect(bins([5, 5], 5, 5, 4, false).reduce((x, y) => x + y)).toBe(2);
  });
});

describe('the palette', () => {
  it('finds letters in order and prefers the starts of words', () => {
    expect(fuzzy('Compare experiment arms', 'cea')).not.toBeNull();
    expect(fuzzy('Compare experiment arms', 'zz')).toBeNull();
    expect(fuzzy('Search', 'sea')!).toBeLessThan(fuzzy('Dissect a heap', 'sea')!);
  });
});

describe('what a call is compared with and how its arguments are told', () => {
  const d = (x: Partial<SpanDetail>): SpanDetail => ({ kind: 'other', name: 'x', service: 's', tool: null, model: null, agent: null, input: [], ...x }) as SpanDetail;
  it('goes by tool, model, agent, or name within the service', () => {
    expect(alike(d({ kind: 'tool', tool: 'find it' })).q).toBe('tool:"find it" kind:tool');
    expect(alike(d({ kind: 'llm', model: 'm' })).q).toBe('model:m kind:llm');
    expect(alike(d({ name: 'a:b' })).q).toBe('name:"a:b" service:s');
  });
  it('writes flat short arguments on one line and leaves others to the page', () => {
    const part = (content: string) => d({ input: [{ role: 'tool', source: 'x', parts: [{ type: 'text', content, bytes: 1 }] }] });
    expect(shortArguments(part('{"order":48213,"q":"a b"}'))).toBe('order: 48213, q: "a b"');
    expect(shortArguments(part('{"a":{"b":1}}'))).toBeNull();
    expect(shortArguments(part('plain'))).toBeNull();
    expect(shortArguments(part(`{"a":"${'x'.repeat(200)}"}`))).toBeNull();
  });
});
