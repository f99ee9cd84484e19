import type { Kind, TraceHeader } from '../../api/types';
import { shortModel } from '../../search/table';
import type { NavIndex, NavSpan } from '../nav-index';

/** Who called what: nodes and edges by rule from parents and links; nothing is guessed from timing. */
export interface GraphNode { id: string; kind: Kind | 'user' | 'trace'; label: string; count: number; duration: number; cost: number | null; unpriced: number; tokens: number | null; errors: number; turns: number; spans: string[]; to?: string }
export interface GraphEdge { id: string; from: string; to: string; count: number; duration: number; errors: number; type: 'call' | 'handoff' | 'next' | 'link'; label: string | null }
export interface Graph { nodes: GraphNode[]; edges: GraphEdge[]; left: number }

const shown = (s: NavSpan): boolean => s.kind !== 'turn' && s.kind !== 'chain' && !(s.kind === 'other' && s.parent !== null);
const most = 400;

export const labelOf = (s: NavSpan): string => (s.kind === 'agent' ? s.agent ?? s.name : s.kind === 'llm' || s.kind === 'embedding' ? (s.model ? shortModel(s.model) : s.name) : s.kind === 'tool' ? s.tool ?? s.name : s.name);

function parents(index: NavIndex): (i: number) => number | null {
  const memo = new Map<number, number | null>();
  return (i) => {
    const known = memo.get(i);
    if (known !== undefined) return known;
    let at = index.spans[i]!.parent ? index.place.get(index.spans[i]!.parent!) : undefined;
    for (let n = 0; at !== undefined && n < 1000; n++) {
      if (shown(index.spans[at]!)) { memo.set(i, at); return at; }
      const up: string | null = index.spans[at]!.parent;
      at = up ? index.place.get(up) : undefined;
    }
    memo.set(i, null);
    return null;
  };
}

function add(n: GraphNode, s: NavSpan): void {
  n.count++;
  n.duration += s.duration;
  n.spans.push(s.id);
  if (s.error) n.errors++;
  if (s.usage && s.usage.role === 'own') {
    n.tokens = (n.tokens ?? 0) + (s.usage.total_input ?? 0) + (s.usage.total_output ?? 0);
    if (s.cost.nano_usd !== null) n.cost = (n.cost ?? 0) + s.cost.nano_usd;
    if (s.cost.state === 'unpriced') n.unpriced++;
  }
}
const node = (id: string, kind: GraphNode['kind'], label: string): GraphNode => ({ id, kind, label, count: 0, duration: 0, cost: null, unpriced: 0, tokens: null, errors: 0, turns: 0, spans: [] });

/** Turns below each agent: what makes its loop. */
function countTurns(index: NavIndex, nodeOf: (i: number) => GraphNode | undefined): void {
  const up = parents(index);
  index.spans.forEach((s, i) => { if (s.kind === 'turn') { const p = up(i); const n = p === null ? undefined : nodeOf(p); if (n) n.turns++; } });
}

function linksOf(header: TraceHeader | undefined, nodes: Map<string, GraphNode>, edges: GraphEdge[], at: (span: string) => string | undefined): void {
  for (const [i, l] of (header?.links ?? []).slice(0, 20).entries()) {
    const from = at(l.from_span_id);
    if (!from || l.trace_id === header?.trace_id) continue;
    const id = `trace ${l.trace_id}`;
    if (!nodes.has(id)) nodes.set(id, { ...node(id, 'trace', `trace ${l.trace_id.slice(0, 8)}…`), count: 1, to: `/t/${l.trace_id}?s=${l.span_id}` });
    edges.push({ id: `link ${i}`, from, to: id, count: 1, duration: 0, errors: 0, type: 'link', label: 'link' });
  }
}

/** Calls of one name are one node. */
export function aggregated(index: NavIndex, header: TraceHeader | undefined): Graph {
  const up = parents(index);
  const key = (s: NavSpan): string => `${s.kind} ${labelOf(s)}`;
  const nodes = new Map<string, GraphNode>();
  const edges = new Map<string, GraphEdge>();
  let left = 0;
  index.spans.forEach((s, i) => {
    if (!shown(s) || (s.kind === 'llm' && s.usage?.role === 'duplicate')) { if (!s.plumbing && s.kind === 'other') left++; return; }
    const id = key(s);
    let n = nodes.get(id);
    if (!n) { if (nodes.size >= most) { left++; return; } nodes.set(id, (n = node(id, s.kind, labelOf(s)))); }
    add(n, s);
    const p = up(i);
    const from = p === null ? null : key(index.spans[p]!);
    if (from === null || from === id) return;
    const e = `${from}\u0000${id}`;
    const edge = edges.get(e) ?? { id: e, from, to: id, count: 0, duration: 0, errors: 0, type: s.kind === 'agent' ? 'handoff' as const : 'call' as const, label: null };
    edge.count++;
    edge.duration += s.duration;
    if (s.error) edge.errors++;
    edges.set(e, edge);
  });
  countTurns(index, (i) => nodes.get(key(index.spans[i]!)));
  const list = [...edges.values()];
  const root = index.spans.findIndex((s, i) => shown(s) && up(i) === null && s.parent === null);
  if (header?.question && root >= 0) {
    const id = key(index.spans[root]!);
    nodes.set('user', { ...node('user', 'user', header.user ?? 'user'), count: 1 });
    list.push({ id: 'ask', from: 'user', to: id, count: 1, duration: 0, errors: 0, type: 'call', label: 'question' });
  }
  linksOf(header, nodes, list, (span) => { const i = index.place.get(span); if (i === undefined) return undefined; const at = shown(index.spans[i]!) ? i : up(i); return at === null || at === undefined ? undefined : key(index.spans[at]!); });
  return { nodes: [...nodes.values()], edges: list.filter((e) => nodes.has(e.from) && nodes.has(e.to)), left };
}

/** One node a call; siblings that ran one after the other are joined by dashed edges. */
export function expanded(index: NavIndex, header: TraceHeader | undefined): Graph {
  const up = parents(index);
  const nodes = new Map<string, GraphNode>();
  const edges: GraphEdge[] = [];
  const kids = new Map<string, NavSpan[]>();
  let left = 0;
  index.spans.forEach((s, i) => {
    if (!shown(s) || s.plumbing) return;
    if (nodes.size >= most) { left++; return; }
    const n = node(s.id, s.kind, labelOf(s));
    add(n, s);
    nodes.set(s.id, n);
    const p = up(i);
    if (p === null) return;
    const parent = index.spans[p]!.id;
    const list = kids.get(parent);
    if (list) list.push(s);
    else kids.set(parent, [s]);
  });
  countTurns(index, (i) => nodes.get(index.spans[i]!.id));
  for (const [parent, list] of kids) {
    list.sort((a, b) => a.start - b.start);
    // A sibling follows those that ended before it began, unless another came between: the parent starts the others.
    let open: NavSpan[] = [], wave: NavSpan[] = [];
    for (const s of list) {
      const before = [...open, ...wave].filter((x) => x.start + x.duration <= s.start);
      const last = before.reduce<NavSpan | null>((m, x) => (m === null || x.start + x.duration > m.start + m.duration ? x : m), null);
      if (last && nodes.has(last.id)) edges.push({ id: `${last.id} ${s.id}`, from: last.id, to: s.id, count: 1, duration: 0, errors: 0, type: 'next', label: null });
      else if (nodes.has(parent)) edges.push({ id: `${parent} ${s.id}`, from: parent, to: s.id, count: 1, duration: s.duration, errors: s.error ? 1 : 0, type: s.kind === 'agent' ? 'handoff' : 'call', label: null });
      open = [...open, ...wave].filter((x) => x.start + x.duration > s.start || x === last);
      wave = [s];
    }
  }
  linksOf(header, nodes, edges, (span) => { const i = index.place.get(span); if (i === undefined) return undefined; const at = shown(index.spans[i]!) ? i : up(i); return at === null || at === undefined ? undefined : index.spans[at]!.id; });
  return { nodes: [...nodes.values()], edges: edges.filter((e) => nodes.has(e.from) && nodes.has(e.to)), left };
}
