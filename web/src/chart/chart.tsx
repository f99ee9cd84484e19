import { useMemo, useRef, useState, type ReactNode } from 'react';
import { roundText } from '../format/numbers';
import { axisTime } from '../format/time';
import { Safe } from '../text/text';
import { useSize } from '../ui/size';
import './chart.css';

/** One line or one layer of bars: values by time step; null is unknown and leaves a gap. */
export interface Line { key: string; label: string; className: string; values: (number | null)[]; total: string }
/** The class of the layer or line at that place; from the eighth on they share the one of "others". */
export const paint = (i: number): string => (i < 7 ? `b-c-${[0, 4, 2, 1, 3, 5, 6][i]}` : 'b-c-7');
const left = 54, right = 10, top = 8, bottom = 20;

/** Round steps for an axis of values. */
export function axisSteps(max: number, want = 3, min = 0): number[] {
  if (!(max > min)) return [0, 1];
  const raw = (max - min) / want, p = 10 ** Math.floor(Math.log10(raw)), step = [1, 2, 5, 10].map((m) => m * p).find((s) => s >= raw) ?? 10 * p;
  const out: number[] = [];
  for (let i = Math.floor(min / step); i * step < max + step * 0.999; i++) out.push(i * step);
  return out;
}

/** Bars stacked, or lines, over time. Pointing shows the figures of the step; a click leads to what lies behind it. */
export function Chart({ times, step, lines, form, text, go, height = 168, word }: {
  times: number[]; step: number; lines: Line[]; form: 'bars' | 'lines'; text: (v: number) => string; go?: (line: string | null, from: number, to: number) => void; height?: number; word: string;
}) {
  const [box, { width }] = useSize<HTMLDivElement>();
  const [at, setAt] = useState<number | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const w = Math.max(40, width - left - right), h = height - top - bottom;
  const n = Math.max(1, times.length), slot = w / n;
  const max = useMemo(() => Math.max(0, ...times.map((_, i) => (form === 'bars' ? lines.reduce((s, l) => s + (l.values[i] ?? 0), 0) : Math.max(0, ...lines.map((l) => l.values[i] ?? 0))))), [times, lines, form]);
  const min = useMemo(() => (form === 'bars' ? 0 : Math.min(0, ...lines.flatMap((l) => l.values.map((v) => v ?? 0)))), [lines, form]);
  const marks = axisSteps(max, 3, min), floor = marks[0]!, ceiling = marks.at(-1)!;
  const y = (v: number): number => top + h - ((v - floor) / (ceiling - floor)) * h, x = (i: number): number => left + i * slot;
  const every = Math.max(1, Math.ceil(n / Math.max(2, Math.floor(w / 80))));
  const span = n * step;
  const pick = (e: React.PointerEvent | React.MouseEvent): number => Math.max(0, Math.min(n - 1, Math.floor((e.clientX - (svg.current?.getBoundingClientRect().left ?? 0) - left) / slot)));
  const paths = form === 'lines' ? lines.map((l) => { let d = '', pen = false; l.values.forEach((v, i) => { if (v === null) { pen = false; return; } d += `${pen ? 'L' : 'M'}${(x(i) + slot / 2).toFixed(1)} ${y(v).toFixed(1)}`; pen = true; }); return <path key={l.key} d={d} className={`cline ${l.className}`} />; }) : null;
  const dots = form === 'lines' ? lines.flatMap((l) => l.values.map((v, i) => (v !== null && l.values[i - 1] == null && l.values[i + 1] == null ? <circle key={`${l.key}${i}`} cx={x(i) + slot / 2} cy={y(v)} r="2" className={`cdot ${l.className}`} /> : null))) : null;
  return (
    <div className="chart" ref={box} style={{ height }}>
      <svg ref={svg} width={Math.max(1, width)} height={height} role="img" aria-label={`${word}: ${lines.map((l) => `${l.label} ${l.total}`).join(', ')}`} className={go ? 'go' : ''}
        onPointerMove={(e) => setAt(pick(e))} onPointerLeave={() => setAt(null)}
        onClick={(e) => {
          if (!go) return;
          const i = pick(e), py = e.clientY - (svg.current?.getBoundingClientRect().top ?? 0);
          // The nearest part within a few pixels: a small one is thinner than a finger.
          let sum = 0, hit: string | null = null, least = 4;
          if (form === 'bars') for (const l of lines) {
            const v = l.values[i] ?? 0, off = Math.max(py - y(sum), y(sum + v) - py, 0);
            if (v > 0 && off < least) { hit = l.key; least = off; }
            sum += v;
          }
          go(hit, times[i]!, times[i]! + step);
        }}>
        {marks.map((v) => <g key={v}><line x1={left} x2={left + w} y1={y(v)} y2={y(v)} className="st-line" /><text x={left - 6} y={y(v) + 3.5} textAnchor="end">{roundText(text(v))}</text></g>)}
        {times.map((t, i) => (i % every === Math.floor(every / 2) ? <text key={t} x={x(i) + slot / 2} y={height - 5} textAnchor="middle">{axisTime(t, span)}</text> : null))}
        {form === 'bars' && times.map((t, i) => { let sum = 0; return <g key={t} className={at === i ? 'on' : ''}>{lines.map((l) => { const v = l.values[i] ?? 0; if (v <= 0) return null; const a = y(sum), b = y(sum + v); sum += v; return <rect key={l.key} x={x(i) + Math.min(1, slot * 0.1)} width={Math.max(1, slot - Math.min(2, slot * 0.2))} y={b} height={Math.max(0.75, a - b - (a - b > 3 ? 0.75 : 0))} className={`cbar ${l.className}`} />; })}</g>; })}
        {paths}{dots}
        {at !== null && form === 'lines' && <line x1={x(at) + slot / 2} x2={x(at) + slot / 2} y1={top} y2={top + h} className="st-accent" />}
      </svg>
      {at !== null && <div className="tip" style={{ transform: `translateX(${Math.max(4, Math.min(width - 180, x(at) + slot + 6))}px)` }}><b>{axisTime(times[at]!, 0)}</b>{lines.map((l) => (l.values[at] != null && (form === 'lines' || l.values[at] !== 0) ? <div key={l.key} className="row"><i className={`sw ${l.className}`} /><span className="trunc tipn"><Safe text={l.label} /></span><span className="grow" />{text(l.values[at]!)}</div> : null))}</div>}
    </div>
  );
}

export function Legend({ lines, go }: { lines: Line[]; go?: (key: string) => void }) {
  return <div className="clegend">{lines.map((l) => { const body: ReactNode = <><i className={`sw ${l.className}`} /><span className="trunc"><Safe text={l.label} /></span> <span className="mid">{l.total}</span></>; return go ? <button type="button" key={l.key} className="linkish" onClick={() => go(l.key)}>{body}</button> : <span key={l.key}>{body}</span>; })}</div>;
}

/** A figure's course in a thumb's width. */
export function Spark({ values, label }: { values: number[]; label: string }) {
  const max = Math.max(...values, 0), w = 110, h = 34;
  if (values.length < 2 || max <= 0) return <span className="spark" />;
  const p = values.map((v, i) => `${((i / (values.length - 1)) * w).toFixed(1)} ${(h - 2 - (v / max) * (h - 5)).toFixed(1)}`);
  return <svg className="spark" width={w} height={h} role="img" aria-label={label}><path d={`M0 ${h}L${p.join('L')}L${w} ${h}Z`} className="sfill" /><path d={`M${p.join('L')}`} className="sline" /></svg>;
}
