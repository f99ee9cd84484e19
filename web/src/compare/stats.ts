// Figures of experiment arms: what a sample says, and how sure one may be of it. Everything by rule and the same each time.

export const mean = (v: readonly number[]): number => v.reduce((a, b) => a + b, 0) / v.length;

/** The value at a share of the sorted sample, between neighbours. */
export function quantile(sorted: readonly number[], share: number): number {
  const at = (sorted.length - 1) * share, i = Math.floor(at), rest = at - i;
  return rest === 0 ? sorted[i]! : sorted[i]! * (1 - rest) + sorted[i + 1]! * rest;
}

/** A generator with a fixed seed: intervals do not change from look to look. */
function randoms(seed: number): () => number {
  let s = seed >>> 0;
  return () => { s = (s + 0x6d2b79f5) >>> 0; let t = Math.imul(s ^ (s >>> 15), 1 | s); t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t; return ((t ^ (t >>> 14)) >>> 0) / 4294967296; };
}

export type Interval = [number, number];
const rounds = 600;

/** Means of samples drawn again from the sample. */
function resampled(v: readonly number[], seed: number): number[] {
  const next = randoms(seed), out: number[] = [];
  for (let r = 0; r < rounds; r++) { let sum = 0; for (let i = 0; i < v.length; i++) sum += v[(next() * v.length) | 0]!; out.push(sum / v.length); }
  return out;
}
const middle95 = (v: number[]): Interval => { v.sort((a, b) => a - b); return [quantile(v, 0.025), quantile(v, 0.975)]; };

/** 95 % interval of the mean, by bootstrap; under five values there is none. */
export const meanInterval = (v: readonly number[]): Interval | null => (v.length < 5 ? null : middle95(resampled(v, 1)));

/** Difference of means b − a with its 95 % interval, by bootstrap of both. */
export function meanDifference(a: readonly number[], b: readonly number[]): { d: number; interval: Interval | null } | null {
  if (a.length === 0 || b.length === 0) return null;
  const d = mean(b) - mean(a);
  if (a.length < 5 || b.length < 5) return { d, interval: null };
  const x = resampled(a, 1), y = resampled(b, 2);
  return { d, interval: middle95(y.map((v, i) => v - x[i]!)) };
}

/** Wilson's 95 % interval of a share: right for few cases and for none. */
export function shareInterval(hits: number, n: number): Interval | null {
  if (n === 0) return null;
  const z = 1.959964, p = hits / n, c = 1 + (z * z) / n, m = p + (z * z) / (2 * n), r = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n));
  return [Math.max(0, (m - r) / c), Math.min(1, (m + r) / c)];
}
/** Difference of two shares with Newcombe's interval. */
export function shareDifference(ha: number, na: number, hb: number, nb: number): { d: number; interval: Interval | null } | null {
  const a = shareInterval(ha, na), b = shareInterval(hb, nb);
  if (!a || !b) return null;
  const pa = ha / na, pb = hb / nb, d = pb - pa;
  return { d, interval: [d - Math.hypot(pb - b[0], a[1] - pa), d + Math.hypot(b[1] - pb, pa - a[0])] };
}

/** Counts in bins of equal width, on a logarithmic axis where values lie over more than a decade. */
export function bins(values: readonly number[], low: number, high: number, n: number, log: boolean): number[] {
  const out = new Array<number>(n).fill(0), f = log ? Math.log : (x: number): number => x, a = f(low), b = f(high);
  for (const v of values) { const i = b > a ? Math.floor(((f(v) - a) / (b - a)) * n) : 0; out[Math.max(0, Math.min(n - 1, i))]!++; }
  return out;
}
