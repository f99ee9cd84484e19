import type { MetricInfo, MetricSeries } from '../api/types';
import { paint, type Line } from '../chart/chart';
import { resolveTime, type Range } from '../format/time';
import { isTime } from './measure';

export type Fn = 'sum' | 'rate' | 'count' | 'avg' | 'last' | 'min' | 'max' | 'quantile';
export const fnWords: Record<Fn, string> = { sum: 'Sum', rate: 'A second', count: 'Count', avg: 'Average', last: 'Last', min: 'Least', max: 'Most', quantile: 'Quantiles' };

const typeWords: Record<MetricInfo['type'], string> = { none: 'no type', gauge: 'gauge', sum: 'sum', histogram: 'histogram', exponential_histogram: 'histogram', summary: 'summary' };
export const typeOf = (m: MetricInfo): string => (m.type === 'sum' ? (m.monotonic ? 'counter' : 'up-down counter') : typeWords[m.type]);

/** What can be made of that kind of metric; the first is shown unasked. */
export function functionsOf(m: Pick<MetricInfo, 'type' | 'monotonic' | 'unit'>): Fn[] {
  if (m.type === 'histogram' || m.type === 'exponential_histogram') return isTime(m.unit) ? ['quantile', 'avg', 'count', 'sum', 'rate'] : ['sum', 'rate', 'quantile', 'avg', 'count'];
  if (m.type === 'summary') return ['avg', 'count', 'sum', 'rate'];
  if (m.type === 'sum') return m.monotonic ? ['sum', 'rate'] : ['last', 'sum'];
  return ['last', 'avg', 'min', 'max', 'quantile'];
}

export const percentiles = [50, 95, 99];
export const steps = ['10s', '1m', '5m', '15m', '1h', '6h', '1d'];
const fitting = [60, 300, 600, 1800, 3600, 7200, 21_600, 86_400, 604_800];

/** About a hundred steps in round numbers, none shorter than clients report by default; begun where a step begins. */
export function timesFor(range: Range, step: string, now = Date.now()): { from: string; to: string; step: string } {
  const a = resolveTime(range.from, now), b = resolveTime(range.to, now);
  if (a === null || b === null || b <= a) return { ...range, step };
  const asked = /^(\d+)([smhd])$/.exec(step);
  const seconds = asked ? Number(asked[1]) * { s: 1, m: 60, h: 3600, d: 86_400 }[asked[2] as 's'] : step ? 0 : fitting.find((s) => (b - a) / (s * 1000) <= 120) ?? 30 * 86_400;
  if (seconds < 1) return { ...range, step };
  return { from: new Date(Math.floor(a / (seconds * 1000)) * seconds * 1000).toISOString(), to: new Date(b).toISOString(), step: `${seconds}s` };
}

/** A condition as it stands in the address: KEY=VALUE. */
export const condition = (key: string, value: string): string => `${key}=${value}`;
export const readCondition = (text: string): { key: string; value: string } | null => { const at = text.indexOf('='); return at > 0 ? { key: text.slice(0, at), value: text.slice(at + 1) } : null; };

const number = (v: number | string | null): number | null => { const n = v === null ? NaN : Number(v); return Number.isFinite(n) ? n : null; };
export interface Drawn { line: Line; by: [string, string | null][] | null; known: number[]; latest: number | null }

/** Series as lines; with several percentiles of one series, one line each. */
export function drawn(answers: { q: number | null; data: MetricSeries }[], text: (v: number) => string, summed: boolean): Drawn[] {
  const out: Drawn[] = [];
  for (const { q, data } of answers) for (const s of data.series) {
    const by = data.by, values = s.values.map(number), known = values.filter((v): v is number => v !== null);
    if (known.length === 0) continue;
    const keys = by.map((k): [string, string | null] => [k, s.key[k] ?? null]);
    const told = keys.map(([, v]) => v ?? 'not told').join(' · ');
    const label = by.length > 0 ? told : q !== null ? `p${q}` : data.name;
    const total = summed ? text(known.reduce((a, b) => a + b, 0)) : text(known.at(-1)!);
    out.push({ line: { key: by.length > 0 ? JSON.stringify(keys) : label, label, className: paint(Math.min(out.length, 7)), values, total }, by: by.length > 0 ? keys : null, known, latest: known.at(-1)! });
  }
  return out;
}

/** What the chart has: the first seven, and in sums the rest as one. */
export function charted(list: Drawn[], summed: boolean, text: (v: number) => string): Line[] {
  if (list.length <= 8) return list.map((d) => d.line);
  const rest = list.slice(7);
  if (!summed) return list.slice(0, 8).map((d) => d.line);
  const values = rest[0]!.line.values.map((_, i) => rest.reduce<number | null>((n, d) => { const v = d.line.values[i] ?? null; return v === null ? n : (n ?? 0) + v; }, null));
  return [...list.slice(0, 7).map((d) => d.line), { key: '\u0000', label: `${rest.length} others`, className: paint(7), values, total: text(values.reduce<number>((n, v) => n + (v ?? 0), 0)) }];
}

/** Fields by which spans are searched, for attributes that both spans and metrics carry. */
const onSpans: Record<string, string> = { service: 'service', 'gen_ai.request.model': 'model', 'gen_ai.provider.name': 'provider', 'gen_ai.agent.name': 'agent', 'gen_ai.tool.name': 'tool', 'error.type': 'error.type', 'gen_ai.operation.name': 'gen_ai.operation.name' };
export const spanTerms = (pairs: [string, string | null][], quote: (v: string) => string): string => pairs.flatMap(([k, v]) => (v !== null && onSpans[k] ? [`${onSpans[k]}:${quote(v)}`] : [])).join(' ');
