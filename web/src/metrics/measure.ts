import { bytes, durationText, money, unknown } from '../format/numbers';

// UCUM units that clients send, in nanoseconds and in bytes.
const times: Record<string, number> = { ns: 1, us: 1e3, 'µs': 1e3, ms: 1e6, s: 1e9, min: 60e9, h: 3600e9, d: 86_400e9 };
const sizes: Record<string, number> = { By: 1, kBy: 1e3, MBy: 1e6, GBy: 1e9, KiBy: 1024, MiBy: 1024 ** 2, GiBy: 1024 ** 3 };
const dollars = new Set(['USD', '{USD}', '$', '{dollar}', '{dollars}']);

export const isTime = (unit: string | null): boolean => unit !== null && unit in times;
/** "{token}" → "tokens"; nothing where the figure tells its unit itself. */
export function unitWord(unit: string | null): string {
  if (!unit || unit === '1' || unit === '%' || unit in times || unit in sizes || dollars.has(unit)) return '';
  const word = /^\{(.+)\}$/.exec(unit)?.[1];
  return word === undefined ? unit : /[a-z]$/.test(word) && !word.endsWith('s') ? `${word}s` : word;
}

/** A plain number with sensible digits: 3 that tell, thousands as K, M, G. */
export function plainNumber(v: number): string {
  if (!Number.isFinite(v)) return unknown;
  const a = Math.abs(v), sign = v < 0 ? '−' : '';
  if (a === 0) return '0';
  for (const [size, word] of [[1e12, 'T'], [1e9, 'G'], [1e6, 'M'], [1e3, 'K']] as const) if (a >= size * 0.9995) return `${sign}${three(a / size)} ${word}`;
  if (a < 1e-4) return `${sign}${a.toExponential(1)}`;
  return sign + three(a);
}
const three = (a: number): string => (Number.isInteger(a) ? String(a) : String(Number(a.toPrecision(3))));

/** How a value of that unit is told; as a rate, a second. */
export function measure(unit: string | null, rate = false): (v: number) => string {
  const u = unit ?? '';
  if (u in times) return rate ? plainNumber : (v) => durationText(v * times[u]!);
  if (u in sizes) return (v) => (v < 0 ? '−' : '') + bytes(Math.round(Math.abs(v) * sizes[u]!)) + (rate ? '/s' : '');
  if (dollars.has(u)) return (v) => money(v * 1e9) + (rate ? '/s' : '');
  if (u === '%' && !rate) return (v) => `${plainNumber(v)} %`;
  return (v) => plainNumber(v) + (rate ? '/s' : '');
}
