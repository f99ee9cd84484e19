import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Scatter as Points, ScatterPoint } from '../api/types';
import { compact, durationText, integer, money, roundText } from '../format/numbers';
import { axisTime, nanos } from '../format/time';
import { useSize } from '../ui/size';
import { tokens, useTheme } from '../ui/theme';

export type Figure = 'duration' | 'cost' | 'tokens';
export interface Cloud { figure: Figure; from: number; to: number; least: number; most: number } // ms; the figure's own unit

export const readCloud = (text: string | null): Cloud | null => {
  const m = /^(duration|cost|tokens),(\d{10,14}),(\d{10,14}),(\d{1,19}),(\d{1,19})$/.exec(text ?? '');
  return m ? { figure: m[1] as Figure, from: Number(m[2]), to: Number(m[3]), least: Number(m[4]), most: Number(m[5]) } : null;
};
export const writeCloud = (c: Cloud): string => [c.figure, Math.round(c.from), Math.round(c.to), Math.floor(c.least), Math.ceil(c.most)].join(',');
export const figureText = (figure: Figure, v: number): string => (figure === 'duration' ? durationText(v) : figure === 'cost' ? money(v) : `${compact(v)} tok`);
const valueOf = (p: ScatterPoint, f: Figure): number | null => (f === 'duration' ? p.duration_ns : f === 'cost' ? p.cost_nano_usd : p.tokens);

// Above the plot there is room for the switch that stands over it.
const left = 62, right = 14, top = 36, bottom = 20;
/** 1, 2, 5 × 10^n between two values: the lines of a logarithmic axis. */
export function logMarks(low: number, high: number): number[] {
  const out: number[] = [];
  for (let e = Math.floor(Math.log10(low)); e <= Math.log10(high) + 1; e++) for (const m of [1, 2, 5]) { const v = m * 10 ** e; if (v >= low * 0.999 && v <= high * 1.001) out.push(v); }
  if (out.length <= 6) return out;
  const tens = out.filter((v) => /^1(0*|\.?0*)$/.test(String(v / 10 ** Math.floor(Math.log10(v)))));
  const step = Math.ceil(tens.length / 6);
  return tens.filter((_, i) => i % step === 0);
}

/** Every trace or span as a point; drag to choose a cloud, click for one of them. */
export function ScatterPlot({ data, from, to, figure, cloud, setCloud, open, word, selected }: {
  data: Points | undefined; from: number; to: number; figure: Figure; cloud: Cloud | null; setCloud: (c: Cloud | null) => void; open: (p: ScatterPoint) => void; word: string; selected: string | null;
}) {
  const [box, { width, height: boxHeight }] = useSize<HTMLDivElement>();
  const height = Math.max(100, boxHeight);
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const [drag, setDrag] = useState<{ x0: number; y0: number; x1: number; y1: number } | null>(null);
  const [hover, setHover] = useState<{ p: ScatterPoint; x: number; y: number } | null>(null);
  const points = useMemo(() => (data?.points ?? []).flatMap((p) => { const v = valueOf(p, figure); return v !== null && v > 0 ? [{ p, v, ms: Number(nanos(p.t) / 1_000_000n) }] : []; }), [data, figure]);
  const unknown = (data?.points.length ?? 0) - points.length;
  const [low, high] = useMemo(() => {
    let a = Infinity, b = 0;
    for (const { v } of points) { if (v < a) a = v; if (v > b) b = v; }
    return points.length === 0 ? [1e6, 1e10] : a === b ? [a / 2, b * 2] : [a * 0.8, b * 1.25];
  }, [points]);
  const w = Math.max(50, width - left - right), h = height - top - bottom;
  const x = useCallback((ms: number): number => left + ((ms - from) / Math.max(1, to - from)) * w, [from, to, w]);
  const y = useCallback((v: number): number => top + h - ((Math.log(v) - Math.log(low)) / (Math.log(high) - Math.log(low))) * h, [low, high, h]);
  const ms = (px: number): number => from + (Math.min(w, Math.max(0, px - left)) / w) * (to - from);
  const value = (py: number): number => Math.exp(Math.log(low) + ((top + h - Math.min(top + h, Math.max(top, py))) / h) * (Math.log(high) - Math.log(low)));

  useEffect(() => {
    const c = canvas.current;
    if (!c || width === 0) return;
    const ratio = window.devicePixelRatio || 1;
    c.width = Math.round(width * ratio);
    c.height = Math.round(height * ratio);
    const g = c.getContext('2d');
    if (!g) return;
    const k = tokens(['k-llm', 'k-error', 'line', 'fg-2', 'accent', 'font-ui'] as const);
    g.scale(ratio, ratio);
    g.clearRect(0, 0, width, height);
    g.font = `10.5px ${k['font-ui']}`;
    g.textBaseline = 'middle';
    for (const v of points.length > 0 ? logMarks(low, high) : []) {
      g.fillStyle = k.line;
      g.fillRect(left, Math.round(y(v)), w, 1);
      g.fillStyle = k['fg-2'];
      g.textAlign = 'right';
      g.fillText(roundText(figureText(figure, v)), left - 8, y(v));
    }
    g.textAlign = 'center';
    const span = to - from, day = 86_400e3;
    const step = [10e3, 30e3, 60e3, 120e3, 300e3, 600e3, 1800e3, 3600e3, 2 * 3600e3, 3 * 3600e3, 6 * 3600e3, 12 * 3600e3, day, 2 * day, 7 * day].find((s) => span / s <= Math.max(3, w / 110)) ?? 30 * day;
    const zone = new Date(from).getTimezoneOffset() * 60e3;
    for (let t = Math.ceil((from - zone) / step) * step + zone; t < to; t += step) g.fillText(axisTime(t, span), x(t), height - 8);
    const r = points.length > 1500 ? 1.6 : 2.3;
    // Failures above the others; each is also of another shape, so that colour is not all that tells.
    for (const bad of [false, true]) for (const { p, v, ms: at } of points) {
      if (p.error !== bad) continue;
      const px = x(at), py = y(v), inside = !cloud || (at >= cloud.from && at <= cloud.to && v >= cloud.least && v <= cloud.most);
      g.globalAlpha = inside ? 0.85 : 0.28;
      g.fillStyle = bad ? k['k-error'] : k['k-llm'];
      g.beginPath();
      if (bad) { g.moveTo(px, py - r - 1.2); g.lineTo(px + r + 1, py + r); g.lineTo(px - r - 1, py + r); } else g.arc(px, py, r, 0, 7);
      g.fill();
      if (selected !== null && (p.span_id ? `${p.trace_id}/${p.span_id}` : p.trace_id) === selected) { g.globalAlpha = 1; g.strokeStyle = k.accent; g.lineWidth = 2; g.beginPath(); g.arc(px, py, 6, 0, 7); g.stroke(); }
    }
    g.globalAlpha = 1;
  }, [points, width, height, theme, x, y, w, low, high, from, to, figure, cloud, selected]);

  const near = (px: number, py: number): ScatterPoint | null => {
    let best: ScatterPoint | null = null, d = 64;
    for (const { p, v, ms: at } of points) { const e = (x(at) - px) ** 2 + (y(v) - py) ** 2; if (e < d) { d = e; best = p; } }
    return best;
  };
  const place = (e: React.PointerEvent): [number, number] => { const r = canvas.current!.getBoundingClientRect(); return [e.clientX - r.left, e.clientY - r.top]; };
  const rect = drag ? { l: Math.min(drag.x0, drag.x1), t: Math.min(drag.y0, drag.y1), r: Math.max(drag.x0, drag.x1), b: Math.max(drag.y0, drag.y1) }
    : cloud && cloud.figure === figure ? { l: Math.max(left, x(cloud.from)), t: Math.max(top, y(Math.max(low, cloud.most))), r: Math.min(left + w, x(cloud.to)), b: Math.min(top + h, y(Math.max(low, cloud.least))) } : null;
  return (
    <div className="scat" ref={box}>
      <canvas ref={canvas} role="img" aria-label={`${integer(points.length)} ${word.toLowerCase()} by ${figure} over time`}
        onPointerDown={(e) => { if (e.button !== 0) return; e.currentTarget.setPointerCapture(e.pointerId); const [a, b] = place(e); setDrag({ x0: a, y0: b, x1: a, y1: b }); }}
        onPointerMove={(e) => { const [a, b] = place(e); if (drag) { setDrag({ ...drag, x1: a, y1: b }); return; } const p = near(a, b); setHover(p ? { p, x: a, y: b } : null); }}
        onPointerUp={(e) => {
          const d = drag;
          setDrag(null);
          if (!d) return;
          const [a, b] = place(e);
          if (Math.abs(a - d.x0) < 5 && Math.abs(b - d.y0) < 5) { const p = near(a, b); if (p) open(p); else setCloud(null); return; }
          setCloud({ figure, from: ms(Math.min(a, d.x0)), to: ms(Math.max(a, d.x0)), least: value(Math.max(b, d.y0)), most: value(Math.min(b, d.y0)) });
        }}
        onPointerCancel={() => setDrag(null)} onPointerLeave={() => setHover(null)} />
      {rect && rect.r > rect.l && rect.b > rect.t && <div className="brush" style={{ transform: `translate(${rect.l}px, ${rect.t}px)`, width: rect.r - rect.l, height: rect.b - rect.t }} />}
      {hover && !drag && <div className="tip" style={{ transform: `translate(${Math.min(width - 190, hover.x + 12)}px, ${Math.max(0, hover.y - 20)}px)` }}><b>{axisTime(Number(nanos(hover.p.t) / 1_000_000n), 0)}</b>{hover.p.error && <span className="danger"> failed</span>}<div className="dim">{durationText(hover.p.duration_ns)}, {hover.p.cost_nano_usd !== null ? money(hover.p.cost_nano_usd) : 'cost —'}, {hover.p.tokens !== null ? `${compact(hover.p.tokens)} tok` : 'tokens —'}</div></div>}
      <div className="scnote cap">{[data && points.length === 0 ? `nothing to draw by ${figure}` : null, data?.more ? `the newest ${integer(data.points.length)}` : null, unknown > 0 && figure !== 'duration' ? `${integer(unknown)} without ${figure === 'cost' ? 'a price' : 'tokens'} not drawn` : null].filter(Boolean).join(', ')}</div>
    </div>
  );
}
