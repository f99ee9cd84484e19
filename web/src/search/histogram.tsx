import { useMemo, useRef, useState } from 'react';
import type { Timeseries } from '../api/types';
import { durationText, integer } from '../format/numbers';
import { axisTime, nanos } from '../format/time';
import { useSize } from '../ui/size';

const height = 180, left = 40, right = 12, top = 36, bottom = 18;

/** Counts over time, errors at the foot of each bar; drag to narrow the time range. */
export function Histogram({ series, from, to, narrow, word }: {
  series: Timeseries | undefined; from: number; to: number; narrow: (fromMs: number, toMs: number) => void; word: string;
}) {
  const [ref, { width }] = useSize<HTMLDivElement>();
  const [drag, setDrag] = useState<{ a: number; b: number } | null>(null);
  const [hover, setHover] = useState<number | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const points = useMemo(() => (series?.points ?? []).map((p) => ({ ...p, ms: Number(nanos(p.t) / 1_000_000n) })), [series]);
  const step = (series?.step_ns ?? 0) / 1e6;
  const max = Math.max(1, ...points.map((p) => p.count));
  const w = Math.max(50, width - left - right), h = height - top - bottom;
  const x = (ms: number): number => left + ((ms - from) / Math.max(1, to - from)) * w;
  const ms = (px: number): number => from + (Math.min(w, Math.max(0, px - left)) / w) * (to - from);
  const place = (e: React.PointerEvent): number => e.clientX - (svg.current?.getBoundingClientRect().left ?? 0);
  const labels = useMemo(() => {
    const span = to - from, day = 86_400e3;
    const steps = [10e3, 30e3, 60e3, 120e3, 300e3, 600e3, 1800e3, 3600e3, 2 * 3600e3, 3 * 3600e3, 6 * 3600e3, 12 * 3600e3, day, 2 * day, 7 * day];
    const s = steps.find((v) => span / v <= Math.max(3, w / 110)) ?? 30 * day;
    const zone = new Date(from).getTimezoneOffset() * 60e3;
    const out: number[] = [];
    for (let t = Math.ceil((from - zone) / s) * s + zone; t < to; t += s) out.push(t);
    return { out, span };
  }, [from, to, w]);
  const seen = hover === null ? null : points.find((p) => hover >= p.ms && hover < p.ms + step) ?? null;
  return (
    <div className="histo" ref={ref}>
      <svg ref={svg} width={Math.max(1, width)} height={height} role="img" aria-label={`${word} over time`}
        onPointerDown={(e) => { if (e.button === 0) { e.currentTarget.setPointerCapture(e.pointerId); const p = place(e); setDrag({ a: p, b: p }); } }}
        onPointerMove={(e) => { const p = place(e); setHover(ms(p)); if (drag) setDrag({ ...drag, b: p }); }}
        onPointerLeave={() => setHover(null)}
        onPointerCancel={() => setDrag(null)}
        onPointerUp={() => {
          if (drag && Math.abs(drag.b - drag.a) > 4) narrow(ms(Math.min(drag.a, drag.b)), ms(Math.max(drag.a, drag.b)));
          setDrag(null);
        }}>
        <line x1={left} x2={left + w} y1={top + h + .5} y2={top + h + .5} className="st-line2" />
        <line x1={left} x2={left + w} y1={top + .5} y2={top + .5} className="st-line" strokeDasharray="2 3" />
        <text x={left - 6} y={top + 4} textAnchor="end">{series ? integer(max) : ''}</text>
        <text x={left - 6} y={top + h + 3} textAnchor="end">0</text>
        {labels.out.map((t) => <g key={t}><line x1={x(t)} x2={x(t)} y1={top + h} y2={top + h + 4} className="st-line2" /><text x={x(t)} y={height - 4} textAnchor="middle">{axisTime(t, labels.span)}</text></g>)}
        {points.map((p) => {
          if (p.count === 0) return null;
          const a = Math.max(left, x(p.ms)), b = Math.min(left + w, x(p.ms + step));
          const bw = Math.max(1.5, b - a - 1), bh = Math.max(2, (p.count / max) * h), eh = p.errors > 0 ? Math.max(2, (p.errors / max) * h) : 0;
          return <g key={p.t}><rect x={a} y={top + h - bh} width={bw} height={Math.max(0, bh - eh)} className={`f-bar ${seen === p ? 'on' : ''}`} /><rect x={a} y={top + h - eh} width={bw} height={eh} className="f-error" /></g>;
        })}
        {drag && <rect x={Math.min(drag.a, drag.b)} y={top} width={Math.abs(drag.b - drag.a)} height={h} className="f-brush" />}
      </svg>
      {seen && !drag && <div className="tip" style={{ transform: `translateX(${Math.min(width - 210, Math.max(4, x(seen.ms) + 10))}px)` }}>
        <b>{axisTime(seen.ms, 0)}</b> {integer(seen.count)} {word.toLowerCase()}{seen.errors > 0 && <span className="danger"> {integer(seen.errors)} with errors</span>}
        {seen.p95_ns !== null && <div className="dim">p50 {durationText(seen.p50_ns)}, p95 {durationText(seen.p95_ns)}</div>}
      </div>}
    </div>
  );
}
