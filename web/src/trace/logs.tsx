import { useMemo, useState } from 'react';
import type { UseQueryResult } from '@tanstack/react-query';
import type { LogLine, TraceLogs } from '../api/types';
import { durationText, integer } from '../format/numbers';
import { nanos, timeTitle } from '../format/time';
import { JsonView, asJson } from '../text/json-view';
import { Safe, SafeBlock } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';
import { Icon } from '../ui/icons';
import type { NavIndex } from './nav-index';

/** OpenTelemetry's severity numbers in words; what was not told has none. */
export const severity = (n: number | null): { word: string; tone: '' | 'dim' | 'warn' | 'danger' } =>
  n === null ? { word: '—', tone: 'dim' } : n >= 21 ? { word: 'fatal', tone: 'danger' } : n >= 17 ? { word: 'error', tone: 'danger' } : n >= 13 ? { word: 'warn', tone: 'warn' } : n >= 9 ? { word: 'info', tone: '' } : n >= 5 ? { word: 'debug', tone: 'dim' } : { word: 'trace', tone: 'dim' };

export function Logs({ logs, traceStart, index, selected, select }: { logs: UseQueryResult<TraceLogs>; traceStart: string; index: NavIndex | undefined; selected: string | null; select: (span: string) => void }) {
  const [only, setOnly] = useState<'all' | 'span' | 'bad'>('all');
  const [text, setText] = useState('');
  const list = useMemo(() => logs.data?.logs ?? [], [logs.data]);
  const low = text.toLowerCase();
  const shown = list.filter((l) => (only === 'all' || (only === 'span' ? l.span_id === selected : (l.severity_number ?? 0) >= 13)) && (!low || l.body.toLowerCase().includes(low) || l.attributes.some((a) => a.value.toLowerCase().includes(low))));
  return (
    <section className="logs" aria-label="Logs">
      <header className="rtool"><span className="seg" role="group" aria-label="Show">
        <button type="button" aria-pressed={only === 'all'} onClick={() => setOnly('all')}>All</button><button type="button" aria-pressed={only === 'bad'} onClick={() => setOnly('bad')}>Warnings and errors</button><button type="button" aria-pressed={only === 'span'} disabled={selected === null && only !== 'span'} onClick={() => setOnly('span')}>Selected span</button></span>
        <div className="field"><Icon name="filter" /><input type="search" placeholder="Filter" aria-label="Filter logs" value={text} onChange={(e) => setText(e.target.value)} /></div>
        <span className="grow" />{logs.data && <span className="cap">{shown.length === list.length ? '' : `${integer(shown.length)} of `}{integer(list.length)} records{logs.data.more && ', the first of more'}</span>}</header>
      <div className="scroll lgbody" tabIndex={0} role="region" aria-label="Log records">
        {logs.isError && <Failure error={logs.error} retry={() => void logs.refetch()} />}
        {logs.isPending && <div className="pad stack"><Skeleton w="70%" /><Skeleton w="50%" /><Skeleton w="60%" /></div>}
        {logs.data && list.length === 0 && <div className="center"><p className="dim">No log record carries this trace's id. Logs that an OpenTelemetry SDK sends to the same address appear here by themselves.</p></div>}
        {logs.data && list.length > 0 && shown.length === 0 && <p className="pad dim">No record is left by this filter.</p>}
        {shown.slice(0, 1000).map((l, i) => <Line key={i} l={l} start={traceStart} name={l.span_id ? index?.spans[index.place.get(l.span_id) ?? -1]?.name ?? null : null} on={l.span_id !== null && l.span_id === selected} select={select} />)}
      </div>
    </section>
  );
}

function Line({ l, start, name, on, select }: { l: LogLine; start: string; name: string | null; on: boolean; select: (span: string) => void }) {
  const [open, setOpen] = useState(false);
  const s = severity(l.severity_number);
  const json = open ? asJson(l.body) : undefined;
  return (
    <div className={`lg ${on ? 'on' : ''} ${s.tone}`}>
      <button type="button" className="lgt" aria-expanded={open} aria-label="Whole record" onClick={() => setOpen(!open)}><Icon name={open ? 'down' : 'right'} /></button>
      <span className="mono dim" title={timeTitle(l.time_unix_nano)}>+{durationText(Number(nanos(l.time_unix_nano) - nanos(start)))}</span>
      <span className={`lgs ${s.tone}`} title={l.severity_text ?? undefined}>{s.word}</span>
      <div className="lgm">{open ? (json !== undefined ? <JsonView value={json} /> : <SafeBlock text={l.body || l.event_name || ''} mono />) : <div className="trunc"><Safe text={(l.body || l.event_name || '').slice(0, 500).replace(/\s+/g, ' ')} /></div>}
        {open && l.cut && <p className="dim">The record is longer: its first 16,384 characters are shown.</p>}
        {open && l.attributes.length > 0 && <table className="kv"><tbody>{l.attributes.map((a, i) => <tr key={i}><th scope="row"><Safe text={a.key} /></th><td><SafeBlock text={a.value} mono /></td></tr>)}</tbody></table>}</div>
      {l.span_id ? <button type="button" className="linkish trunc dim" onClick={() => select(l.span_id!)} title="Go to the span">{name ? <Safe text={name} /> : `${l.span_id.slice(0, 8)}…`}</button> : <span className="dim">no span</span>}
    </div>
  );
}
