import { useCallback, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { durationText, integer, percent, tickLabel, ticks } from '../../format/numbers';
import { oneLine } from '../../text/safe';
import { useSize } from '../../ui/size';
import { tokens, useTheme } from '../../ui/theme';
import type { NavIndex } from '../nav-index';
import { lanesOf, mergeByName, type Merged } from './lanes';

const axisHeight = 22, pad = 14;
const colours = ['bg-0', 'bg-1', 'line', 'fg-0', 'fg-2', 'accent', 'accent-soft', 'warn', 'k-agent', 'k-turn', 'k-llm', 'k-tool', 'k-retrieval', 'k-embedding', 'k-chain', 'k-other', 'k-error', 'font-ui'] as const;

const noteOf = (s: NavIndex['spans'][number]): string => (s.open ? `not ended, at least ${durationText(s.duration)}` : durationText(s.duration));
interface Box { i: number; x: number; w: number; lane: number }

/** The run as a flame: every span in its lane over time, or the same calls merged. Canvas; the list of rows stays the way of
 *  the keyboard: j and k move the selection, which is drawn here. */
export function Flame({ index, total, range, setView, selected, select, hits, plumbing, merged, setMerged, below }: {
  index: NavIndex; total: number; range: [number, number]; setView: (v: [number, number] | null) => void; selected: string | null; select: (span: string) => void;
  hits: Set<string> | null; plumbing: boolean; merged: boolean; setMerged: (m: boolean) => void; below?: ReactNode;
}) {
  const [box, { width, height }] = useSize<HTMLDivElement>();
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  const shown = useMemo(() => (plumbing ? { ...index, spans: index.spans.map((s) => (s.plumbing ? { ...s, duration: -1 } : s)) } : index), [index, plumbing]);
  const lanes = useMemo(() => lanesOf(shown), [shown]);
  const tree = useMemo(() => (merged ? mergeByName(index) : []), [merged, index]);
  const wholeMerged = useMemo(() => Math.max(1, tree.reduce((n, m) => n + m.total, 0)), [tree]);
  const [focus, setFocus] = useState<string | null>(null);
  const [top, setTop] = useState(0);
  const [hover, setHover] = useState<{ x: number; y: number; title: string; line: string } | null>(null);
  const flat = useMemo(() => { const out: Merged[] = []; const walk = (l: Merged[]): void => { for (const m of l) { out.push(m); walk(m.children); } }; walk(tree); return out; }, [tree]);
  const focused = focus === null ? null : flat.find((m) => m.key === focus) ?? null;
  const [from, to] = merged ? (focused ? [focused.from, focused.from + focused.total] : [0, wholeMerged]) : [Math.max(0, range[0]), Math.min(total, range[1])];
  const w = Math.max(1, width - 2 * pad);
  const laneCount = merged ? flat.reduce((n, m) => Math.max(n, m.depth + 1), 0) : lanes.count;
  // Few lanes stand higher, with their figures on a second line: a short run fills the room it has.
  const laneHeight = Math.max(24, Math.min(52, Math.floor((height - axisHeight - 8) / Math.max(1, laneCount)))), tall = laneHeight >= 38;
  const most = Math.max(0, laneCount * laneHeight - (height - axisHeight - 8));
  const shift = Math.min(top, most);
  const drawn = useRef<Box[]>([]);
  // The selected span comes in sight.
  useEffect(() => {
    if (merged || selected === null) return;
    const i = index.place.get(selected);
    if (i === undefined) return;
    const y = lanes.lane[i]! * laneHeight, view = height - axisHeight - 8;
    setTop((t) => (y < t ? y : y + laneHeight > t + view ? y + laneHeight - view : t));
  }, [selected, merged, index, lanes, height, laneHeight]);

  useEffect(() => {
    const c = canvas.current;
    if (!c || width === 0 || height === 0) return;
    const ratio = window.devicePixelRatio || 1;
    c.width = Math.round(width * ratio);
    c.height = Math.round(height * ratio);
    const g = c.getContext('2d');
    if (!g) return;
    const k = tokens(colours);
    g.scale(ratio, ratio);
    g.clearRect(0, 0, width, height);
    const x = (t: number): number => pad + ((t - from) / Math.max(1, to - from)) * w;
    g.font = `10.5px ${k['font-ui']}`;
    g.textBaseline = 'middle';
    const marks = ticks(0, to - from, Math.max(2, Math.floor(w / 110))).map((t) => t + from);
    const step = marks.length > 1 ? marks[1]! - marks[0]! : to - from;
    for (const t of merged ? marks : ticks(from, to, Math.max(2, Math.floor(w / 110)))) {
      g.fillStyle = k.line;
      g.fillRect(Math.round(x(t)), axisHeight - 4, 1, height - axisHeight + 4);
      g.fillStyle = k['fg-2'];
      const label = tickLabel(merged ? t - from : t, step), lw = g.measureText(label).width;
      g.fillText(label, Math.max(2, Math.min(width - lw - 2, x(t) - lw / 2)), 9);
    }
    const boxes: Box[] = [];
    const draw = (i: number, a: number, b: number, lane: number, kind: string, error: boolean, name: string, note: string, on: boolean, faded: boolean): void => {
      const x0 = Math.max(0, x(a)), x1 = Math.min(width, x(b)), y = axisHeight + lane * laneHeight - shift;
      if (x1 < 0 || x0 > width || y > height || y + laneHeight < axisHeight) return;
      const bw = Math.max(1, x1 - x0 - 1);
      boxes.push({ i, x: x0, w: bw, lane });
      const colour = error ? k['k-error'] : k[`k-${kind}` as 'k-llm'];
      g.globalAlpha = faded ? 0.3 : 1;
      g.fillStyle = k['bg-1'];
      g.fillRect(x0, y, bw, laneHeight - 2);
      g.globalAlpha = faded ? 0.08 : kind === 'agent' || kind === 'turn' ? 0.24 : 0.36;
      g.fillStyle = colour;
      g.fillRect(x0, y, bw, laneHeight - 2);
      g.globalAlpha = faded ? 0.3 : 1;
      if (bw > 2) g.fillRect(x0, y, Math.min(3, bw), laneHeight - 2);
      if (error && bw > 8) {
        // Failure is hatched: never by colour alone.
        g.save();
        g.beginPath();
        g.rect(x0 + 3, y, bw - 3, laneHeight - 2);
        g.clip();
        g.strokeStyle = colour;
        g.globalAlpha = 0.35;
        g.beginPath();
        for (let s = x0 - laneHeight; s < x0 + bw; s += 7) { g.moveTo(s, y + laneHeight); g.lineTo(s + laneHeight, y); }
        g.stroke();
        g.restore();
      }
      if (on) { g.strokeStyle = k.accent; g.lineWidth = 2; g.strokeRect(x0 + 1, y + 1, Math.max(1, bw - 2), laneHeight - 4); g.lineWidth = 1; }
      if (bw > 34) {
        g.save();
        g.beginPath();
        g.rect(x0 + 7, axisHeight, bw - 9, height);
        g.clip();
        g.fillStyle = k['fg-0'];
        if (tall) {
          g.fillText(name, x0 + 8, y + laneHeight / 2 - 8);
          g.fillStyle = k['fg-2'];
          g.fillText(note, x0 + 8, y + laneHeight / 2 + 7);
        } else g.fillText(`${name}  ${note}`, x0 + 8, y + laneHeight / 2 - 0.5);
        g.restore();
      }
      g.globalAlpha = 1;
    };
    g.save();
    g.beginPath();
    g.rect(0, axisHeight, width, height - axisHeight);
    g.clip();
    if (merged) {
      for (const [i, m] of flat.entries()) {
        if (focused && (m.from + m.total <= focused.from || m.from >= focused.from + focused.total)) continue;
        if ((m.total / (to - from)) * w < 0.5) continue;
        draw(i, m.from, m.from + m.total, m.depth, m.kind, m.errors === m.count, oneLine(m.name, 60), `${durationText(m.total)}${m.count > 1 ? ` in ${integer(m.count)}` : ''}`, false, false);
      }
    } else {
      // Spans thinner than a pixel are one mark a pixel and lane.
      const last = new Float64Array(lanes.count).fill(-Infinity);
      for (let i = 0; i < shown.spans.length; i++) {
        const s = shown.spans[i]!;
        if (s.duration < 0 || s.start + s.duration < from || s.start > to) continue;
        const lane = lanes.lane[i]!, px = x(s.start + s.duration);
        if (px - x(s.start) < 1 && px - last[lane]! < 1 && s.id !== selected) continue;
        last[lane] = px;
        draw(i, s.start, s.start + s.duration, lane, s.kind, s.error, oneLine(s.tool ?? (s.kind === 'turn' && s.turn !== null ? `turn ${s.turn}` : s.name), 60), noteOf(s), s.id === selected, hits !== null && !hits.has(s.id));
      }
      const sel = selected === null ? undefined : index.place.get(selected);
      if (sel !== undefined && shown.spans[sel]!.duration >= 0) { const s = index.spans[sel]!; draw(sel, s.start, s.start + s.duration, lanes.lane[sel]!, s.kind, s.error, oneLine(s.tool ?? s.name, 60), noteOf(s), true, false); }
    }
    g.restore();
    drawn.current = boxes;
  }, [width, height, theme, from, to, w, shift, shown, index, lanes, merged, flat, focused, selected, hits, laneHeight, tall]);

  const at = useCallback((e: { clientX: number; clientY: number }): Box | undefined => {
    const r = canvas.current?.getBoundingClientRect();
    if (!r) return undefined;
    const px = e.clientX - r.left, lane = Math.floor((e.clientY - r.top - axisHeight + shift) / laneHeight);
    return drawn.current.findLast((b) => b.lane === lane && px >= b.x - 1 && px <= b.x + b.w + 1);
  }, [shift, laneHeight]);
  const drag = useRef<{ x: number; y: number; from: number; to: number; top: number; moved: boolean } | null>(null);
  const zoom = useRef<(share: number, factor: number) => void>(() => undefined);
  zoom.current = (share, factor) => {
    const centre = from + (to - from) * share, next = Math.max(1000, (to - from) * factor);
    if (next >= total) setView(null);
    else { const a = Math.max(0, Math.min(total - next, centre - next * share)); setView([a, a + next]); }
  };
  useEffect(() => {
    const c = canvas.current;
    if (!c) return;
    const wheel = (e: WheelEvent): void => {
      e.preventDefault();
      if (e.shiftKey || merged) { setTop((t) => Math.max(0, Math.min(most, t + e.deltaY))); return; }
      const r = c.getBoundingClientRect();
      zoom.current(Math.max(0, Math.min(1, (e.clientX - r.left - pad) / (r.width - 2 * pad))), e.deltaY > 0 ? 1.2 : 1 / 1.2);
    };
    c.addEventListener('wheel', wheel, { passive: false });
    return () => c.removeEventListener('wheel', wheel);
  }, [merged, most]);

  return (
    <section className="flame" aria-label="Flame graph">
      <header className="rtool"><span className="seg" role="group" aria-label="Flame">
        <button type="button" aria-pressed={!merged} onClick={() => setMerged(false)}>By time</button><button type="button" aria-pressed={merged} onClick={() => setMerged(true)}>Merged by name</button></span>
        {focused && <button type="button" className="btn" onClick={() => setFocus(null)}>All of it</button>}
        <span className="grow" /><span className="cap">{merged ? 'width is summed time; click to look into a call' : 'width is time; wheel zooms, drag pans, double click fits'}</span></header>
      <div className="fbox" ref={box}>
        <canvas ref={canvas} role="img" tabIndex={0} data-lane={laneHeight} aria-label={merged ? `Flame graph of ${integer(flat.length)} kinds of call, merged by name` : `Flame graph of ${integer(index.spans.length)} spans in ${laneCount} lanes; j and k move the selection`}
          onPointerDown={(e) => { if (e.button !== 0) return; e.currentTarget.setPointerCapture(e.pointerId); drag.current = { x: e.clientX, y: e.clientY, from, to, top: shift, moved: false }; }}
          onPointerMove={(e) => {
            const d = drag.current;
            if (d) {
              if (Math.abs(e.clientX - d.x) + Math.abs(e.clientY - d.y) > 4) d.moved = true;
              if (!d.moved) return;
              setTop(Math.max(0, Math.min(most, d.top - (e.clientY - d.y))));
              if (!merged && d.to - d.from < total) { const by = ((d.x - e.clientX) / w) * (d.to - d.from), a = Math.max(0, Math.min(total - (d.to - d.from), d.from + by)); setView([a, a + d.to - d.from]); }
              return;
            }
            const b = at(e), r = e.currentTarget.getBoundingClientRect();
            if (!b) { setHover(null); return; }
            const place = { x: e.clientX - r.left, y: e.clientY - r.top };
            if (merged) { const m = flat[b.i]!; setHover({ ...place, title: m.name, line: `${integer(m.count)} ${m.count === 1 ? 'call' : 'calls'}, ${durationText(m.total)} in all, ${durationText(m.self)} itself${m.errors > 0 ? `, ${integer(m.errors)} failed` : ''}` }); }
            else { const s = index.spans[b.i]!; setHover({ ...place, title: s.tool ?? s.name, line: `${durationText(s.duration)}, ${percent(s.duration / Math.max(1, total))} of the run, ${durationText(s.self)} itself${s.error ? ', failed' : ''}` }); }
          }}
          onPointerUp={(e) => {
            const d = drag.current;
            drag.current = null;
            if (!d || d.moved) return;
            const b = at(e);
            if (!b) return;
            if (merged) { const m = flat[b.i]!; setFocus(m.key === focus ? null : m.key); select(index.spans[m.longest]!.id); }
            else select(index.spans[b.i]!.id);
          }}
          onPointerCancel={() => { drag.current = null; }} onPointerLeave={() => setHover(null)} onDoubleClick={() => (merged ? setFocus(null) : setView(null))} />
        {hover && <div className="tip ftip" style={{ transform: `translate(${Math.max(4, Math.min(width - 300, hover.x + 12))}px, ${Math.max(0, Math.min(height - 48, hover.y + 14))}px)` }}><b><bdi>{oneLine(hover.title, 80)}</bdi></b><div className="dim">{hover.line}</div></div>}
      </div>
      {below}
    </section>
  );
}
