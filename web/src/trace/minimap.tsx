import { useCallback, useEffect, useRef, useState } from 'react';
import type { TraceWindow } from '../api/types';
import { durationText } from '../format/numbers';
import { useSize } from '../ui/size';
import { tokens, useTheme } from '../ui/theme';

const pad = 10;
type Drag = { mode: 'new' | 'move' | 'from' | 'to'; x: number; from: number; to: number };

/** The whole trace at a glance, on canvas; drag to look at a part of it, drag the frame to move it. */
export function Minimap({ bars, total, view, setView, turns, needle }: {
  bars: NonNullable<TraceWindow['minimap']>['bars'] | null; total: number; view: [number, number]; setView: (v: [number, number] | null) => void;
  turns: { n: number; start: number; end: number }[]; needle: number | null;
}) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const drag = useRef<Drag | null>(null);
  const [draft, setDraft] = useState<[number, number] | null>(null);
  const [from, to] = draft ?? view;
  const w = Math.max(1, width - 2 * pad);
  const x = useCallback((t: number): number => pad + (t / Math.max(1, total)) * w, [total, w]);
  const whole = from <= 0 && to >= total;

  useEffect(() => {
    const c = canvas.current;
    if (!c || width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    c.width = Math.round(width * ratio);
    c.height = Math.round(height * ratio);
    const g = c.getContext('2d');
    if (!g) return;
    const k = tokens(['bg-1', 'line', 'fg-2', 'k-agent', 'k-turn', 'k-llm', 'k-tool', 'k-retrieval', 'k-embedding', 'k-chain', 'k-other', 'k-error', 'scrim', 'accent', 'accent-line', 'font-ui', 'bg-0'] as const);
    g.scale(ratio, ratio);
    g.clearRect(0, 0, width, height);
    const list = bars ?? [];
    const hasTurns = turns.length > 0;
    const top = hasTurns ? 17 : 7;
    g.font = `10.5px ${k['font-ui']}`;
    for (const t of turns) {
      const a = x(t.start), b = x(t.end);
      if (b - a < 3) continue;
      g.fillStyle = k['bg-1'];
      g.strokeStyle = k.line;
      g.beginPath();
      g.roundRect(a + .5, 3.5, Math.max(1, b - a - 2), height - 7, 3);
      g.fill();
      g.stroke();
      g.fillStyle = k['fg-2'];
      const label = `turn ${t.n}`;
      if (b - a > 44) g.fillText(label, a + 6, 14);
    }
    // Agents: model calls above tools above the rest, as in a list's miniature. Anything else: by depth.
    const work = list.filter((s) => s.kind !== 'agent' && s.kind !== 'turn').sort((a, b) => Number(a.error) - Number(b.error));
    const byKind = work.filter((s) => s.kind === 'llm' || s.kind === 'tool').length * 3 >= work.length;
    const depths = [...new Set(work.map((s) => s.lane))].sort((a, b) => a - b);
    const laneOf = (s: (typeof work)[number]): number => (byKind ? (s.kind === 'llm' ? 0 : s.kind === 'tool' ? 1 : 2) : Math.min(7, depths.indexOf(s.lane)));
    const lanes = byKind ? 3 : Math.max(1, Math.min(8, depths.length));
    const lh = Math.max(2, Math.min(9, (height - top - 6) / lanes));
    for (const s of work) {
      g.fillStyle = s.error ? k['k-error'] : k[`k-${s.kind}`];
      g.fillRect(x(s.start_ns), top + laneOf(s) * lh, Math.max(1.5, x(s.start_ns + s.duration_ns) - x(s.start_ns) - .5), Math.max(1.5, lh - 1.5));
    }
    if (!whole) {
      g.fillStyle = k.scrim;
      g.fillRect(0, 0, x(from), height);
      g.fillRect(x(to), 0, width - x(to), height);
    }
    if (needle !== null) { g.fillStyle = k.accent; g.fillRect(x(needle), 2, 1, height - 4); }
    g.strokeStyle = whole ? k['accent-line'] : k.accent;
    g.beginPath();
    g.roundRect(x(Math.max(0, from)) - 1.5, 1.5, Math.max(2, x(Math.min(total, to)) - x(Math.max(0, from)) + 3), height - 3, 4);
    g.stroke();
    g.fillStyle = k.accent;
    for (const h of [x(Math.max(0, from)) - 1, x(Math.min(total, to)) + 1]) { g.beginPath(); g.roundRect(h - 2.5, height / 2 - 9, 5, 18, 2.5); g.fill(); }
  }, [bars, width, height, theme, from, to, total, turns, x, whole, needle]);

  const time = (e: React.PointerEvent): number => {
    const left = canvas.current?.getBoundingClientRect().left ?? 0;
    return Math.max(0, Math.min(1, (e.clientX - left - pad) / w)) * total;
  };
  const result = (d: Drag, t: number): [number, number] => {
    if (d.mode === 'new') return [Math.min(d.x, t), Math.max(d.x, t)];
    if (d.mode === 'from') return [Math.min(t, d.to - total / 1e4), d.to];
    if (d.mode === 'to') return [d.from, Math.max(t, d.from + total / 1e4)];
    const by = Math.max(-d.from, Math.min(total - d.to, t - d.x));
    return [d.from + by, d.to + by];
  };
  return (
    <div className="mm" ref={box}>
      <canvas ref={canvas} role="img" aria-label={`Whole trace, ${durationText(total)}; ${whole ? 'all of it in view' : `in view from ${durationText(from)} to ${durationText(to)}`}`}
        onPointerDown={(e) => {
          if (e.button !== 0 || total <= 0) return;
          e.currentTarget.setPointerCapture(e.pointerId);
          const t = time(e), px = x(t), near = 6;
          const mode = Math.abs(px - x(from)) < near && !e.shiftKey ? 'from' : Math.abs(px - x(to)) < near ? 'to' : !whole && t > from && t < to ? 'move' : 'new';
          drag.current = { mode, x: t, from, to };
        }}
        onPointerMove={(e) => { if (drag.current) setDraft(result(drag.current, time(e))); }}
        onPointerUp={(e) => {
          const d = drag.current;
          drag.current = null;
          setDraft(null);
          if (!d) return;
          const r = result(d, time(e));
          if (d.mode === 'new' && x(r[1]) - x(r[0]) < 4) return;
          setView(r[0] <= 0 && r[1] >= total ? null : r);
        }}
        onPointerCancel={() => { drag.current = null; setDraft(null); }}
        onDoubleClick={() => setView(null)} />
    </div>
  );
}
