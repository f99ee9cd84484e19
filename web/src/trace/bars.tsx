import { memo, type CSSProperties } from 'react';
import type { WindowRow } from '../api/types';
import { durationText } from '../format/numbers';

/** Where time lies on the axis, in px. */
export interface Scale { from: number; to: number; width: number }
export const place = (s: Scale, t: number): number => ((t - s.from) / Math.max(1, s.to - s.from)) * s.width;

function box(s: Scale, start: number, duration: number): CSSProperties | null {
  const a = Math.max(-4, place(s, start)), b = Math.min(s.width + 4, place(s, start + duration));
  if (b < -3 || a > s.width + 3 || b < a) return null;
  return { transform: `translateX(${a.toFixed(2)}px)`, width: Math.max(1.5, b - a) };
}

/** One row's bar: pale head = waiting for the first token, hatch = failed, pale body = covered by children, open hatched end = not ended. */
export const Bars = memo(function Bars({ row, scale, slow, paint, say = null, traceEnd }: { row: WindowRow; scale: Scale; slow: boolean; paint: string; say?: string | null; traceEnd: number }) {
  const error = row.status === 'error';
  const run = row.group?.closed ? row.group : null;
  const open = row.unfinished === true;
  // What has not ended goes on beyond the last that is known.
  const duration = open ? Math.max(traceEnd, scale.to) - row.offset_ns : row.end_before_start ? 0 : run ? run.span_ns : row.duration_ns;
  const b = box(scale, row.offset_ns, duration);
  if (!b) {
    const before = row.offset_ns + duration < scale.from;
    return <div className="bars"><span className={`off ${before ? 'l' : 'r'}`} aria-hidden="true">{before ? '‹' : '›'}</span></div>;
  }
  const end = place(scale, row.offset_ns + duration), start = place(scale, row.offset_ns);
  const note = run ? `${run.count} calls, ${durationText(run.sum_ns)} in all` : row.end_before_start ? 'ends before it starts' : error && row.error ? row.error : say !== null ? say : slow ? 'slowest' : '';
  const says = `not ended${traceEnd > row.offset_ns ? `, at least ${durationText(traceEnd - row.offset_ns)}` : ''}`;
  if (open) return (
    <div className="bars">
      <i className={`b open ${paint}`} style={b} />
      {scale.width - start > 230 ? <span className="lab openlab" style={{ transform: `translateX(${Math.max(0, start).toFixed(1)}px)` }}>{says}</span> : start > 150 && <span className="lab before" style={{ width: start }}>{says}</span>}
    </div>
  );
  const room = scale.width - end > 90;
  const roomLeft = start > 150;
  const parent = run !== null || row.children > 0 && !row.folded && row.hidden === 0 && row.self_ns < duration * 0.9;
  return (
    <div className="bars">
      {row.kind === 'agent' && !error ? <i className={`b thin ${paint}`} style={b} />
        : row.kind === 'turn' && !error ? <i className="b turn" style={b} />
        : error ? <i className={`b err ${row.kind === 'agent' || row.kind === 'turn' ? 'slim' : ''}`} style={b} />
        : <><i className={`b ${paint} ${run ? 'many' : parent || row.first_token_ns ? 'pale' : ''}`} style={b} />
          {row.first_token_ns !== null && row.first_token_ns > 0 && row.first_token_ns < duration && <Part scale={scale} start={row.offset_ns + row.first_token_ns} duration={duration - row.first_token_ns} paint={paint} />}</>}
      {note && (room || roomLeft || scale.width - end > 48) && (room || !roomLeft
        ? <span className={`lab ${error ? 'danger' : ''}`} style={{ transform: `translateX(${Math.min(end, scale.width).toFixed(1)}px)`, maxWidth: Math.max(0, scale.width - end) }}>{note}</span>
        : <span className={`lab before ${error ? 'danger' : ''}`} style={{ width: Math.max(0, start) }}>{note}</span>)}
    </div>
  );
});

function Part({ scale, start, duration, paint }: { scale: Scale; start: number; duration: number; paint: string }) {
  const b = box(scale, start, duration);
  return b && <i className={`b ${paint}`} style={b} />;
}

/** The critical path as a thread through the rows in sight: [start, end, row]. */
export function criticalPieces(list: WindowRow[]): [number, number, number][] {
  const out: [number, number, number][] = [];
  for (let i = 0; i < list.length; i++) {
    const r = list[i]!;
    if (!r.critical || r.kind === 'agent' || r.kind === 'turn') continue;
    // What is hidden below a row runs along the row itself, less what its visible descendants show.
    if (r.hidden > 0) { out.push(...without([r.offset_ns, r.offset_ns + (r.group?.closed ? r.group.span_ns : r.duration_ns)], below(list, i)).map(([a, b]): [number, number, number] => [a, b, r.row])); continue; }
    if (r.critical_ns <= 0) continue;
    if (r.critical_segments) for (const [o, d] of r.critical_segments) out.push([o, o + d, r.row]);
    // Without segments only a span that is on the path nearly throughout can be drawn truly.
    else if (r.critical_ns >= r.duration_ns * 0.95 || r.children === 0) out.push([r.offset_ns, r.offset_ns + Math.min(r.duration_ns, r.critical_ns), r.row]);
  }
  return out.sort((a, b) => a[0] - b[0]);
}

function below(list: WindowRow[], i: number): [number, number][] {
  const out: [number, number][] = [];
  for (let j = i + 1; j < list.length && list[j]!.depth > list[i]!.depth; j++) {
    const r = list[j]!;
    if (r.critical) out.push([r.offset_ns, r.offset_ns + r.duration_ns]);
  }
  return out.sort((a, b) => a[0] - b[0]);
}

/** An interval without others. */
export function without([from, to]: [number, number], others: [number, number][]): [number, number][] {
  const out: [number, number][] = [];
  let at = from;
  for (const [a, b] of others) {
    if (b <= at || a >= to) continue;
    if (a > at) out.push([at, a]);
    at = Math.max(at, b);
  }
  if (at < to) out.push([at, to]);
  return out;
}

export function threadPath(pieces: [number, number, number][], scale: Scale, firstRow: number, rowHeight: number): string {
  let d = '', last: number | null = null, lastEnd = 0;
  for (const [a, b, row] of pieces) {
    // Less than a pixel of it would only be a knot in the thread.
    if (b < scale.from || a > scale.to || place(scale, b) - place(scale, a) < 1) continue;
    const x0 = Math.max(0, place(scale, a)).toFixed(1), x1 = Math.min(scale.width, place(scale, b)).toFixed(1), y = (row - firstRow) * rowHeight + rowHeight - 3.5;
    // A hole in the path (time of rows that are folded away) is not drawn over.
    d += last === null || a - lastEnd > (scale.to - scale.from) * 0.02 ? `M${x0} ${y}` : `L${x0} ${last}L${x0} ${y}`;
    d += `L${x1} ${y}`;
    last = y;
    lastEnd = b;
  }
  return d;
}
