import { useMemo } from 'react';
import { compact, integer, money } from '../format/numbers';
import { useSize } from '../ui/size';
import type { NavIndex } from './nav-index';

/** Cost summed up and tokens in context over the run, on the waterfall's own axis. */
export function RunningTotal({ index, range, left, select }: { index: NavIndex; range: [number, number]; left: number | null; select: (span: string) => void }) {
  const [ref, { width, height }] = useSize<HTMLDivElement>();
  const data = useMemo(() => {
    const calls = index.spans.filter((s) => s.usage && s.usage.role === 'own').map((s) => ({ id: s.id, llm: s.kind === 'llm', start: s.start, end: s.start + s.duration, context: s.usage!.total_input ?? null, cost: s.cost.nano_usd }));
    const byEnd = [...calls].sort((a, b) => a.end - b.end);
    let sum = 0;
    const cost = byEnd.filter((c) => c.cost !== null && c.cost > 0).map((c) => ({ id: c.id, t: c.end, v: (sum += c.cost!) }));
    const context = calls.filter((c) => c.llm && c.context !== null && c.context > 0).map((c) => ({ id: c.id, t: c.start, v: c.context! }));
    return { cost, context, sum, unpriced: calls.filter((c) => c.cost === null).length, calls: calls.length };
  }, [index]);
  if (data.calls === 0) return null;
  const peak = Math.max(1, ...data.context.map((c) => c.v)), first = data.context[0]?.v, last = data.context.at(-1)?.v;
  const w = Math.max(1, width), h = Math.max(1, height);
  const x = (t: number): number => ((t - range[0]) / (range[1] - range[0])) * w, y = (v: number): number => h - 10 - v * (h - 32);
  const path = (points: { t: number; v: number }[], max: number, close: boolean): string => {
    let d = `M${x(range[0]).toFixed(1)} ${y(0)}`, at = 0;
    for (const p of points) { d += `L${x(p.t).toFixed(1)} ${y(at).toFixed(1)}L${x(p.t).toFixed(1)} ${y(p.v / max).toFixed(1)}`; at = p.v / max; }
    d += `L${x(range[1]).toFixed(1)} ${y(at).toFixed(1)}`;
    return close ? `${d}L${x(range[1]).toFixed(1)} ${y(0)}Z` : d;
  };
  // Labels that would stand on one another are left out; the last one always stands.
  const label = <P extends { t: number; v: number }>(points: P[], minGap: number): P[] => {
    const out: P[] = [];
    for (const p of [...points].reverse()) if (x(p.t) > 0 && x(p.t) < w && (out.length === 0 || x(out.at(-1)!.t) - x(p.t) > minGap)) out.push(p);
    return out;
  };
  const costLabels = label(data.cost, 60);
  return (
    <section className="tot" aria-label="Running total" style={{ gridTemplateColumns: left === null ? '14px minmax(0,1fr) 14px' : `${left}px minmax(0,1fr) 14px` }}>
      {left === null ? <span /> : <div className="k">
        <h2 className="h2">Running total</h2>
        <div className="row"><i className="dash d0" />cost<span className="grow" /><b className="strong">{data.cost.length > 0 ? money(data.sum) : data.unpriced > 0 ? 'unpriced' : '—'}</b></div>
        <div className="row"><i className="dash d1" />tokens in context<span className="grow" /><b className="strong">{last !== undefined ? integer(last) : '—'}</b></div>
        <div className="cap">{first && last && data.context.length > 1 ? `context ${last >= first ? 'grew' : 'shrank'} ${Math.abs(Math.round((last / first - 1) * 100))} % from the first call to the last` : ''}</div>
      </div>}
      <div className="plot" ref={ref}>
        {left === null && <span className="totk"><i className="dash d0" />cost<i className="dash d1" />tokens in context</span>}
        <svg width={w} height={h} role="img" aria-label={`Cost adds up to ${money(data.sum)}; context peaks at ${integer(peak)} tokens`}>
          {[0, 0.5, 1].map((v) => <line key={v} x1="0" x2={w} y1={y(v)} y2={y(v)} className="st-line" />)}
          {data.cost.length > 0 && <path d={path(data.cost, data.sum, true)} className="p-cost-fill" />}
          <path d={path(data.context, peak, false)} className="p-context" />
          {data.cost.length > 0 && <path d={path(data.cost, data.sum, false)} className="p-cost" />}
          {data.cost.map((p) => <circle key={p.id} cx={x(p.t)} cy={y(p.v / data.sum)} r="2.5" className="p-dot" onClick={() => select(p.id)} />)}
          {costLabels.map((p, i) => <text key={p.id} x={x(p.t) + (i === 0 && x(p.t) > w - 60 ? -6 : 5)} y={y(p.v / data.sum) - 5} textAnchor={i === 0 && x(p.t) > w - 60 ? 'end' : 'start'} className="p-t0">{money(p.v)}</text>)}
          {label(data.context, 90).map((p) => (costLabels.some((c) => Math.abs(x(c.t) - x(p.t)) < 75 && Math.abs(y(c.v / data.sum) - y(p.v / peak)) < 14) ? null : <text key={p.id} x={Math.min(x(p.t) + 5, w - 60)} y={y(p.v / peak) - 5} className="p-t1">{compact(p.v)} tok</text>))}
        </svg>
      </div>
    </section>
  );
}
