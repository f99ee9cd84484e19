import type { UnixNano } from '../api/types';

// Absolute times are decimal strings of nanoseconds: exact in BigInt, shown in the reader's own zone.
export const nanos = (t: UnixNano): bigint => { try { return BigInt(t); } catch { return 0n; } };
export const toDate = (t: UnixNano): Date => new Date(Number(nanos(t) / 1_000_000n));
export const fromMs = (ms: number): UnixNano => String(BigInt(Math.round(ms)) * 1_000_000n);

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' });
const minute = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const dayYear = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });
export const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;

const sameDay = (a: Date, b: Date): boolean => a.toDateString() === b.toDateString();
const dayText = (d: Date, now: Date): string => (d.getFullYear() === now.getFullYear() ? day : dayYear).format(d);

/** 14:07:31 today, 22 Nov 14:07 before. */
export function timeShort(t: UnixNano, now = new Date()): string {
  const d = toDate(t);
  return sameDay(d, now) ? clock.format(d) : `${dayText(d, now)} ${minute.format(d)}`;
}
/** 22 Nov, 14:07:31. */
export function timeLong(t: UnixNano, now = new Date()): string {
  const d = toDate(t);
  return `${dayText(d, now)}, ${clock.format(d)}`;
}
/** Everything, for a hover: local time with its zone and the exact nanoseconds in UTC. */
export function timeTitle(t: UnixNano): string {
  const d = toDate(t);
  const minutes = -d.getTimezoneOffset();
  const a = Math.abs(minutes);
  const offset = `UTC${minutes < 0 ? '−' : '+'}${String(Math.floor(a / 60)).padStart(2, '0')}:${String(a % 60).padStart(2, '0')}`;
  const fraction = (nanos(t) % 1_000_000_000n).toString().padStart(9, '0');
  const utc = Number.isNaN(d.getTime()) ? '' : d.toISOString().slice(0, 19);
  return `${dayYear.format(d)}, ${clock.format(d)} ${zone} (${offset})\n${utc}.${fraction}Z`;
}
/** The label of a time axis whose ends lie `span` ms apart. */
export function axisTime(ms: number, span: number): string {
  const d = new Date(ms);
  if (span > 36 * 3600e3) return d.getHours() === 0 && d.getMinutes() === 0 ? day.format(d) : `${day.format(d)} ${minute.format(d)}`;
  return span < 10 * 60e3 ? clock.format(d) : minute.format(d);
}
export function ago(t: UnixNano, now = Date.now()): string {
  const s = Math.max(0, Math.round((now - toDate(t).getTime()) / 1000));
  if (s < 60) return `${s} s ago`;
  if (s < 3600) return `${Math.floor(s / 60)} min ago`;
  if (s < 86_400) return `${Math.floor(s / 3600)} h ago`;
  return `${Math.floor(s / 86_400)} d ago`;
}

export interface Range { from: string; to: string }
export const presets: { label: string; from: string }[] = [
  { label: 'Last 15 minutes', from: 'now-15m' }, { label: 'Last hour', from: 'now-1h' }, { label: 'Last 6 hours', from: 'now-6h' },
  { label: 'Last 24 hours', from: 'now-24h' }, { label: 'Last 7 days', from: 'now-7d' }, { label: 'Last 30 days', from: 'now-30d' },
];
const units: Record<string, number> = { s: 1e3, m: 60e3, h: 3600e3, d: 86_400e3, w: 604_800e3 };
/** Milliseconds of what stands in the URL: now, now-1h, RFC 3339 or unix seconds. null: not a time. */
export function resolveTime(text: string, now = Date.now()): number | null {
  if (text === 'now' || text === '') return now;
  const relative = /^now-(\d{1,6})([smhdw])$/.exec(text);
  if (relative) return now - Number(relative[1]) * units[relative[2]!]!;
  if (/^\d{1,11}(\.\d+)?$/.test(text)) return Number(text) * 1000;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? null : ms;
}
export function rangeLabel(r: Range, now = new Date()): string {
  const preset = presets.find((p) => p.from === r.from && (r.to === 'now' || r.to === ''));
  if (preset) return preset.label;
  const a = resolveTime(r.from), b = resolveTime(r.to);
  if (a === null || b === null) return 'Time range';
  const from = new Date(a), to = new Date(b);
  const end = r.to === 'now' || r.to === '' ? 'now' : sameDay(from, to) ? minute.format(to) : `${dayText(to, now)} ${minute.format(to)}`;
  return `${dayText(from, now)} ${minute.format(from)} – ${end}`;
}
