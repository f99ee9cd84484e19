import type { NavIndex, NavSpan } from '../trace/nav-index';

/** One step of two runs: in both, or in one alone. */
export interface Pair { depth: number; a: NavSpan | null; b: NavSpan | null; id: string }

const keyOf = (s: NavSpan): string => `${s.kind} ${s.kind === 'tool' ? s.tool ?? s.name : s.kind === 'agent' ? s.agent ?? s.name : s.name}`;
const most = 400;

interface Tree { roots: number[]; children: Map<number, number[]> }
function treeOf(index: NavIndex): Tree {
  const roots: number[] = [], children = new Map<number, number[]>();
  // A plumbing span is the call's own business: steps below are what people compare.
  index.spans.forEach((s, i) => {
    if (s.plumbing) return;
    const p = s.parent ? index.place.get(s.parent) : undefined;
    if (p === undefined || p === i) roots.push(i);
    else { const c = children.get(p); if (c) c.push(i); else children.set(p, [i]); }
  });
  return { roots, children };
}

/** Common subsequence of two lists of keys of the greatest weight (by default: the longest), as index pairs. Of equal weight, the
 *  earliest pairs. weight: small whole numbers above 0. */
export function common(a: string[], b: string[], weight: (i: number, j: number) => number = () => 1): [number, number][] {
  const n = a.length, m = b.length;
  if (n === 0 || m === 0) return [];
  if (n > most || m > most) {
    // Beyond what a table may hold: in order, each with the next of its name.
    const out: [number, number][] = [];
    let from = 0;
    a.forEach((k, i) => { const at = b.indexOf(k, from); if (at >= 0 && at - from < 200) { out.push([i, at]); from = at + 1; } });
    return out;
  }
  const t = new Uint16Array((n + 1) * (m + 1)), w = m + 1;
  for (let i = n - 1; i >= 0; i--) for (let j = m - 1; j >= 0; j--) t[i * w + j] = Math.max(t[(i + 1) * w + j]!, t[i * w + j + 1]!, a[i] === b[j] ? t[(i + 1) * w + j + 1]! + weight(i, j) : 0);
  const out: [number, number][] = [];
  for (let i = 0, j = 0; i < n && j < m;) {
    if (a[i] === b[j] && t[i * w + j] === t[(i + 1) * w + j + 1]! + weight(i, j)) { out.push([i, j]); i++; j++; }
    else if (t[(i + 1) * w + j]! >= t[i * w + j + 1]!) i++;
    else j++;
  }
  return out;
}

/** Two runs step by step: by the tree and by what was called, never by line number. */
export function align(a: NavIndex, b: NavIndex): Pair[] {
  const ta = treeOf(a), tb = treeOf(b);
  const out: Pair[] = [];
  const push = (x: number | null, y: number | null, depth: number): void => {
    const sa = x === null ? null : a.spans[x]!, sb = y === null ? null : b.spans[y]!;
    if (out.length >= 5000 || depth > 200) return;
    out.push({ depth, a: sa, b: sb, id: `${sa?.id ?? ''}.${sb?.id ?? ''}` });
    level(x === null ? [] : ta.children.get(x) ?? [], y === null ? [] : tb.children.get(y) ?? [], depth + 1);
  };
  const level = (la: number[], lb: number[], depth: number): void => {
    const pairs = common(la.map((i) => keyOf(a.spans[i]!)), lb.map((i) => keyOf(b.spans[i]!)),
      // A call that succeeded stands beside one that did, not beside the attempt before it that failed.
      (x, y) => (a.spans[la[x]!]!.error === b.spans[lb[y]!]!.error ? 3 : 2));
    let i = 0, j = 0;
    for (const [x, y] of [...pairs, [la.length, lb.length] as [number, number]]) {
      while (i < x) push(la[i++]!, null, depth);
      while (j < y) push(null, lb[j++]!, depth);
      if (i < la.length && j < lb.length) push(la[i++]!, lb[j++]!, depth);
    }
  };
  level(ta.roots, tb.roots, 0);
  return out;
}
