import type { Timeseries, UsageReport } from '../api/types';
import { resolveTime, type Range } from '../format/time';
import { nanos } from '../format/time';
import { paint, type Line } from '../chart/chart';

export const dimensions = { model: 'Model', agent: 'Agent', service: 'Service', prompt_version: 'Prompt version', user: 'User' } as const;
export type Dimension = keyof typeof dimensions;
export const isDimension = (t: string | null): t is Dimension => t !== null && t in dimensions;

/** The same length of time just before. */
export function before(range: Range): Range | null {
  const now = Date.now(), a = resolveTime(range.from, now), b = resolveTime(range.to, now);
  return a === null || b === null ? null : { from: new Date(a - (b - a)).toISOString(), to: new Date(a).toISOString() };
}
/** Hours up to three days, days above: what usage can be summed by. */
export function stepOf(range: Range): { by: 'hour' | 'day'; ms: number } {
  const now = Date.now(), a = resolveTime(range.from, now) ?? now, b = resolveTime(range.to, now) ?? now;
  return b - a <= 3 * 86_400e3 ? { by: 'hour', ms: 3600e3 } : { by: 'day', ms: 86_400e3 };
}
export function timesOf(range: Range, step: number): number[] {
  const now = Date.now(), a = resolveTime(range.from, now) ?? now - 86_400e3, b = resolveTime(range.to, now) ?? now;
  const out: number[] = [];
  for (let t = Math.floor(a / step) * step; t < b && out.length < 800; t += step) out.push(t);
  return out;
}

/** Usage by a dimension over time as layers, the largest first; what is beyond seven is "others". */
export function layers(report: UsageReport | undefined, by: string, time: 'hour' | 'day', times: number[], figure: 'cost' | 'tokens' | 'calls', text: (v: number) => string): Line[] {
  if (!report) return [];
  const at = new Map(times.map((t, i) => [t, i]));
  const sums = new Map<string, { total: number; values: (number | null)[] }>();
  for (const r of report.rows) {
    const i = at.get(Date.parse(r.key[time] ?? ''));
    if (i === undefined) continue;
    const key = r.key[by] ?? '';
    const v = figure === 'cost' ? r.cost.nano_usd : figure === 'tokens' ? r.tokens.total_input + r.tokens.total_output : r.calls;
    if (v === null || v === 0) continue;
    const s = sums.get(key) ?? { total: 0, values: times.map(() => null) };
    s.total += v;
    s.values[i] = (s.values[i] ?? 0) + v;
    sums.set(key, s);
  }
  const order = [...sums].sort((a, b) => b[1].total - a[1].total);
  const named = order.length > 8 ? order.slice(0, 7) : order, rest = order.length > 8 ? order.slice(7) : [];
  const out = named.map(([key, s], i): Line => ({ key, label: key || 'not told', className: paint(i), values: s.values, total: text(s.total) }));
  if (rest.length > 0) out.push({ key: '\u0000', label: `${rest.length} others`, className: paint(7), values: times.map((_, i) => rest.reduce((n, [, s]) => n + (s.values[i] ?? 0), 0) || null), total: text(rest.reduce((n, [, s]) => n + s.total, 0)) });
  return out;
}
export const msOf = (s: Timeseries | undefined): number[] => (s?.points ?? []).map((p) => Number(nanos(p.t) / 1_000_000n));
export const split = (s: Timeseries | undefined, pick: (p: Timeseries['points'][number]) => number | null, text: (total: number) => string, sum = true): Line[] =>
  (s?.series ?? []).map((x, i) => { const values = x.points.map(pick); const known = values.filter((v): v is number => v !== null && v > 0); return { key: x.key, label: x.key, className: paint(i), values, total: text(sum ? known.reduce((a, b) => a + b, 0) : known.length > 0 ? Math.max(...known) : 0) }; }).filter((l) => l.values.some((v) => v !== null && v > 0));
