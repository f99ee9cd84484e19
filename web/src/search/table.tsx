import { memo, type ReactNode } from 'react';
import type { SpanSummary, TraceSummary } from '../api/types';
import { compact, integer, unknown } from '../format/numbers';
import { Safe } from '../text/text';
import { CostText, Dur, Time } from '../ui/bits';
import { KindIcon } from '../ui/icons';
import { Shape } from './shape';

export interface Column<R> { key: string; title: string; className?: string; help?: string; cell: (row: R, scale: number) => ReactNode }

export const shortModel = (m: string): string => m.replace(/^(anthropic|openai|google|models)\//, '').replace(/-20\d{6}$/, '');
const one = (n: number, word: string): string => `${integer(n)} ${word}${n === 1 ? '' : 's'}`;

export const traceColumns: Column<TraceSummary>[] = [
  { key: 'started', title: 'Started', cell: (r) => <span className="mid"><Time t={r.start_unix_nano} /></span> },
  { key: 'question', title: 'Question', className: 'c-grow', cell: (r) => (
    <>
      {r.errors > 0 && <KindIcon kind="error" />}
      {r.question ? <span className="trunc"><Safe text={r.question} /></span> : r.root ? <span className="trunc"><Safe text={r.root.name} /></span> : <span className="chip out" title="The first span of this trace has not arrived">root not here yet</span>}
    </>
  ) },
  { key: 'service', title: 'Agent or service', className: 'c-service', cell: (r) => <span className="trunc mid"><Safe text={r.agent ?? r.root?.service ?? r.services[0] ?? unknown} />{r.services.length > 1 && <span className="dim"> +{r.services.length - 1}</span>}</span> },
  { key: 'shape', title: 'Shape, one scale', help: 'Model calls above, tools below; length compares over the rows of this page', className: 'c-shape', cell: (r, scale) => <Shape shape={r.shape} duration={r.duration_ns} scale={scale} /> },
  { key: 'duration', title: 'Duration', className: 'num', cell: (r) => <span className="fwm"><Dur ns={r.duration_ns} /></span> },
  { key: 'cost', title: 'Cost', className: 'num', cell: (r) => <CostText cost={r.cost} /> },
  { key: 'tokens', title: 'Tokens', help: 'in and out', className: 'num', cell: (r) => (r.tokens ? <span title={`${integer(r.tokens.input)} in, of which ${integer(r.tokens.cache_read)} read from cache\n${integer(r.tokens.output)} out`}>{compact(r.tokens.input + r.tokens.output)}</span> : <span className="dim">{unknown}</span>) },
  { key: 'turns', title: 'Turns', className: 'num', cell: (r) => <span title={`${one(r.llm_calls, 'model call')}, ${one(r.tool_calls, 'tool call')}, ${one(r.spans, 'span')}`}>{r.turns > 0 ? integer(r.turns) : <span className="dim">{unknown}</span>}</span> },
  { key: 'errors', title: 'Errors', className: 'num', cell: (r) => (r.errors > 0 ? <b className="danger">{integer(r.errors)}</b> : <span className="dim">–</span>) },
  { key: 'models', title: 'Models', className: 'c-models', cell: (r) => <span className="trunc mid" title={r.models.join('\n')}>{r.models.length === 0 ? <span className="dim">{unknown}</span> : <><Safe text={shortModel(r.models[0]!)} />{r.models.length > 1 && <span className="dim"> +{r.models.length - 1}</span>}</>}</span> },
  { key: 'user', title: 'User', className: 'c-user', cell: (r) => <span className="trunc mid">{r.user ? <Safe text={r.user} /> : <span className="dim">{unknown}</span>}</span> },
];

export const spanColumns: Column<SpanSummary>[] = [
  { key: 'started', title: 'Started', cell: (r) => <span className="mid"><Time t={r.start_unix_nano} /></span> },
  { key: 'name', title: 'Span', className: 'c-grow', cell: (r) => (
    <><KindIcon kind={r.status === 'error' ? 'error' : r.kind} /><span className={`trunc ${r.status === 'error' ? 'danger' : ''}`}><Safe text={r.name} /></span>{r.status_message && <span className="dim trunc c-sub"><Safe text={r.status_message} /></span>}</>
  ) },
  { key: 'service', title: 'Service', className: 'c-service', cell: (r) => <span className="trunc mid"><Safe text={r.service} /></span> },
  { key: 'kind', title: 'Kind', className: 'c-kind', cell: (r) => <span className="mid">{r.kind}</span> },
  { key: 'turn', title: 'Turn', className: 'num', cell: (r) => (r.turn_number === null ? <span className="dim">–</span> : r.turn_number) },
  { key: 'duration', title: 'Duration', className: 'num', cell: (r) => <span className="fwm"><Dur ns={r.duration_ns} /></span> },
  { key: 'cost', title: 'Cost', className: 'num', cell: (r) => <CostText cost={r.cost} dash="–" /> },
  { key: 'tokens', title: 'Tokens', className: 'num', cell: (r) => (r.usage ? <span title={`${integer(r.usage.total_input)} in, ${integer(r.usage.total_output)} out`}>{compact((r.usage.total_input ?? 0) + (r.usage.total_output ?? 0))}</span> : <span className="dim">–</span>) },
  { key: 'model', title: 'Model or tool', className: 'c-models', cell: (r) => <span className="trunc mid">{r.model ?? r.tool ? <Safe text={shortModel(r.model ?? r.tool ?? '')} /> : <span className="dim">–</span>}</span> },
  { key: 'user', title: 'User', className: 'c-user', cell: (r) => <span className="trunc mid">{r.user ? <Safe text={r.user} /> : <span className="dim">–</span>}</span> },
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
