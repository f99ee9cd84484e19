import type { NavIndex } from '../nav-index';

/** Which lane a span lies in: below its parent, and never over a span that still runs there. */
export interface Lanes { lane: Int32Array; count: number }
const most = 400;

export function lanesOf(index: NavIndex): Lanes {
  const n = index.spans.length;
  const lane = new Int32Array(n);
  const free: number[] = []; // where each lane is free again
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => {
    const x = index.spans[a]!, y = index.spans[b]!;
    return x.start - y.start || y.duration - x.duration;
  });
  let count = 0;
  for (const i of order) {
    const s = index.spans[i]!;
    const parent = s.parent ? index.place.get(s.parent) : undefined;
    let at = parent === undefined ? 0 : lane[parent]! + 1;
    while (at < most && (free[at] ?? -Infinity) > s.start) at++;
    lane[i] = at;
    free[at] = Math.max(free[at] ?? -Infinity, s.start + s.duration);
    count = Math.max(count, at + 1);
  }
  return { lane, count };
}

/** The same calls under the same path as one: widths are sums of time, the widest first. */
export interface Merged { key: string; name: string; kind: NavIndex['spans'][number]['kind']; count: number; total: number; self: number; errors: number; from: number; depth: number; longest: number; children: Merged[] }

export function mergeByName(index: NavIndex): Merged[] {
  const children = new Map<number, number[]>();
  const roots: number[] = [];
  index.spans.forEach((s, i) => {
    const p = s.parent ? index.place.get(s.parent) : undefined;
    if (p === undefined || p === i) roots.push(i);
    else { const c = children.get(p); if (c) c.push(i); else children.set(p, [i]); }
  });
  const seen = new Set<number>();
  const level = (list: number[], depth: number, path: string): Merged[] => {
    const groups = new Map<string, number[]>();
    for (const i of list) {
      if (seen.has(i)) continue;
      seen.add(i);
      const s = index.spans[i]!, key = `${s.kind}\u0000${s.tool ?? s.name}`, g = groups.get(key);
      if (g) g.push(i);
      else groups.set(key, [i]);
    }
    const out: Merged[] = [];
    for (const [key, members] of groups) {
      const first = index.spans[members[0]!]!;
      let total = 0, self = 0, errors = 0, longest = members[0]!;
      for (const i of members) { const s = index.spans[i]!; total += s.duration; self += s.self; if (s.error) errors++; if (s.duration > index.spans[longest]!.duration) longest = i; }
      const below = depth < 200 ? level(members.flatMap((i) => children.get(i) ?? []), depth + 1, `${path}/${key}`) : [];
      // Work that runs side by side adds up to more than its parent's time: the sum is what is drawn.
      out.push({ key: `${path}/${key}`, name: first.tool ?? first.name, kind: first.kind, count: members.length, total: Math.max(total, below.reduce((n, c) => n + c.total, 0)), self, errors, from: 0, depth, longest, children: below });
    }
    return out.sort((a, b) => b.total - a.total);
  };
  const top = level(roots, 0, '');
  const put = (list: Merged[], from: number): void => { for (const m of list) { m.from = from; put(m.children, from); from += m.total; } };
  put(top, 0);
  return top;
}
