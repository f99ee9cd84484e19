import { useEffect, useMemo, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import type { TraceHeader } from '../../api/types';
import { compact, durationText, integer, money } from '../../format/numbers';
import { oneLine } from '../../text/safe';
import { Skeleton } from '../../ui/bits';
import { KindIcon } from '../../ui/icons';
import { useSize } from '../../ui/size';
import { navigate } from '../../url/router';
import type { NavIndex } from '../nav-index';
import { nodeHeight, nodeWidth, place, type Direction } from './layout';
import { aggregated, expanded, type GraphNode } from './model';

/** Agents, tools, models and links as a graph. A click selects; again goes to the next call of the node. */
export function TraceGraph({ index, header, selected, select, whole, setWhole, direction, setDirection }: {
  index: NavIndex; header: TraceHeader | undefined; selected: string | null; select: (span: string) => void;
  whole: boolean; setWhole: (w: boolean) => void; direction: Direction; setDirection: (d: Direction) => void;
}) {
  const g = useMemo(() => (whole ? expanded(index, header) : aggregated(index, header)), [index, header, whole]);
  const layout = useQuery({ queryKey: ['graph', header?.trace_id, header?.revision, index.spans.length, whole, direction], queryFn: ({ signal }) => place(g, direction, signal), staleTime: Infinity, gcTime: 60_000 });
  const [box, size] = useSize<HTMLDivElement>();
  const [view, setView] = useState<{ x: number; y: number; k: number } | null>(null);
  const svg = useRef<SVGSVGElement>(null);
  const p = layout.data;
  // Fits until it was moved by hand.
  const fit = useMemo(() => {
    if (!p || p.width === 0 || size.width === 0) return { x: 0, y: 0, k: 1 };
    const k = Math.max(0.15, Math.min(1.15, size.width / p.width, size.height / p.height));
    return { x: (size.width - p.width * k) / 2, y: (size.height - p.height * k) / 2, k };
  }, [p, size]);
  useEffect(() => setView(null), [whole, direction]);
  const v = view ?? fit;
  const last = useRef(v);
  last.current = v;
  useEffect(() => {
    const el = svg.current;
    if (!el) return;
    const wheel = (e: WheelEvent): void => {
      e.preventDefault();
      const r = el.getBoundingClientRect(), now = last.current, k = Math.max(0.1, Math.min(3, now.k * (e.deltaY > 0 ? 1 / 1.15 : 1.15)));
      const x = e.clientX - r.left, y = e.clientY - r.top;
      setView({ k, x: x - ((x - now.x) / now.k) * k, y: y - ((y - now.y) / now.k) * k });
    };
    el.addEventListener('wheel', wheel, { passive: false });
    return () => el.removeEventListener('wheel', wheel);
  }, [p]);
  const drag = useRef<{ x: number; y: number; vx: number; vy: number } | null>(null);
  const longest = Math.max(1, ...g.edges.map((e) => e.duration));
  const choose = (n: GraphNode): void => {
    if (n.to) { navigate(n.to); return; }
    if (n.spans.length === 0) return;
    const at = selected === null ? -1 : n.spans.indexOf(selected);
    select(n.spans[(at + 1) % n.spans.length]!);
  };
  const isOn = (n: GraphNode): boolean => selected !== null && n.spans.includes(selected);
  return (
    <section className="graph" aria-label="Graph of calls">
      <header className="rtool"><span className="seg" role="group" aria-label="Nodes"><button type="button" aria-pressed={!whole} onClick={() => setWhole(false)}>Aggregated</button><button type="button" aria-pressed={whole} onClick={() => setWhole(true)}>Each call</button></span>
        <span className="seg" role="group" aria-label="Direction"><button type="button" aria-pressed={direction === 'RIGHT'} onClick={() => setDirection('RIGHT')}>Left to right</button><button type="button" aria-pressed={direction === 'DOWN'} onClick={() => setDirection('DOWN')}>Top down</button></span>
        {view && <button type="button" className="btn" onClick={() => setView(null)}>Fit</button>}
        <span className="grow" /><span className="cap">{p?.plain ? 'the layout took too long: plain layers; ' : ''}{g.left > 0 ? `${integer(g.left)} ${g.left === 1 ? 'span is' : 'spans are'} not drawn; ` : ''}by rule from parents and links, nothing guessed from timing{whole ? '; dashed: ran after' : '; width is time'}</span></header>
      <div className="gbox" ref={box}>
        {!p && <div className="pad"><Skeleton w="50%" h={120} /></div>}
        {p && g.nodes.length === 0 && <div className="center"><p className="dim">No agent, model or tool call in this trace: the waterfall shows what there is.</p></div>}
        {p && g.nodes.length > 0 && (
          <svg ref={svg} width="100%" height="100%" role="group" aria-label={`${g.nodes.length} nodes, ${g.edges.length} edges`}
            onPointerDown={(e) => { if (e.button !== 0 || (e.target as Element).closest('.gn')) return; e.currentTarget.setPointerCapture(e.pointerId); drag.current = { x: e.clientX, y: e.clientY, vx: v.x, vy: v.y }; }}
            onPointerMove={(e) => { const d = drag.current; if (d) setView({ ...v, x: d.vx + e.clientX - d.x, y: d.vy + e.clientY - d.y }); }}
            onPointerUp={() => { drag.current = null; }} onPointerCancel={() => { drag.current = null; }} onDoubleClick={() => setView(null)}>
            <defs><marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="8" markerHeight="8" orient="auto" markerUnits="userSpaceOnUse"><path d="M1 1 7 4 1 7" className="garrow" /></marker></defs>
            <g transform={`translate(${v.x.toFixed(1)} ${v.y.toFixed(1)}) scale(${v.k.toFixed(4)})`}>
              {g.edges.map((e) => { const path = p.edges.get(e.id); return path && <path key={e.id} d={path.path} className={`ge ${e.type} ${e.errors > 0 ? 'bad' : ''}`} strokeWidth={e.type === 'call' || e.type === 'handoff' ? 1.2 + 3.8 * Math.sqrt(e.duration / longest) : 1.2} markerEnd="url(#arrow)"><title>{`${e.count} ${e.count === 1 ? 'call' : 'calls'}${e.duration > 0 ? `, ${durationText(e.duration)}` : ''}${e.errors > 0 ? `, ${e.errors} failed` : ''}`}</title></path>; })}
              {g.edges.map((e) => { const path = p.edges.get(e.id); const text = e.label ?? (e.type === 'call' || e.type === 'handoff' ? (whole ? null : `${e.type === 'handoff' ? 'hands over, ' : ''}${e.count > 1 ? `${integer(e.count)} calls, ` : ''}${durationText(e.duration)}`) : null); return path && text && <text key={e.id} x={path.mid.x} y={path.mid.y - 4} textAnchor="middle" className="gl">{text}</text>; })}
              {g.nodes.map((n) => { const at = p.nodes.get(n.id); return at && <Node key={n.id} n={n} x={at.x} y={at.y} on={isOn(n)} choose={() => choose(n)} single={whole} />; })}
            </g>
          </svg>
        )}
      </div>
    </section>
  );
}

function Node({ n, x, y, on, choose, single }: { n: GraphNode; x: number; y: number; on: boolean; choose: () => void; single: boolean }) {
  const facts = [
    n.kind === 'user' ? 'asked' : n.kind === 'trace' ? 'another trace' : null,
    n.turns > 0 ? `${integer(n.turns)} ${n.turns === 1 ? 'turn' : 'turns'}` : !single && n.count > 1 && n.kind !== 'user' && n.kind !== 'trace' ? `${integer(n.count)} calls` : null,
    n.duration > 0 ? durationText(n.duration) : null,
    n.cost !== null ? money(n.cost) : n.unpriced > 0 ? 'unpriced' : n.tokens ? `${compact(n.tokens)} tok` : null,
  ].filter((f) => f !== null).slice(0, 3).join(', ');
  const bad = n.errors > 0;
  const label = oneLine(n.label, 60), shown = label.length > 22 ? `${label.slice(0, 21)}…` : label;
  const line = bad && n.errors < n.count ? `${facts.split(', ').slice(0, 2).join(', ')}, ${n.errors} failed` : bad ? `failed${facts ? `, ${facts}` : ''}` : facts;
  return (
    <g className={`gn ${on ? 'on' : ''} ${bad ? 'bad' : ''}`} transform={`translate(${x} ${y})`} role="button" tabIndex={0} aria-pressed={on}
      onClick={choose} onKeyDown={(e) => { if (e.key === 'Enter' || e.key === ' ') { e.preventDefault(); e.stopPropagation(); choose(); } }}>
      <rect width={nodeWidth} height={nodeHeight} rx="6" />
      <g transform="translate(11 9)">{n.kind === 'user' || n.kind === 'trace' ? <circle cx="7" cy="7" r="4" className="f-k-other" /> : <svg x="0" y="0" width="14" height="14" overflow="visible"><KindIcon kind={bad && n.errors === n.count ? 'error' : n.kind} /></svg>}</g>
      <text x="32" y="20" className="gt">{shown} </text>
      <text x="32" y="36" className={bad ? 'gb' : ''}>{line}</text>
    </g>
  );
}
