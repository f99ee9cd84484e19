// Figures with their unit and sensible digits. Unknown is '—', never 0.
export interface Figure { value: string; unit: string }
export const unknown = '—';
const group = new Intl.NumberFormat('en-US');

export function duration(ns: number | null | undefined): Figure {
  if (ns === null || ns === undefined || !Number.isFinite(ns)) return { value: unknown, unit: '' };
  const sign = ns < 0 ? '−' : '';
  const v = Math.abs(ns);
  if (v === 0) return { value: '0', unit: 'ms' };
  if (v < 1e3) return { value: sign + v.toFixed(0), unit: 'ns' };
  if (v < 999_500) return { value: sign + digits(v / 1e3), unit: 'µs' };
  if (v < 999_500_000) return { value: sign + digits(v / 1e6), unit: 'ms' };
  if (v < 59_995_000_000) return { value: sign + (v / 1e9).toFixed(2), unit: 's' };
  const s = Math.round(v / 1e9);
  if (s < 3600) return { value: `${sign}${Math.floor(s / 60)}:${pad(s % 60)}`, unit: 'min' };
  if (s < 86_400) return { value: `${sign}${Math.floor(s / 3600)}:${pad(Math.floor((s % 3600) / 60))}`, unit: 'h' };
  return { value: `${sign}${(s / 86_400).toFixed(1)}`, unit: 'd' };
}
const pad = (n: number): string => String(n).padStart(2, '0');
const digits = (v: number): string => (v < 9.995 ? v.toFixed(2) : v < 99.95 ? v.toFixed(1) : v.toFixed(0));

export const durationText = (ns: number | null | undefined): string => {
  const f = duration(ns);
  return f.unit ? `${f.value} ${f.unit}` : f.value;
};

/** Nano-dollars: four decimals as a rule, two significant digits below a hundredth of a cent. */
export function money(nano: number | null | undefined): string {
  if (nano === null || nano === undefined || !Number.isFinite(nano)) return unknown;
  const sign = nano < 0 ? '−' : '';
  const d = Math.abs(nano) / 1e9;
  if (d === 0) return '$0';
  if (d >= 1000) return `${sign}$${group.format(Math.round(d))}`;
  if (d >= 10) return `${sign}$${d.toFixed(2)}`;
  if (d >= 1) return `${sign}$${d.toFixed(3)}`;
  if (d >= 0.00095) return `${sign}$${d.toFixed(4)}`;
  const places = Math.min(9, 1 - Math.floor(Math.log10(d)));
  return `${sign}$${d.toFixed(places)}`;
}
/** All digits that money has here: for a hover and for the arithmetic. */
export const moneyExact = (nano: number | null | undefined, places = 6): string => {
  if (nano === null || nano === undefined) return unknown;
  const exact = (nano / 1e9).toFixed(9);
  const cut = exact.replace(/0+$/, '');
  const have = cut.length - cut.indexOf('.') - 1;
  return `$${have <= places ? (nano / 1e9).toFixed(places) : cut}`;
};

/** A round figure, as on an axis: "30.00 s" → "30 s", "30:00 min" → "30 min", "$0.6000" → "$0.6". */
export const roundText = (text: string): string => (/^0(?![\d.])/.test(text) ? '0' : text.replace(/(\.\d*?)0+(?!\d)/, '$1').replace(/\.(?!\d)/, '').replace(/:00(?![\d:])/, ''));
/** "1 trace", "3 traces". */
export const some = (n: number, word: string): string => `${integer(n)} ${word}${n === 1 ? '' : 's'}`;
export const integer = (n: number | null | undefined): string => (n === null || n === undefined ? unknown : group.format(n));

export function compact(n: number | null | undefined): string {
  if (n === null || n === undefined) return unknown;
  if (n < 1000) return String(n);
  if (n < 999_950) return `${(n / 1e3).toFixed(n < 99_950 ? 1 : 0)} K`;
  if (n < 999_950_000) return `${(n / 1e6).toFixed(n < 99_950_000 ? 1 : 0)} M`;
  return `${(n / 1e9).toFixed(1)} G`;
}

export function bytes(n: number | null | undefined): string {
  if (n === null || n === undefined) return unknown;
  if (n < 1000) return `${n} B`;
  if (n < 1e6) return `${(n / 1024).toFixed(n < 10_240 ? 1 : 0)} KB`;
  if (n < 1e9) return `${(n / 1048576).toFixed(1)} MB`;
  return `${(n / 1073741824).toFixed(2)} GB`;
}

export const percent = (share: number | null | undefined): string =>
  share === null || share === undefined || !Number.isFinite(share) ? unknown : share > 0 && share < 0.01 ? '<1 %' : `${Math.round(share * 100)} %`;

/** Round steps for a time axis: 1, 2, 5 × 10^n, and minutes and hours above. */
export function ticks(from: number, to: number, want: number): number[] {
  const span = to - from;
  if (!(span > 0)) return [from];
  const raw = span / Math.max(1, want);
  const big = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400].map((s) => s * 1e9);
  let step = big.find((s) => s >= raw);
  if (raw < 1e9) {
    const p = 10 ** Math.floor(Math.log10(raw));
    step = [1, 2, 5, 10].map((m) => m * p).find((s) => s >= raw) ?? 10 * p;
  }
  step ??= Math.ceil(raw / 86_400e9) * 86_400e9;
  const out: number[] = [];
  for (let t = Math.ceil(from / step - 1e-9) * step; t <= to + step * 1e-6; t += step) out.push(t === 0 ? 0 : t);
  return out;
}
/** The label of a tick: digits follow from the step. */
export function tickLabel(ns: number, step: number): string {
  if (ns === 0) return '0';
  if (step >= 60e9) return durationText(ns);
  const [unit, size] = Math.abs(ns) >= 1e9 || step >= 1e9 ? ['s', 1e9] : step >= 1e6 || Math.abs(ns) >= 1e6 ? ['ms', 1e6] : step >= 1e3 || Math.abs(ns) >= 1e3 ? ['µs', 1e3] : ['ns', 1];
  const places = Math.max(0, Math.min(6, Math.ceil(-Math.log10(step / Number(size)) - 1e-9)));
  return `${(ns / Number(size)).toFixed(places)} ${unit}`;
}
