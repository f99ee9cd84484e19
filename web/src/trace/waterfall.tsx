import { memo, useMemo, useRef, useState, type RefObject } from 'react';
import type { WindowRow } from '../api/types';
import { compact, integer, tickLabel, ticks } from '../format/numbers';
import { nanos } from '../format/time';
import { shortModel } from '../search/table';
import { Safe } from '../text/text';
import { CostText, Dur } from '../ui/bits';
import { Icon, KindIcon } from '../ui/icons';
import type { useVirtual } from '../ui/virtual';
import { Bars, criticalPieces, place, threadPath, type Scale } from './bars';
import { gradeOf, scoreText, type Scored } from './scores';
import type { WindowSource } from './window-source';

export type ColourBy = 'kind' | 'service' | 'agent' | 'model' | 'error' | 'score';
export const colourings: ColourBy[] = ['kind', 'service', 'agent', 'model', 'error', 'score'];

/** The class that paints a bar. What is not a kind goes round eight colours by its name: the same name, the same colour. */
export function paintOf(r: Pick<WindowRow, 'kind' | 'service' | 'agent' | 'model'>, by: ColourBy): string {
  if (by === 'kind') return `b-k-${r.kind}`;
  if (by === 'error' || by === 'score') return 'b-k-other';
  const text = r[by];
  return text ? `b-c-${hashed(text)}` : 'b-k-other';
}
export function hashed(text: string): number { let h = 2166136261; for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 16777619); return (h >>> 0) % 8; }

export const rowHeight = 26;
const fixed = 56 + 60 + 72;

export function Waterfall({ source, version, view, range, width, nameWidth, setNameWidth, selected, select, fold, critical, slowest, scroller, busy, colour, group, scores }: {
  source: WindowSource; version: number; view: ReturnType<typeof useVirtual>; range: [number, number]; width: number; nameWidth: number; setNameWidth: (w: number) => void;
  selected: string | null; select: (row: WindowRow) => void; fold: (row: WindowRow, fold: boolean) => void; critical: boolean; slowest: string | null;
  scroller: RefObject<HTMLDivElement | null>; busy: boolean; colour: ColourBy; group: (row: WindowRow, close: boolean) => void; scores: ReadonlyMap<string, Scored> | null;
}) {
  const axis = Math.max(120, width - nameWidth - fixed - 14);
  const scale = useMemo<Scale>(() => ({ from: range[0], to: range[1], width: axis }), [range, axis]);
  const marks = useMemo(() => ticks(scale.from, scale.to, Math.max(2, Math.floor(axis / 72))), [scale, axis]);
  const step = marks.length > 1 ? marks[1]! - marks[0]! : scale.to - scale.from;
  const rows = useMemo(() => {
    const out: (WindowRow | number)[] = [];
    for (let i = view.first; i < view.last; i++) out.push(source.row(i) ?? i);
    return out;
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [source, version, view.first, view.last]);
  const thread = useMemo(() => (critical ? threadPath(criticalPieces(rows.filter((r): r is WindowRow => typeof r !== 'number')), scale, view.first, rowHeight) : ''), [critical, rows, scale, view.first]);
  const selectedRow = selected === null ? -1 : source.indexOf(selected);
  const left = nameWidth + fixed;
  const height = Math.max(1, (view.last - view.first) * rowHeight);
  const traceEnd = Number(nanos(source.end) - nanos(source.start));
  return (
    <div className="wf" style={{ '--c-name': `${nameWidth}px` } as React.CSSProperties}>
      <div className="wf-h" aria-hidden="true">
        <span className="wf-hn">Span<Divider width={nameWidth} set={setNameWidth} /></span><span className="num">Time</span><span className="num">Tokens</span><span className="num">Cost</span>
        <span className="axis">{marks.map((t) => <span key={t} style={{ transform: `translateX(${place(scale, t).toFixed(1)}px)` }}><i>{tickLabel(t, step)}</i></span>)}</span>
      </div>
      <div className="wf-s scroll" ref={scroller} role="treegrid" aria-label="Spans" aria-rowcount={source.total} aria-busy={busy} tabIndex={0} aria-activedescendant={selectedRow >= view.first && selectedRow < view.last ? `span-${selectedRow}` : undefined}>
        <div className="wf-t" role="presentation" style={{ height: source.total * rowHeight + 8 }}>
          <svg className="gridl" aria-hidden="true" width={axis} height={height} style={{ transform: `translate(${left}px, ${view.first * rowHeight}px)` }}>{marks.map((t) => <line key={t} x1={place(scale, t)} x2={place(scale, t)} y1={0} y2={height} className="st-line" />)}</svg>
          {rows.map((r) => (typeof r === 'number'
            ? <div key={`p${r}`} role="row" aria-hidden="true" className="wf-r wait" style={{ transform: `translateY(${r * rowHeight}px)` }}><div className="name"><span className="sk skl" /></div></div>
            : <Row key={r.span_id} row={r} selected={r.span_id === selected} select={select} fold={fold} scale={scale} traceEnd={traceEnd} slow={r.span_id === slowest} colour={colour} group={group} score={colour === 'score' ? scores?.get(r.span_id) ?? null : null} />))}
          {thread && <svg className="thread" aria-hidden="true" width={axis} height={height} style={{ transform: `translate(${left}px, ${view.first * rowHeight}px)` }}><path d={thread} fill="none" className="st-critical" strokeWidth="1.5" strokeLinejoin="round" /></svg>}
        </div>
      </div>
    </div>
  );
}

/** The name column's edge: drag, or arrow keys. */
function Divider({ width, set }: { width: number; set: (w: number) => void }) {
  const [drag, setDrag] = useState<{ x: number; w: number } | null>(null);
  const clamp = (w: number): number => Math.max(180, Math.min(720, Math.round(w)));
  const ref = useRef<HTMLSpanElement>(null);
  return (
    <span ref={ref} className={`divider ${drag ? 'on' : ''}`}
      onPointerDown={(e) => { e.currentTarget.setPointerCapture(e.pointerId); setDrag({ x: e.clientX, w: width }); }}
      onPointerMove={(e) => { if (drag) set(clamp(drag.w + e.clientX - drag.x)); }}
      onPointerUp={() => setDrag(null)} onDoubleClick={() => set(322)} title="Drag to widen the names" />
  );
}

const Row = memo(function Row({ row: r, selected, select, fold, scale, traceEnd, slow, colour, group, score }: {
  row: WindowRow; selected: boolean; select: (row: WindowRow) => void; fold: (row: WindowRow, fold: boolean) => void; scale: Scale; traceEnd: number; slow: boolean; colour: ColourBy; group: (row: WindowRow, close: boolean) => void; score: Scored | null;
}) {
  const error = r.status === 'error';
  const run = r.group?.closed ? r.group : null;
  const canFold = r.children > 0 || r.hidden > 0 || r.folded;
  const isFolded = r.folded || run !== null;
  const toggle = (): void => (run ? group(r, false) : fold(r, !r.folded));
  const [head, tail] = splitName(r.name);
  const sub = r.kind === 'llm' || r.kind === 'embedding' ? (r.model && !r.name.includes(shortModel(r.model)) ? shortModel(r.model) : '') : r.kind === 'agent' ? (r.agent && r.agent !== r.name ? r.agent : r.service) : r.kind === 'tool' ? (r.tool && !r.name.includes(r.tool) ? r.tool : '') : '';
  const rolled = r.kind === 'agent' || r.kind === 'turn' || r.folded;
  const tokens = run ? run.tokens : rolled ? r.rollup.input + r.rollup.output : r.usage ? (r.usage.total_input ?? 0) + (r.usage.total_output ?? 0) : null;
  const cost = run ? run.cost : rolled ? r.rollup.cost : r.cost;
  const failures = run ? run.errors : r.rollup.errors;
  const failed = run ? run.errors > 0 : r.folded && r.rollup.errors > (error ? 1 : 0);
  return (
    <div role="row" id={`span-${r.row}`} aria-level={r.depth + 1} aria-rowindex={r.row + 1} aria-selected={selected} aria-expanded={canFold ? !isFolded : undefined} data-span={r.span_id}
      className={`wf-r is-${r.kind} ${selected ? 'sel' : ''} ${r.match ? 'hit' : ''} ${error ? 'failed' : ''}`} style={{ transform: `translateY(${r.row * rowHeight}px)` }}
      onClick={() => select(r)} onDoubleClick={() => canFold && toggle()}>
      <div role="gridcell" className="name">
        {Array.from({ length: Math.min(r.depth, 24) }, (_, i) => <span className="in" key={i} />)}
        {r.depth > 24 && <span className="cap">{r.depth}</span>}
        {canFold ? <span className={`tw ${isFolded ? '' : 'open'}`} onClick={(e) => { e.stopPropagation(); toggle(); }}><Icon name="right" /></span> : <span className="tw" />}
        <KindIcon kind={error ? 'error' : r.kind} />
        <span className={`lbl ${error ? 'danger' : ''}`} title={r.name}>{head && <span className="pre">{head}</span>}<Safe text={tail} />{r.kind === 'turn' && r.turn_number !== null && !/\d$/.test(tail) && ` ${r.turn_number}`}</span>
        {run && <span className="chip times">× {integer(run.count)}</span>}
        {r.group && !r.group.closed && <button type="button" className="hid" tabIndex={-1} title={`${integer(r.group.count)} like calls follow one another: show them as one row`} onClick={(e) => { e.stopPropagation(); group(r, true); }}>{integer(r.group.count)} alike</button>}
        {sub && <span className="sub"><Safe text={sub} /></span>}
        {r.unfinished && <span className="chip out" title="It has begun and no end has arrived: it still runs, or its process ended without a word">not ended</span>}
        {r.parent_unknown && <span className="chip out" title="The span above this one has not arrived">parent not here yet</span>}
        <span className="grow" />
        {failed && <span className="chip danger" title="errors below this row">{integer(failures)}<KindIcon kind="error" /></span>}
        {(r.hidden > 0 || r.folded) && <span className="hid" title={`${integer(r.hidden || r.descendants)} spans hidden`}>+{compact(r.hidden || r.descendants)}</span>}
      </div>
      <div role="gridcell" className={`num ${slow ? 'strong' : ''}`}>{r.unfinished ? <span className="dim" title="It has not ended: at least this long">{traceEnd > r.offset_ns ? <>≥ <Dur ns={traceEnd - r.offset_ns} /></> : '—'}</span> : r.end_before_start ? <span className="dim" title="The span ends before it starts: the client's clock went backwards">—</span> : <Dur ns={run ? run.sum_ns : r.duration_ns} />}</div>
      <div role="gridcell" className="num">{tokens ? compact(tokens) : r.kind === 'llm' && !r.usage ? <span className="dim" title="The client reported no usage: unknown, not zero">—</span> : ''}</div>
      <div role="gridcell" className="num">{cost.state === 'none' && cost.reported_nano_usd === null ? (r.kind === 'llm' ? <span className="dim">—</span> : '') : <CostText cost={cost} dash="" />}</div>
      <div role="gridcell" className="barcell"><Bars row={r} scale={scale} slow={slow} paint={score ? `b-s-${gradeOf(score)}` : paintOf(r, colour)} say={score ? scoreText(score) : null} traceEnd={traceEnd} /></div>
    </div>
  );
});

/** "tool.execute.lookup_order" → a dim head and the part that tells rows apart. */
function splitName(name: string): [string, string] {
  const m = /^((?:tool\.execute|execute_tool|gen_ai|ai)[. ])(.+)$/.exec(name);
  return m && m[1] !== 'gen_ai.' && m[1] !== 'ai.' ? [m[1]!, m[2]!] : ['', name];
}
