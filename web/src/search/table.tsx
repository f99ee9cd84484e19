import { memo, type ReactNode } from 'react';
import type { SessionSummary, SpanSummary, TraceSummary } from '../api/types';
import { compact, integer, percent, unknown } from '../format/numbers';
import { nanos } from '../format/time';
import { Safe } from '../text/text';
import { CostText, Dur, Time } from '../ui/bits';
import { KindIcon } from '../ui/icons';
import { Shape } from './shape';

/** width in px (or what grid takes); rank: the higher goes first when room is short; always: never goes; extra: shown when asked for. */
export interface Column<R> { key: string; title: string; width: number; grow?: boolean; rank?: number; always?: boolean; extra?: boolean; className?: string; help?: string; cell: (row: R, scale: number) => ReactNode }

export const shortModel = (m: string): string => m.replace(/^(anthropic|openai|google|models)\//, '').replace(/-20\d{6}$/, '');
const one = (n: number, word: string): string => `${integer(n)} ${word}${n === 1 ? '' : 's'}`;

export const traceColumns: Column<TraceSummary>[] = [
  { key: 'started', width: 88, always: true, title: 'Started', cell: (r) => <span className="mid"><Time t={r.start_unix_nano} /></span> },
  { key: 'question', width: 160, grow: true, always: true, title: 'Question', className: 'c-grow', cell: (r) => (
    <>
      {r.errors > 0 && <KindIcon kind="error" />}
      {r.question ? <span className="trunc"><Safe text={r.question} /></span> : r.root ? <span className="trunc"><Safe text={r.root.name} /></span> : <span className="chip out" title="The first span of this trace has not arrived">root not here yet</span>}
    </>
  ) },
  { key: 'service', width: 116, rank: 4, title: 'Agent or service', className: 'c-service', cell: (r) => <span className="trunc mid"><Safe text={r.agent ?? r.root?.service ?? r.services[0] ?? unknown} />{r.services.length > 1 && <span className="dim"> +{r.services.length - 1}</span>}</span> },
  { key: 'shape', width: 148, title: 'Shape, one scale', help: 'Model calls above, tools below; length compares over the rows of this page', className: 'c-shape', cell: (r, scale) => <Shape shape={r.shape} duration={r.duration_ns} scale={scale} /> },
  { key: 'duration', width: 72, always: true, title: 'Duration', className: 'num', cell: (r) => <span className="fwm">{r.unfinished && <span className="dim" title="It has not ended: at least this long">≥ </span>}<Dur ns={r.duration_ns} /></span> },
  { key: 'cost', width: 72, title: 'Cost', className: 'num', cell: (r) => <CostText cost={r.cost} /> },
  { key: 'tokens', width: 68, title: 'Tokens', help: 'in and out', className: 'num', cell: (r) => (r.tokens ? <span title={`${integer(r.tokens.input)} in, of which ${integer(r.tokens.cache_read)} read from cache\n${integer(r.tokens.output)} out`}>{compact(r.tokens.input + r.tokens.output)}</span> : <span className="dim">{unknown}</span>) },
  { key: 'turns', width: 44, title: 'Turns', className: 'num', cell: (r) => <span title={`${one(r.llm_calls, 'model call')}, ${one(r.tool_calls, 'tool call')}, ${one(r.spans, 'span')}`}>{r.turns > 0 ? integer(r.turns) : <span className="dim">{unknown}</span>}</span> },
  { key: 'errors', width: 44, title: 'Errors', className: 'num', cell: (r) => (r.errors > 0 ? <b className="danger">{integer(r.errors)}</b> : <span className="dim">–</span>) },
  { key: 'models', width: 122, rank: 2, title: 'Models', className: 'c-models', cell: (r) => <span className="trunc mid" title={r.models.join('\n')}>{r.models.length === 0 ? <span className="dim">{unknown}</span> : <><Safe text={shortModel(r.models[0]!)} />{r.models.length > 1 && <span className="dim"> +{r.models.length - 1}</span>}</>}</span> },
  { key: 'user', width: 86, rank: 3, title: 'User', className: 'c-user', cell: (r) => <span className="trunc mid">{r.user ? <Safe text={r.user} /> : <span className="dim">{unknown}</span>}</span> },
];

const dim = <span className="dim">{unknown}</span>;
const textCell = (v: string | null): ReactNode => <span className="trunc mid">{v ? <Safe text={v} /> : dim}</span>;
traceColumns.push(
  { key: 'session', title: 'Session', width: 120, extra: true, rank: 1, cell: (r) => textCell(r.session) },
  { key: 'environment', title: 'Environment', width: 84, extra: true, rank: 1, cell: (r) => textCell(r.environment) },
  { key: 'llm_calls', title: 'Calls', help: 'model calls', width: 48, extra: true, rank: 1, className: 'num', cell: (r) => integer(r.llm_calls) },
  { key: 'tool_calls', title: 'Tools', help: 'tool calls', width: 48, extra: true, rank: 1, className: 'num', cell: (r) => integer(r.tool_calls) },
  { key: 'spans', title: 'Spans', width: 56, extra: true, rank: 1, className: 'num', cell: (r) => integer(r.spans) },
  { key: 'cached', title: 'Cached', help: 'share of the input that was read from cache', width: 56, extra: true, rank: 1, className: 'num', cell: (r) => (r.tokens && r.tokens.input > 0 ? percent(r.tokens.cache_read / r.tokens.input) : dim) },
);

export const sessionColumns: Column<SessionSummary>[] = [
  { key: 'last', title: 'Last', width: 96, always: true, cell: (r) => <span className="mid"><Time t={r.end_unix_nano} /></span> },
  { key: 'question', title: 'First question', width: 180, grow: true, always: true, cell: (r) => (<>{r.errors > 0 && <KindIcon kind="error" />}<span className="trunc">{r.first_question ? <Safe text={r.first_question} /> : <span className="dim">no question was sent</span>}</span></>) },
  { key: 'session', title: 'Session', width: 130, rank: 3, cell: (r) => textCell(r.session) },
  { key: 'agent', title: 'Agent or service', width: 120, rank: 4, cell: (r) => textCell(r.agent ?? r.service) },
  { key: 'span', title: 'From first to last', width: 92, className: 'num', cell: (r) => <span><Dur ns={Number(nanos(r.end_unix_nano) - nanos(r.start_unix_nano))} /></span> },
  { key: 'traces', title: 'Traces', width: 50, className: 'num', cell: (r) => integer(r.traces) },
  { key: 'turns', title: 'Turns', width: 50, className: 'num', cell: (r) => (r.turns > 0 ? integer(r.turns) : dim) },
  { key: 'cost', title: 'Cost', width: 78, className: 'num', cell: (r) => <CostText cost={r.cost} /> },
  { key: 'tokens', title: 'Tokens', width: 68, className: 'num', cell: (r) => (r.calls > 0 ? <span title={`${integer(r.tokens.total_input)} in, ${integer(r.tokens.total_output)} out`}>{compact(r.tokens.total_input + r.tokens.total_output)}</span> : dim) },
  { key: 'errors', title: 'Errors', width: 50, className: 'num', cell: (r) => (r.errors > 0 ? <b className="danger">{integer(r.errors)}</b> : <span className="dim">–</span>) },
  { key: 'user', title: 'User', width: 90, rank: 2, cell: (r) => textCell(r.user) },
];

/** The columns that fit: what was chosen, less the least important where room is short. */
export function fitColumns<R>(all: Column<R>[], chosen: Set<string>, width: number): Column<R>[] {
  let shown = all.filter((c) => c.always || chosen.has(c.key));
  const need = (): number => shown.reduce((n, c) => n + c.width + 14, 30);
  while (width > 0 && need() > width) {
    const spare = shown.filter((c) => !c.always);
    if (spare.length === 0) break;
    const least = spare.reduce((m, c) => ((c.rank ?? 9) < (m.rank ?? 9) ? c : m));
    shown = shown.filter((c) => c !== least);
  }
  return shown;
}
export const templateOf = <R,>(columns: Column<R>[]): string => columns.map((c) => (c.grow ? `minmax(${c.width}px,1fr)` : `${c.width}px`)).join(' ');

export const spanColumns: Column<SpanSummary>[] = [
  { key: 'started', width: 88, always: true, title: 'Started', cell: (r) => <span className="mid"><Time t={r.start_unix_nano} /></span> },
  { key: 'name', width: 200, grow: true, always: true, title: 'Span', className: 'c-grow', cell: (r) => (
    <><KindIcon kind={r.status === 'error' ? 'error' : r.kind} /><span className={`trunc ${r.status === 'error' ? 'danger' : ''}`}><Safe text={r.name} /></span>{r.status_message && <span className="dim trunc c-sub"><Safe text={r.status_message} /></span>}</>
  ) },
  { key: 'service', width: 116, rank: 4, title: 'Service', className: 'c-service', cell: (r) => <span className="trunc mid"><Safe text={r.service} /></span> },
  { key: 'kind', width: 72, rank: 1, title: 'Kind', className: 'c-kind', cell: (r) => <span className="mid">{r.kind}</span> },
  { key: 'turn', width: 40, rank: 5, title: 'Turn', className: 'num', cell: (r) => (r.turn_number === null ? <span className="dim">–</span> : r.turn_number) },
  { key: 'duration', width: 72, always: true, title: 'Duration', className: 'num', cell: (r) => <span className="fwm">{r.unfinished ? <span className="dim" title="It has begun and no end has arrived">not ended</span> : <Dur ns={r.duration_ns} />}</span> },
  { key: 'cost', width: 72, title: 'Cost', className: 'num', cell: (r) => <CostText cost={r.cost} dash="–" /> },
  { key: 'tokens', width: 68, title: 'Tokens', className: 'num', cell: (r) => (r.usage ? <span title={`${integer(r.usage.total_input)} in, ${integer(r.usage.total_output)} out`}>{compact((r.usage.total_input ?? 0) + (r.usage.total_output ?? 0))}</span> : <span className="dim">–</span>) },
  { key: 'model', width: 150, rank: 2, title: 'Model or tool', className: 'c-models', cell: (r) => <span className="trunc mid">{r.model ?? r.tool ? <Safe text={shortModel(r.model ?? r.tool ?? '')} /> : <span className="dim">–</span>}</span> },
  { key: 'user', width: 86, rank: 3, title: 'User', className: 'c-user', cell: (r) => <span className="trunc mid">{r.user ? <Safe text={r.user} /> : <span className="dim">–</span>}</span> },
];

export const TableRow = memo(function TableRow<R>({ row, index, columns, scale, selected, error, fresh, id, open, pick }: {
  row: R; index: number; columns: Column<R>[]; scale: number; selected: boolean; error: boolean; fresh: boolean; id: string; open: (index: number) => void; pick: (index: number) => void;
}) {
  return (
    <div role="row" id={id} aria-rowindex={index + 2} aria-selected={selected} className={`tr ${selected ? 'sel' : ''} ${error ? 'err' : ''} ${fresh ? 'fresh' : ''}`}
      style={{ transform: `translateY(${index * 34}px)` }} onClick={(e) => { if (e.detail === 1) pick(index); if (!window.getSelection()?.toString()) open(index); }}>
      {columns.map((c) => <div role="gridcell" key={c.key} className={`td c-${c.key} ${c.className ?? ''}`}>{c.cell(row, scale)}</div>)}
    </div>
  );
}) as <R>(props: { row: R; index: number; columns: Column<R>[]; scale: number; selected: boolean; error: boolean; fresh: boolean; id: string; open: (index: number) => void; pick: (index: number) => void }) => ReactNode;
