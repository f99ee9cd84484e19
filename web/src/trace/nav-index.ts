import { get, seg } from '../api/client';
import type { Cost, Kind, SpanSummary, TraceSpans, Usage } from '../api/types';
import { nanos } from '../format/time';

/** What the jump keys need of a span. Offsets in ns from the first span. */
export interface NavSpan { id: string; parent: string | null; name: string; kind: Kind; start: number; duration: number; self: number; whole: number; error: boolean; cost: Cost; usage: Usage | null; turn: number | null; tool: string | null; model: string | null; message: string | null; service: string; agent: string | null; plumbing: boolean; open: boolean }
/** open: it has not ended, and is taken to go on to the last end that is known. whole: self time with that of the plumbing below it, which is the call's own business. */
export interface NavIndex { spans: NavSpan[]; place: Map<string, number>; errors: number[]; slow: number[]; dear: number[]; turns: number[]; whole: boolean }

const most = 100_000;

/** Self time: the span's own, less what its children cover. Children may overlap and may outlive it. */
export function selfTimes(spans: Pick<NavSpan, 'id' | 'parent' | 'start' | 'duration'>[]): number[] {
  const children = new Map<string, number[]>();
  spans.forEach((s, i) => { if (s.parent) { const c = children.get(s.parent); if (c) c.push(i); else children.set(s.parent, [i]); } });
  return spans.map((s) => {
    const end = s.start + s.duration;
    let covered = 0, until = s.start;
    for (const i of (children.get(s.id) ?? []).sort((a, b) => spans[a]!.start - spans[b]!.start)) {
      const c = spans[i]!;
      const from = Math.max(until, c.start), to = Math.min(end, c.start + c.duration);
      if (to > from) { covered += to - from; until = to; }
    }
    return Math.max(0, s.duration - covered);
  });
}

/** Requests below a model or tool call, with nothing but such below themselves: the call's own business. */
export function markPlumbing(spans: NavSpan[]): void {
  const place = new Map(spans.map((s, i) => [s.id, i]));
  const up = (s: NavSpan): number | undefined => (s.parent ? place.get(s.parent) : undefined);
  const work = new Set<number>(); // has agent's work at or below itself
  spans.forEach((s, i) => {
    if (s.kind === 'other') return;
    for (let at: number | undefined = i, n = 0; at !== undefined && !work.has(at) && n < 1000; at = up(spans[at]!), n++) work.add(at);
  });
  spans.forEach((s, i) => {
    if (work.has(i)) return;
    for (let at = up(s), n = 0; at !== undefined && n < 1000; at = up(spans[at]!), n++) {
      const k = spans[at]!.kind;
      if (k === 'llm' || k === 'tool') { s.plumbing = true; return; }
    }
  });
}

export function buildIndex(list: SpanSummary[], whole: boolean): NavIndex {
  const origin = list.reduce<bigint | null>((m, s) => { const t = nanos(s.start_unix_nano); return m === null || t < m ? t : m; }, null) ?? 0n;
  const last = list.reduce((m, s) => Math.max(m, Number(nanos(s.start_unix_nano) - origin) + Math.max(0, s.duration_ns)), 0);
  const spans: NavSpan[] = list.map((s) => ({
    id: s.span_id, parent: s.parent_span_id, name: s.name, kind: s.kind, start: Number(nanos(s.start_unix_nano) - origin), duration: s.unfinished ? last - Number(nanos(s.start_unix_nano) - origin) : Math.max(0, s.duration_ns), self: 0, whole: 0,
    error: s.status === 'error', cost: s.cost, usage: s.usage, turn: s.turn_number, tool: s.tool, model: s.model, message: s.status_message, service: s.service, agent: s.agent, plumbing: false, open: s.unfinished === true,
  }));
  selfTimes(spans).forEach((v, i) => { spans[i]!.self = v; });
  markPlumbing(spans);
  const logical = spans.filter((s) => !s.plumbing);
  selfTimes(logical).forEach((v, i) => { logical[i]!.whole = v; });
  const all = spans.map((_, i) => i);
  return {
    spans, whole, place: new Map(spans.map((s, i) => [s.id, i])),
    errors: all.filter((i) => spans[i]!.error),
    slow: all.filter((i) => spans[i]!.whole > 0).sort((a, b) => spans[b]!.whole - spans[a]!.whole).slice(0, 1000),
    dear: all.filter((i) => (spans[i]!.cost.nano_usd ?? 0) > 0 && spans[i]!.usage?.role !== 'aggregate').sort((a, b) => spans[b]!.cost.nano_usd! - spans[a]!.cost.nano_usd!).slice(0, 1000),
    turns: all.filter((i) => spans[i]!.kind === 'turn'),
  };
}

export async function loadIndex(trace: string, signal?: AbortSignal): Promise<NavIndex> {
  const list: SpanSummary[] = [];
  let cursor: string | null = '';
  do {
    const page: TraceSpans = await get<TraceSpans>(`/traces/${seg(trace)}/spans`, { limit: 10_000, cursor }, signal);
    list.push(...page.spans);
    cursor = page.next_cursor;
  } while (cursor && list.length < most);
  return buildIndex(list, !cursor);
}

/** The next of `list` (indices in start order) after where one stands; wraps. */
export function nextInOrder(index: NavIndex, list: number[], from: string | null, d: 1 | -1): string | null {
  if (list.length === 0) return null;
  const at = from === null ? -1 : (index.place.get(from) ?? -1);
  const next = d > 0 ? list.find((i) => i > at) ?? list[0]! : [...list].reverse().find((i) => at >= 0 && i < at) ?? list[list.length - 1]!;
  return index.spans[next]!.id;
}
/** The next of a ranking: from its head, or from where one stands in it. */
export function nextInRank(index: NavIndex, list: number[], from: string | null, d: 1 | -1): string | null {
  if (list.length === 0) return null;
  const at = from === null ? -1 : list.indexOf(index.place.get(from) ?? -1);
  const next = at < 0 ? (d > 0 ? 0 : list.length - 1) : (at + d + list.length) % list.length;
  return index.spans[list[next]!]!.id;
}
