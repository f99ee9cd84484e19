// Where the nodes of the service map stand and which way its edges take: columns from callers to called, and for an edge over
// more than one column a place of its own in those between, so that it passes beside their nodes.
import type { Box } from './edge-labels';

export interface Link { parent: string; child: string }
type Point = [number, number];
/** Cubic pieces, end to end. */
export type Curve = [Point, Point, Point, Point][];

/** Columns by the longest way from a caller; a loop's back edge does not push its target on. */
export function layers(edges: readonly Link[]): Map<string, number> {
  const names = [...new Set(edges.flatMap((e) => [e.parent, e.child]))];
  const out = new Map<string, Set<string>>(names.map((n) => [n, new Set()]));
  for (const e of edges) if (e.parent !== e.child) out.get(e.parent)!.add(e.child);
  const state = new Map<string, 1 | 2>(), order: string[] = [], back = new Set<string>();
  const visit = (n: string): void => {
    state.set(n, 1);
    for (const c of out.get(n)!) {
      if (state.get(c) === 1) back.add(`${n}\u0000${c}`);
      else if (!state.has(c)) visit(c);
    }
    state.set(n, 2);
    order.push(n);
  };
  const called = new Set(edges.filter((e) => e.parent !== e.child).map((e) => e.child));
  for (const n of [...names.filter((x) => !called.has(x)), ...names]) if (!state.has(n)) visit(n);
  const layer = new Map<string, number>(names.map((n) => [n, 0]));
  for (const n of order.reverse()) for (const c of out.get(n)!) if (!back.has(`${n}\u0000${c}`)) layer.set(c, Math.max(layer.get(c)!, layer.get(n)! + 1));
  return layer;
}

/** One thing in a column: a node, or the way of an edge past it. */
interface Slot { id: string; way: boolean }
/** Columns in order from the top; `ways` has the slots that an edge passes, by the edge's key and from left to right. */
export interface Columns { cols: Slot[][]; ways: Map<string, string[]>; hidden: number }
export const keyOf = (e: Link): string => `${e.parent}\u0000${e.child}`;

/** `last`: stands in the last column, whoever calls it. Edges by weight, the heaviest first: beyond `mostWays` they pass straight. */
export function columnsOf(edges: readonly Link[], last: (node: string) => boolean, most = 40, mostWays = 30): Columns {
  const layer = layers(edges);
  const deepest = Math.max(0, ...layer.values());
  for (const n of layer.keys()) if (last(n)) layer.set(n, deepest);
  const names = new Set([...layer.keys()].slice(0, most));
  const used = [...new Set([...names].map((n) => layer.get(n)!))].sort((a, b) => a - b), at = new Map(used.map((l, i) => [l, i]));
  const place = (n: string): number => at.get(layer.get(n)!)!;
  const cols: Slot[][] = used.map(() => []);
  for (const n of names) cols[place(n)]!.push({ id: n, way: false });
  const ways = new Map<string, string[]>(), links: [string, string][] = [];
  for (const e of edges) {
    if (e.parent === e.child || !names.has(e.parent) || !names.has(e.child)) continue;
    const [left, right] = place(e.parent) < place(e.child) ? [e.parent, e.child] : [e.child, e.parent];
    const chain: string[] = [];
    if (ways.size < mostWays) for (let c = place(left) + 1; c < place(right); c++) { const id = `\u0001${keyOf(e)}\u0001${c}`; cols[c]!.push({ id, way: true }); chain.push(id); }
    if (chain.length > 0) ways.set(keyOf(e), chain);
    const all = [left, ...chain, right];
    for (let i = 1; i < all.length; i++) links.push([all[i - 1]!, all[i]!]);
  }
  // Sweeps by the mean place of the neighbours, forth and back, keep edges from crossing needlessly.
  const before = new Map<string, string[]>(), after = new Map<string, string[]>();
  const put = (m: Map<string, string[]>, k: string, v: string): void => { const l = m.get(k); if (l) l.push(v); else m.set(k, [v]); };
  for (const [a, b] of links) { put(after, a, b); put(before, b, a); }
  const height = new Map<string, number>();
  const number = (c: Slot[]): void => c.forEach((s, i) => height.set(s.id, (i + 0.5) / c.length));
  cols.forEach(number);
  for (let sweep = 0; sweep < 6; sweep++) {
    const forth = sweep % 2 === 0, of = forth ? before : after;
    for (const c of forth ? cols.slice(1) : cols.slice(0, -1).reverse()) {
      const mean = new Map(c.map((s) => { const l = of.get(s.id); return [s.id, l ? l.reduce((n, x) => n + height.get(x)!, 0) / l.length : height.get(s.id)!]; }));
      c.sort((a, b) => mean.get(a.id)! - mean.get(b.id)!);
      number(c);
    }
  }
  return { cols, ways, hidden: layer.size - names.size };
}

export const nodeW = 168, nodeH = 40, wayH = 16;
const gapY = 22, edge = 16;
const tall = (s: Slot): number => (s.way ? wayH : nodeH);
const need = (c: Slot[]): number => c.reduce((n, s) => n + tall(s) + gapY, 0);
export const heightOf = (c: Columns, least: number): number => Math.max(least, ...c.cols.map((x) => need(x) + 50));

/** Left upper corners, in a map of that size. */
export function placesOf({ cols }: Columns, width: number, height: number): Map<string, Box> {
  const gap = Math.min(90, ...cols.map((c) => (height - 30 - c.reduce((n, s) => n + tall(s), 0)) / c.length));
  const out = new Map<string, Box>();
  cols.forEach((c, i) => {
    let y = (height - c.reduce((n, s) => n + tall(s) + gap, 0) + gap) / 2;
    const x = cols.length === 1 ? edge : edge + (i * (width - nodeW - 2 * edge)) / (cols.length - 1);
    for (const s of c) { out.set(s.id, { x, y, w: nodeW, h: tall(s) }); y += tall(s) + gap; }
  });
  return out;
}

const straight = (a: Point, b: Point): Curve[number] => [a, [a[0] + (b[0] - a[0]) / 3, a[1] + (b[1] - a[1]) / 3], [a[0] + ((b[0] - a[0]) * 2) / 3, a[1] + ((b[1] - a[1]) * 2) / 3], b];
const bend = (a: Point, b: Point): Curve[number] => { const m = Math.max(24, Math.abs(b[0] - a[0]) / 2) * (b[0] < a[0] ? -1 : 1); return [a, [a[0] + m, a[1]], [b[0] - m, b[1]], b]; };

/** The way of an edge: out of the side that faces the other, past the columns between. What calls back lies a little lower. */
export function curveOf(e: Link, at: ReadonlyMap<string, Box>, ways: Columns['ways']): Curve | null {
  const a = at.get(e.parent), b = at.get(e.child);
  if (!a || !b) return null;
  if (e.parent === e.child) return [[[a.x + nodeW - 30, a.y], [a.x + nodeW - 20, a.y - 22], [a.x + nodeW + 14, a.y - 14], [a.x + nodeW, a.y + 12]]];
  const back = b.x < a.x, low = back ? 10 : 0;
  const from: Point = [back ? a.x : a.x + nodeW, a.y + nodeH / 2 + low], to: Point = [back ? b.x + nodeW : b.x, b.y + nodeH / 2 + low];
  const between = (ways.get(keyOf(e)) ?? []).flatMap((id) => { const w = at.get(id); return w ? [w] : []; });
  if (back) between.reverse();
  const out: Curve = [];
  let here = from;
  for (const w of between) {
    const y = w.y + wayH / 2, into: Point = [back ? w.x + nodeW : w.x, y], outOf: Point = [back ? w.x : w.x + nodeW, y];
    out.push(bend(here, into), straight(into, outOf));
    here = outOf;
  }
  out.push(bend(here, to));
  return out;
}

const n1 = (v: number): string => String(Math.round(v * 10) / 10);
export const pathOf = (c: Curve): string => c.map(([a, b, d, e], i) => `${i === 0 ? `M${n1(a[0])} ${n1(a[1])}` : ''}C${n1(b[0])} ${n1(b[1])} ${n1(d[0])} ${n1(d[1])} ${n1(e[0])} ${n1(e[1])}`).join('');
/** The piece at a share of the way across, and the share of it. */
export function pieceAt(c: Curve, share: number): [Curve[number], number] {
  const lengths = c.map((p) => Math.max(1, Math.abs(p[3][0] - p[0][0])));
  let rest = share * lengths.reduce((n, l) => n + l, 0);
  for (const [i, l] of lengths.entries()) { if (rest <= l || i === c.length - 1) return [c[i]!, Math.min(1, rest / l)]; rest -= l; }
  return [c[0]!, 0];
}
