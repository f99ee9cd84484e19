import { useMemo } from 'react';
import type { Cost, DependencyList, ServiceList, UsageReport } from '../api/types';
import { compact, durationText, money, percent, some } from '../format/numbers';
import { oneLine } from '../text/safe';
import { useSize } from '../ui/size';
import { cubic, placeLabels } from './edge-labels';
import { columnsOf, curveOf, heightOf, keyOf, nodeH, nodeW, pathOf, pieceAt, placesOf } from './layout';

type Call = DependencyList['dependencies'][number];
/** Model calls of a service at one provider: an edge that carries money. */
export interface ProviderEdge { service: string; provider: string; calls: number; errors: number; cost: Cost }
interface Edge extends Omit<Call, 'p50_ns' | 'p95_ns'> { p95_ns: number | null; cost: Cost | null }
const providerKey = 'provider\u0000';

export const providersOf = (u: UsageReport | undefined): ProviderEdge[] => (u?.rows ?? []).filter((r) => r.key['service'] && r.calls > 0).map((r) => ({ service: r.key['service']!, provider: r.key['provider'] ?? 'provider not told', calls: r.calls, errors: r.errors, cost: r.cost }));
const edgeText = (e: Edge): string => (e.cost ? `${e.cost.nano_usd !== null ? `${e.cost.state === 'partly' ? '≥ ' : ''}${money(e.cost.nano_usd)}` : e.cost.state === 'unpriced' ? 'no price' : 'no usage told'}, ${some(e.calls, 'call')}` : `${compact(e.calls)}${e.p95_ns !== null ? `, p95 ${durationText(e.p95_ns)}` : ''}`) + (e.errors > 0 ? `, ${percent(e.errors / e.calls)} failed` : '');

/** Who calls whom, and which model providers the money goes to. */
export function ServiceMap({ services, edges: calls, providers = [], chosen, choose, least = 0, label }: { services: ServiceList['services']; edges: Call[]; providers?: ProviderEdge[]; chosen: string | null; choose: (s: string) => void; least?: number; label: string }) {
  const edges = useMemo<Edge[]>(() => [...calls.map((c) => ({ ...c, cost: null })), ...providers.map((p) => ({ parent: p.service, child: providerKey + p.provider, calls: p.calls, errors: p.errors, p95_ns: null, cost: p.cost }))], [calls, providers]);
  const [ref, { width }] = useSize<HTMLDivElement>();
  const shownEdges = useMemo(() => [...edges].sort((a, b) => b.calls - a.calls).slice(0, 120), [edges]);
  // Providers stand in one column at the right, whoever calls them.
  const layout = useMemo(() => columnsOf(shownEdges, (n) => n.startsWith(providerKey)), [shownEdges]);
  const h = heightOf(layout, least), columns = Math.max(1, layout.cols.length);
  const need = columns * (nodeW + 110);
  const w = Math.min(Math.max(width - 2, need), Math.max(need, columns * (nodeW + 220)));
  const places = useMemo(() => placesOf(layout, w, h), [layout, w, h]);
  const at = new Map(layout.cols.flatMap((c) => c.flatMap((x) => (x.way ? [] : [[x.id, places.get(x.id)!] as const]))));
  const max = Math.max(1, ...shownEdges.filter((e) => !e.cost).map((e) => e.calls)), dearest = Math.max(1, ...shownEdges.map((e) => e.cost?.nano_usd ?? 0));
  const spent = new Map<string, { nano: number; unpriced: boolean }>();
  for (const e of shownEdges) if (e.cost) { const s = spent.get(e.child) ?? { nano: 0, unpriced: false }; s.nano += e.cost.nano_usd ?? 0; s.unpriced ||= e.cost.state === 'unpriced' || e.cost.state === 'partly'; spent.set(e.child, s); }
  const info = new Map(services.map((s) => [s.name, s]));
  const drawn = shownEdges.flatMap((e) => {
    const curve = curveOf(e, places, layout.ways);
    if (!curve) return [];
    const thick = e.cost ? 1 + 6 * Math.sqrt((e.cost.nano_usd ?? 0) / dearest) : 1 + 4 * Math.sqrt(e.calls / max);
    const point = (t: number): [number, number] => { const [piece, u] = pieceAt(curve, t), [x, y] = cubic(piece, u); return [x, y - thick / 2 - 4]; };
    const end = curve.at(-1)![3], back = e.parent !== e.child && end[0] < curve[0]![0][0];
    return [{ e, key: keyOf(e), d: pathOf(curve), thick, point, tip: back ? end : null }];
  });
  // What costs next to nothing and what has no price says so at the provider.
  const labels = placeLabels(drawn.filter(({ e }) => !e.cost || (e.cost.nano_usd ?? 0) > dearest * 0.02).map(({ e, key, point }) => ({ key, text: edgeText(e), at: point })), [...at.values()]);
  return (
    <div className="map scroll" ref={ref}>
      <svg width={Math.max(1, w)} height={h} role="group" aria-label={label}>
        {drawn.map(({ e, key, d, thick, tip }) => <g key={key} className={chosen !== null && e.parent !== chosen && e.child !== chosen ? 'dimmed' : ''}><path d={d} fill="none" className={e.errors > 0 && !e.cost ? 'st-error' : e.cost ? 'st-money' : 'st-edge'} strokeWidth={thick} strokeDasharray={e.cost && e.cost.nano_usd === null ? '4 4' : undefined} />
          {tip && <path d={`M${tip[0] + 7} ${tip[1] - 4}L${tip[0]} ${tip[1]}L${tip[0] + 7} ${tip[1] + 4}`} fill="none" className={e.errors > 0 && !e.cost ? 'st-error' : 'st-edge'} strokeWidth="1.5" />}
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
