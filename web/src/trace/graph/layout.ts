import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api';
import type { Graph } from './model';

export interface Placed { width: number; height: number; nodes: Map<string, { x: number; y: number }>; edges: Map<string, { path: string; mid: { x: number; y: number } }>; plain: boolean }
export const nodeWidth = 190, nodeHeight = 46;
const deadline = 4000;
export type Direction = 'RIGHT' | 'DOWN';

type Point = { x: number; y: number };
const half = (points: Point[]): Point => {
  let total = 0;
  const lengths = points.slice(1).map((p, i) => { const d = Math.hypot(p.x - points[i]!.x, p.y - points[i]!.y); total += d; return d; });
  let at = total / 2;
  for (const [i, d] of lengths.entries()) {
    if (at <= d) { const a = points[i]!, b = points[i + 1]!, t = d === 0 ? 0 : at / d; return { x: a.x + (b.x - a.x) * t, y: a.y + (b.y - a.y) * t }; }
    at -= d;
  }
  return points.at(-1) ?? { x: 0, y: 0 };
};
/** A line with rounded corners. */
function rounded(points: Point[], r = 6): string {
  let d = `M${points[0]!.x.toFixed(1)} ${points[0]!.y.toFixed(1)}`;
  for (let i = 1; i < points.length; i++) {
    const a = points[i - 1]!, b = points[i]!, c = points[i + 1];
    if (!c) { d += `L${b.x.toFixed(1)} ${b.y.toFixed(1)}`; break; }
    const ab = Math.hypot(b.x - a.x, b.y - a.y) || 1, bc = Math.hypot(c.x - b.x, c.y - b.y) || 1, k = Math.min(r, ab / 2, bc / 2);
    d += `L${(b.x - ((b.x - a.x) / ab) * k).toFixed(1)} ${(b.y - ((b.y - a.y) / ab) * k).toFixed(1)}Q${b.x.toFixed(1)} ${b.y.toFixed(1)} ${(b.x + ((c.x - b.x) / bc) * k).toFixed(1)} ${(b.y + ((c.y - b.y) / bc) * k).toFixed(1)}`;
  }
  return d;
}

/** Layers by the longest way from a node that nobody calls: what is drawn when the layout takes too long. */
export function plain(g: Graph, direction: Direction): Placed {
  const out = new Map<string, string[]>();
  const into = new Map<string, number>(g.nodes.map((n) => [n.id, 0]));
  for (const e of g.edges) { out.set(e.from, [...(out.get(e.from) ?? []), e.to]); into.set(e.to, (into.get(e.to) ?? 0) + 1); }
  const layer = new Map<string, number>();
  const queue = g.nodes.filter((n) => into.get(n.id) === 0).map((n) => n.id);
  if (queue.length === 0 && g.nodes[0]) queue.push(g.nodes[0].id);
  for (const id of queue) layer.set(id, 0);
  const waiting = new Map(into);
  for (let i = 0; i < queue.length; i++) {
    for (const to of out.get(queue[i]!) ?? []) {
      layer.set(to, Math.max(layer.get(to) ?? 0, layer.get(queue[i]!)! + 1));
      waiting.set(to, waiting.get(to)! - 1);
      if (waiting.get(to) === 0) queue.push(to);
    }
  }
  for (const n of g.nodes) if (!layer.has(n.id)) layer.set(n.id, 0); // in circles that nobody enters
  const rows = new Map<number, number>();
  const nodes = new Map<string, Point>();
  let width = 0, height = 0;
  for (const n of g.nodes) {
    const l = layer.get(n.id)!, r = rows.get(l) ?? 0;
    rows.set(l, r + 1);
    const p = direction === 'RIGHT' ? { x: 20 + l * (nodeWidth + 110), y: 20 + r * (nodeHeight + 26) } : { x: 20 + r * (nodeWidth + 30), y: 20 + l * (nodeHeight + 60) };
    nodes.set(n.id, p);
    width = Math.max(width, p.x + nodeWidth + 20);
    height = Math.max(height, p.y + nodeHeight + 20);
  }
  const edges = new Map<string, { path: string; mid: Point }>();
  for (const e of g.edges) {
    const a = nodes.get(e.from)!, b = nodes.get(e.to)!;
    const from = direction === 'RIGHT' ? { x: a.x + nodeWidth, y: a.y + nodeHeight / 2 } : { x: a.x + nodeWidth / 2, y: a.y + nodeHeight };
    const to = direction === 'RIGHT' ? { x: b.x, y: b.y + nodeHeight / 2 } : { x: b.x + nodeWidth / 2, y: b.y };
    edges.set(e.id, { path: rounded([from, to]), mid: half([from, to]) });
  }
  return { width, height, nodes, edges, plain: true };
}

function toElk(g: Graph, direction: Direction): ElkNode {
  return {
    id: 'root',
    layoutOptions: {
      'elk.algorithm': 'layered', 'elk.direction': direction, 'elk.edgeRouting': 'ORTHOGONAL', 'elk.spacing.nodeNode': '24', 'elk.layered.spacing.nodeNodeBetweenLayers': direction === 'RIGHT' ? '110' : '56',
      'elk.spacing.edgeNode': '16', 'elk.spacing.edgeEdge': '10', 'elk.padding': '[top=20,left=20,bottom=20,right=20]', 'elk.layered.considerModelOrder.strategy': 'NODES_AND_EDGES', 'elk.randomSeed': '1',
    },
    children: g.nodes.map((n) => ({ id: n.id, width: nodeWidth, height: nodeHeight })),
    edges: g.edges.map((e) => ({ id: e.id, sources: [e.from], targets: [e.to] })),
  };
}

/** ELK in a worker of its own; past the deadline the worker is ended and plain layers are drawn. */
export async function place(g: Graph, direction: Direction, signal: AbortSignal): Promise<Placed> {
  if (g.nodes.length === 0) return { width: 0, height: 0, nodes: new Map(), edges: new Map(), plain: false };
  const [{ default: Elk }, { default: workerUrl }] = await Promise.all([import('elkjs/lib/elk-api.js'), import('elkjs/lib/elk-worker.min.js?url')]);
  let worker: Worker | null = null;
  try {
    const elk = new Elk({ workerFactory: () => (worker = new Worker(workerUrl)) });
    const late = new Promise<never>((_, reject) => {
      setTimeout(() => reject(new Error('late')), deadline);
      signal.addEventListener('abort', () => reject(new Error('aborted')));
      // A worker that cannot be read is an answer too.
      worker?.addEventListener('error', () => reject(new Error('worker')));
    });
    const done = await Promise.race([elk.layout(toElk(g, direction)), late]);
    const nodes = new Map((done.children ?? []).map((n) => [n.id, { x: n.x ?? 0, y: n.y ?? 0 }]));
    const edges = new Map<string, { path: string; mid: Point }>();
    for (const e of (done.edges ?? []) as ElkExtendedEdge[]) {
      const s = e.sections?.[0];
      if (!s) continue;
      const points = [s.startPoint, ...(s.bendPoints ?? []), s.endPoint];
      edges.set(e.id, { path: rounded(points), mid: half(points) });
    }
    return { width: done.width ?? 0, height: done.height ?? 0, nodes, edges, plain: false };
  } catch (e) {
    if (signal.aborted) throw e;
    return plain(g, direction);
  } finally {
    (worker as Worker | null)?.terminate();
  }
}
