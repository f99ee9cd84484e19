import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { renderToStaticMarkup } from 'react-dom/server';
import { createElement } from 'react';
import { joined, type Row } from '../src/search/use-rows';
import { SampledNote } from '../src/ui/bits';
import { paced } from '../src/ui/paced';

describe('readings that events ask for', () => {
  beforeEach(() => { vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] }); });
  afterEach(() => { vi.useRealTimers(); });
  it('go one at a time, and however often they are asked for meanwhile, once more', async () => {
    const done: (() => void)[] = [];
    const p = paced(() => new Promise<void>((r) => done.push(r)), { least: 50 });
    p.ask();
    p.ask();
    p.ask();
    expect(done.length).toBe(1);
    vi.advanceTimersByTime(300);
    done[0]!();
    await vi.advanceTimersByTimeAsync(299);
    expect(done.length, 'a pause of as long as it took').toBe(1);
    await vi.advanceTimersByTimeAsync(2);
    expect(done.length).toBe(2);
    done[1]!();
    await vi.advanceTimersByTimeAsync(1000);
    expect(done.length, 'nothing was asked').toBe(2);
    p.ask();
    expect(done.length, 'at once').toBe(3);
  });
  it('go on after one that failed, and end when they are stopped', async () => {
    let n = 0;
    const p = paced(() => { n++; return Promise.reject(new Error('away')); }, { least: 10 });
    p.ask();
    p.ask();
    await vi.advanceTimersByTimeAsync(11);
    expect(n).toBe(2);
    p.ask();
    p.stop();
    await vi.advanceTimersByTimeAsync(1000);
    p.ask();
    expect(n).toBe(2);
  });
});

describe('rows of a live list', () => {
  const row = (id: string, spans = 1): Row => ({ trace_id: id, shape: [], spans } as unknown as Row);
  it('has what came in above what was read, each once, as it was told last', () => {
    const rows = joined([row('new'), row('b', 2)], [row('a'), row('b'), row('c'), row('a')]);
    expect(rows.map((r) => ('trace_id' in r ? `${r.trace_id}${(r as unknown as { spans: number }).spans}` : ''))).toEqual(['new1', 'a1', 'b2', 'c1']);
  });
});

describe('figures after retention sampling', () => {
  const text = (of: Parameters<typeof SampledNote>[0]['of']): string => renderToStaticMarkup(createElement(SampledNote, { of }));
  it('say whether they are estimates or of what is stored alone', () => {
    expect(text([undefined, {}])).toBe('');
    expect(text([{ adjusted: true }])).toContain('estimates');
    expect(text([{ adjusted: true }, { stored_only: true }])).toContain('stored traces only');
  });
});
