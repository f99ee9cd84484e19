import { useMemo } from 'react';
import type { Cost, DependencyList, ServiceList, UsageReport } from '../api/types';
import { compact, durationText, money, percent, some } from '../format/numbers';
import { oneLine } from '../text/safe';
import { useSize } from '../ui/size';
import { cubic, placeLabels } from './edge-labels';

type Call = DependencyList['dependencies'][number];
/** Model calls of a service at one provider: an edge that carries money. */
export interface ProviderEdge { service: string; provider: string; calls: number; errors: number; cost: Cost }
interface Edge extends Omit<Call, 'p50_ns' | 'p95_ns'> { p95_ns: number | null; cost: Cost | null }
const providerKey = 'provider\u0000';
const nodeW = 168, nodeH = 40, gapY = 22, most = 40;

/** Columns by the longest way from a caller; a loop's back edge does not push its target on. */
export function layers(edges: Pick<Edge, 'parent' | 'child'>[]): Map<string, number> {
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

export const providersOf = (u: UsageReport | undefined): ProviderEdge[] => (u?.rows ?? []).filter((r) => r.key['service'] && r.calls > 0).map((r) => ({ service: r.key['service']!, provider: r.key['provider'] ?? 'provider not told', calls: r.calls, errors: r.errors, cost: r.cost }));
const edgeText = (e: Edge): string => (e.cost ? `${e.cost.nano_usd !== null ? `${e.cost.state === 'partly' ? '≥ ' : ''}${money(e.cost.nano_usd)}` : e.cost.state === 'unpriced' ? 'no price' : 'no usage told'}, ${some(e.calls, 'call')}` : `${compact(e.calls)}${e.p95_ns !== null ? `, p95 ${durationText(e.p95_ns)}` : ''}`) + (e.errors > 0 ? `, ${percent(e.errors / e.calls)} failed` : '');

/** Who calls whom, and which model providers the money goes to. */
export function ServiceMap({ services, edges: calls, providers = [], chosen, choose, least = 0, label }: { services: ServiceList['services']; edges: Call[]; providers?: ProviderEdge[]; chosen: string | null; choose: (s: string) => void; least?: number; label: string }) {
  const edges = useMemo<Edge[]>(() => [...calls.map((c) => ({ ...c, cost: null })), ...providers.map((p) => ({ parent: p.service, child: providerKey + p.provider, calls: p.calls, errors: p.errors, p95_ns: null, cost: p.cost }))], [calls, providers]);
  const [ref, { width }] = useSize<HTMLDivElement>();
  const shownEdges = useMemo(() => [...edges].sort((a, b) => b.calls - a.calls).slice(0, 120), [edges]);
  const layout = useMemo(() => {
    const layer = layers(shownEdges);
    // Providers stand in one column at the right, whoever calls them.
    const deepest = Math.max(0, ...layer.values());
    for (const n of layer.keys()) if (n.startsWith(providerKey)) layer.set(n, deepest);
    const names = [...layer.keys()].slice(0, most);
    const columns: string[][] = [];
    for (const n of names) (columns[layer.get(n)!] ??= []).push(n);
    const cols = columns.filter((c) => c !== undefined);
    // Two sweeps by the mean place of the callers keep edges from crossing needlessly.
    const place = new Map<string, number>();
    for (const c of cols) c.forEach((n, i) => place.set(n, i));
    for (let sweep = 0; sweep < 2; sweep++) for (const c of cols.slice(1)) {
      const mean = (n: string): number => { const p = shownEdges.filter((e) => e.child === n && place.has(e.parent)).map((e) => place.get(e.parent)!); return p.length ? p.reduce((a, b) => a + b, 0) / p.length : place.get(n)!; };
      c.sort((a, b) => mean(a) - mean(b)).forEach((n, i) => place.set(n, i));
    }
    return { cols, tallest: Math.max(1, ...cols.map((c) => c.length)), hidden: layer.size - names.length };
  }, [shownEdges]);
  const h = Math.max(least, layout.tallest * (nodeH + gapY) + 50), gap = Math.min(90, (h - 30) / layout.tallest - nodeH);
  const need = layout.cols.length * (nodeW + 110);
  const w = Math.min(Math.max(width - 2, need), Math.max(need, layout.cols.length * (nodeW + 220)));
  const at = new Map<string, { x: number; y: number }>();
  layout.cols.forEach((c, i) => c.forEach((n, j) => at.set(n, { x: layout.cols.length === 1 ? 16 : 16 + (i * (w - nodeW - 32)) / (layout.cols.length - 1), y: (h - c.length * (nodeH + gap)) / 2 + j * (nodeH + gap) + gap / 2 })));
  const max = Math.max(1, ...shownEdges.filter((e) => !e.cost).map((e) => e.calls)), dearest = Math.max(1, ...shownEdges.map((e) => e.cost?.nano_usd ?? 0));
  const spent = new Map<string, { nano: number; unpriced: boolean }>();
  for (const e of shownEdges) if (e.cost) { const s = spent.get(e.child) ?? { nano: 0, unpriced: false }; s.nano += e.cost.nano_usd ?? 0; s.unpriced ||= e.cost.state === 'unpriced' || e.cost.state === 'partly'; spent.set(e.child, s); }
  const info = new Map(services.map((s) => [s.name, s]));
  const drawn = shownEdges.flatMap((e) => {
    const a = at.get(e.parent), b = at.get(e.child);
    if (!a || !b) return [];
    const self = e.parent === e.child, x0 = a.x + nodeW, y0 = a.y + nodeH / 2, x1 = b.x, y1 = b.y + nodeH / 2, m = Math.max(40, Math.abs(x1 - x0) / 2), back = !self && x1 <= x0;
    const d = self ? `M${x0 - 30} ${a.y}c10 -22 44 -14 30 12` : !back ? `M${x0} ${y0}C${x0 + m} ${y0} ${x1 - m} ${y1} ${x1} ${y1}` : `M${a.x + nodeW / 2} ${a.y + nodeH}C${a.x + nodeW / 2 - 20} ${a.y + nodeH + 34} ${b.x + nodeW / 2 + 20} ${b.y + nodeH + 34} ${b.x + nodeW / 2} ${b.y + nodeH}`;
    const thick = e.cost ? 1 + 6 * Math.sqrt((e.cost.nano_usd ?? 0) / dearest) : 1 + 4 * Math.sqrt(e.calls / max);
    const point = (t: number): [number, number] => {
      if (self) return [x0 + 8, a.y - 8];
      if (back) return [(a.x + b.x + nodeW) / 2, Math.max(a.y, b.y) + nodeH + 24];
      const [x, y] = cubic([[x0, y0], [x0 + m, y0], [x1 - m, y1], [x1, y1]], t);
      return [x, y - thick / 2 - 4];
    };
    return [{ e, key: `${e.parent}\u0000${e.child}`, d, thick, point }];
  });
  // What costs next to nothing and what has no price says so at the provider.
  const labels = placeLabels(drawn.filter(({ e }) => !e.cost || (e.cost.nano_usd ?? 0) > dearest * 0.02).map(({ e, key, point }) => ({ key, text: edgeText(e), at: point })), [...at.values()].map((p) => ({ x: p.x, y: p.y, w: nodeW, h: nodeH })));
  return (
    <div className="map scroll" ref={ref}>
      <svg width={Math.max(1, w)} height={h} role="group" aria-label={label}>
        {drawn.map(({ e, key, d, thick }) => <g key={key} className={chosen !== null && e.parent !== chosen && e.child !== chosen ? 'dimmed' : ''}><path d={d} fill="none" className={e.errors > 0 && !e.cost ? 'st-error' : e.cost ? 'st-money' : 'st-edge'} strokeWidth={thick} strokeDasharray={e.cost && e.cost.nano_usd === null ? '4 4' : undefined} />
          <title>{`${oneLine(e.parent, 60)} → ${oneLine(e.child.replace(providerKey, ''), 60)}: ${edgeText(e)}`}</title></g>)}
        {drawn.map(({ e, key }) => { const l = labels.get(key); return l && <text key={key} x={l[0]} y={l[1]} textAnchor="middle" className={`elab ${chosen !== null && e.parent !== chosen && e.child !== chosen ? 'dimmed' : ''}`}>{edgeText(e)}</text>; })}
        {[...at].map(([n, p]) => {
          const s = info.get(n), money_ = spent.get(n);
          if (n.startsWith(providerKey)) return <g key={n} transform={`translate(${p.x} ${p.y})`} className="node still"><rect width={nodeW} height={nodeH} rx="5" /><path transform="translate(10 6) scale(.8)" d="M8 1.2 10 6l4.8 2L10 10l-2 4.8L6 10 1.2 8 6 6z" className="f-k-llm" /><text x="28" y="17" className="nlab">{oneLine(n.slice(providerKey.length), 20)}</text><text x="28" y="32">{money_ && money_.nano > 0 ? `${money_.unpriced ? '≥ ' : ''}${money(money_.nano)}` : 'no price'}</text></g>;
          return (
            <g key={n} transform={`translate(${p.x} ${p.y})`} className={`node ${n === chosen ? 'on' : ''}`} role="button" tabIndex={0} aria-pressed={n === chosen} onClick={() => choose(n)} onKeyDown={(e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); e.stopPropagation(); choose(n); } }}>
              <rect width={nodeW} height={nodeH} rx="5" /><text x="10" y="17" className="nlab">{oneLine(n, 24)}</text><text x="10" y="32">{s ? `${compact(s.spans)} spans` : 'no spans of its own'}{s && s.errors > 0 && <tspan className="nerr">, {compact(s.errors)} errors</tspan>}</text>
            </g>
          );
        })}
      </svg>
      {layout.hidden > 0 && <p className="pad dim">{layout.hidden} more services are in the table only.</p>}
    </div>
  );
}
