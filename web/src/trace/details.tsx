import { useEffect, useMemo, useState, type ReactNode } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { Attribute, SpanDetail, TraceHeader } from '../api/types';
import { bytes, durationText, integer } from '../format/numbers';
import { nanos, timeTitle } from '../format/time';
import { quote } from '../search/language';
import { shortModel } from '../search/table';
import { JsonView } from '../text/json-view';
import { Safe, SafeBlock } from '../text/text';
import { ReadAs, Value, type Source } from '../text/value';
import { CopyButton, CostText, Dur, Failure, Skeleton } from '../ui/bits';
import { Icon, KindIcon } from '../ui/icons';
import { Link } from '../url/link';
import { Messages } from './messages';
import { Usual } from './usual';
import { UsageCost } from './usage-cost';
import { tierHeaders, whyWithheld, Withheld } from './withheld';

export type Tab = 'messages' | 'error' | 'tools' | 'parameters' | 'scores' | 'events' | 'links' | 'attributes' | 'resource' | 'raw';

export function Details({ trace, span, revision, tab, setTab, select, permalink, traceStart, header, previous, lastCall, firstToken }: {
  trace: string; span: string | null; revision: string; tab: Tab | null; setTab: (t: Tab) => void; select: (span: string) => void; permalink: (span: string) => string; traceStart: string; header: TraceHeader | undefined; previous: string | null; lastCall: string | null; firstToken: number | null;
}) {
  const detail = useQuery({
    queryKey: ['span', trace, span, revision], enabled: span !== null, placeholderData: keepPreviousData, staleTime: 60_000, gcTime: 60_000,
    queryFn: ({ signal }) => get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(span!)}`, {}, signal),
  });
  // Of a withheld span what the stricter tier has, once it was read with its key.
  const [read, setRead] = useState<SpanDetail | null>(null);
  const stub = detail.data;
  const opened = stub && read?.span_id === stub.span_id;
  const d = opened ? read : stub;
  const why = stub ? whyWithheld(stub) : null;
  const tabs = useMemo(() => (d ? tabsOf(d) : []), [d]);
  // A placeholder's id leads to the span that has come in its stead.
  const come = d && span !== null && !detail.isPlaceholderData && d.span_id !== span ? d.span_id : null;
  useEffect(() => { if (come !== null) select(come); }, [come]); // eslint-disable-line react-hooks/exhaustive-deps
  if (span === null) return <Overview trace={trace} header={header} lastCall={lastCall} select={select} />;
  if (detail.isError && !d) return <aside className="det" aria-label="Span details"><Failure error={detail.error} retry={() => void detail.refetch()} title="This span cannot be read" /></aside>;
  if (!d) return <aside className="det" aria-label="Span details" aria-busy="true"><div className="det-h"><Skeleton w={240} h={16} /><div className="dl"><Skeleton w={380} /></div></div><div className="det-b"><Skeleton w="80%" /></div></aside>;
  const current = tab !== null && tabs.some((t) => t.id === tab) ? tab : d.error && d.input.length === 0 && d.output.length === 0 ? 'error' : tabs[0]!.id;
  const offset = Number(nanos(d.start_unix_nano) - nanos(traceStart));
  return (
    <aside className="det" aria-label="Span details" aria-busy={detail.isPlaceholderData} data-span={d.span_id}>
      <div className="det-h">
        <div className="ti"><KindIcon kind={d.status === 'error' ? 'error' : d.kind} /><h2 className={`trunc ${d.status === 'error' ? 'danger' : ''}`} title={d.name}><Safe text={d.name} /></h2>
          {d.turn_number !== null && <span className="chip">turn {d.turn_number}</span>}{d.model && <span className="chip out"><Safe text={shortModel(d.model)} /></span>}
          <span className="grow" /><CopyButton text={() => location.origin + permalink(d.span_id)} label="Copy the link to this span (y)" /></div>
        <div className="dl">
          <span><span>time</span>{d.unfinished ? <b className="fwm" title="It has begun and no end has arrived">not ended</b> : <Dur ns={d.duration_ns} />}</span><span><span>self</span><Dur ns={d.self_ns} /></span><span title={timeTitle(d.start_unix_nano)}><span>starts at</span>{durationText(offset)}</span>
          {firstToken !== null && firstToken > 0 && <><span><span>first token</span><Dur ns={firstToken} /></span>{(d.usage?.total_output ?? 0) > 0 && d.duration_ns > firstToken && <span title="output tokens a second after the first token"><span>speed</span>{Math.round(d.usage!.total_output! / ((d.duration_ns - firstToken) / 1e9))}<span className="unit">tok/s</span></span>}</>}
          {(d.usage || d.kind === 'llm') && <span><span>cost</span><CostText cost={d.cost} /></span>}
          {d.finish_reasons.length > 0 && <span><span>finish</span><Safe text={d.finish_reasons.join(', ')} /></span>}
          <span><span>service</span><Safe text={d.service} /></span>
          {d.duplicates > 0 && <span className="warn" title="Received more than once, counted once">received {d.duplicates + 1} times</span>}
        </div>
        {why !== null && <Withheld key={d.span_id} trace={trace} span={d.span_id} why={why} shown={opened === true} show={setRead} />}
      </div>
      <div className="tabs" role="tablist" aria-label="Span">
        {tabs.map((t) => <button type="button" key={t.id} role="tab" id={`tab-${t.id}`} aria-selected={t.id === current} aria-controls="tabpanel" tabIndex={t.id === current ? 0 : -1} onClick={() => setTab(t.id)}
          onKeyDown={(e) => {
            const i = tabs.findIndex((x) => x.id === current), n = e.key === 'ArrowRight' ? i + 1 : e.key === 'ArrowLeft' ? i - 1 : -1;
            const to = tabs[n];
            if (to) { e.preventDefault(); e.stopPropagation(); setTab(to.id); document.getElementById(`tab-${to.id}`)?.focus(); }
          }}>{t.title}{t.n !== undefined && <span className={`n ${t.id === 'error' ? 'danger' : ''}`}>{t.n}</span>}</button>)}
      </div>
      <ReadAs value={opened ? tierHeaders() : {}}>
      <div className={`det-p ${current}`} role="tabpanel" id="tabpanel" aria-labelledby={`tab-${current}`} key={d.span_id + current}>
        {current === 'messages' ? <Messages trace={trace} d={d} previous={previous} /> : <div className="scroll det-b" tabIndex={0}><Panel d={d} trace={trace} tab={current} select={select} /></div>}
      </div>
      </ReadAs>
      <Usual d={d} />
      {d.usage && <UsageCost d={d} />}
    </aside>
  );
}

/** Nothing is selected: what was asked and what was answered. */
function Overview({ trace, header: t, lastCall, select }: { trace: string; header: TraceHeader | undefined; lastCall: string | null; select: (span: string) => void }) {
  // A run that does not say its answer itself: what its last model call said.
  const last = useQuery({ queryKey: ['span', trace, lastCall, 'whole'], enabled: t !== undefined && t.answer === null && lastCall !== null, staleTime: 60_000, queryFn: ({ signal }) => get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(lastCall!)}`, {}, signal) });
  const said = last.data?.output.flatMap((m) => m.parts).filter((p) => p.type === 'text').map((p) => p.content ?? '').join('\n\n') ?? '';
  const answer = t?.answer ?? (said || null);
  return (
    <aside className="det" aria-label="Trace overview" aria-busy={!t}>
      <div className="scroll det-b" tabIndex={0} role="region" aria-label="Question and answer">
        {!t && <div className="stack"><Skeleton w={70} /><Skeleton w="80%" /><Skeleton w={70} /><Skeleton w="95%" h={60} /></div>}
        {t && (
          <div className="stack over">
            {t.question && <section><h2>Question</h2><Value as="read" text={t.question} /></section>}
            {answer && <section><h2>Answer</h2><Value as="read" text={answer} /></section>}
            {!t.question && !answer && <p className="dim">No question and no answer were found in this trace. Select a span to see what it carries.</p>}
            {!t.root && <p className="notice warn flat">The first span of this trace has not arrived. What depends on it, like the question, may still change.</p>}
            {t.models.length > 0 && <section><h2>Models</h2><div className="row wrap">{t.models.map((m) => <span className="chip out" key={m}><KindIcon kind="llm" /><Safe text={m} /></span>)}</div></section>}
            <section><h2>Services</h2><div className="row wrap">{t.services.map((s) => <span className="chip out" key={s}><Safe text={s} /></span>)}</div></section>
            {t.links.length > 0 && <section><h2>Links to other traces</h2>{t.links.slice(0, 50).map((l, i) => <div key={i} className="row"><button type="button" className="more mono" onClick={() => select(l.from_span_id)}>{l.from_span_id.slice(0, 8)}…</button><span className="dim">links to</span><Link className="link mono" to={`/t/${l.trace_id}?s=${l.span_id}`}>{l.trace_id.slice(0, 12)}…</Link></div>)}</section>}
            <p className="dim">Select a span for its messages, cost, attributes and errors; <kbd>j</kbd> starts at the top, <kbd>1</kbd> <kbd>2</kbd> <kbd>3</kbd> go to the findings.</p>
          </div>
        )}
      </div>
    </aside>
  );
}

function tabsOf(d: SpanDetail): { id: Tab; title: string; n?: number }[] {
  const parameters = Object.keys(d.parameters).length;
  const out: { id: Tab; title: string; n?: number }[] = [];
  if (d.input.length > 0 || d.output.length > 0) out.push({ id: 'messages', title: d.kind === 'tool' || d.kind === 'retrieval' ? 'Arguments and result' : 'Messages' });
  if (d.error) out.push({ id: 'error', title: 'Error' });
  if (d.tools_offered.length > 0) out.push({ id: 'tools', title: 'Tools', n: d.tools_offered.length });
  if (parameters > 0) out.push({ id: 'parameters', title: 'Parameters', n: parameters });
  if (d.scores.length > 0) out.push({ id: 'scores', title: 'Scores', n: d.scores.length });
  if (d.events.length > 0) out.push({ id: 'events', title: 'Events', n: d.events.length });
  if (d.links.length > 0) out.push({ id: 'links', title: 'Links', n: d.links.length });
  out.push({ id: 'attributes', title: 'Attributes', n: d.attributes.length }, { id: 'resource', title: 'Resource' }, { id: 'raw', title: 'Raw' });
  return out;
}

function Panel({ d, trace, tab, select }: { d: SpanDetail; trace: string; tab: Tab; select: (span: string) => void }): ReactNode {
  const source = (path: string): Source => ({ trace, span: d.span_id, path });
  switch (tab) {
    case 'error': return d.error && (
      <div className="stack">
        <div className="notice bad flat"><KindIcon kind="error" /><div className="grow"><b><Safe text={d.error.type ?? 'Error'} /></b>{d.error.message && <SafeBlock text={d.error.message} />}</div></div>
        {d.error.stacktrace ? <><h3>Stack trace</h3><div className="codebox"><Value as="code" text={d.error.stacktrace} /></div></> : <p className="dim">No stack trace was sent.</p>}
      </div>
    );
    case 'tools': return <div className="stack">{d.tools_offered.map((t) => <details key={t.name} className="toolrow"><summary><KindIcon kind="tool" /><b><Safe text={t.name} /></b>{t.description && <span className="dim trunc"><Safe text={t.description.slice(0, 300)} /></span>}</summary>{t.description && <SafeBlock text={t.description} />}{t.schema !== null && t.schema !== undefined && <JsonView value={t.schema} />}</details>)}</div>;
    case 'parameters': return <KeyValues attributes={Object.entries(d.parameters).map(([key, value]) => ({ key, type: typeof value === 'string' ? 'string' : 'kvlist', value }))} source={() => undefined} searchable={false} />;
    case 'scores': return <table className="kv"><tbody>{d.scores.map((s, i) => <tr key={i}><th scope="row"><Safe text={s.name} /></th><td className="num strong">{s.value ?? '—'}</td><td>{s.label && <Safe text={s.label} />}</td><td className="mid">{s.explanation && <SafeBlock text={s.explanation} />}</td></tr>)}</tbody></table>;
    case 'events': return <div className="stack">{d.events.map((e, i) => (
      <section key={i} className="event"><h3><span className="mono dim" title={timeTitle(e.time_unix_nano)}>+{durationText(Number(nanos(e.time_unix_nano) - nanos(d.start_unix_nano)))}</span> <span className={e.name === 'exception' ? 'danger' : ''}><Safe text={e.name} /></span></h3>
        {e.attributes.length > 0 && <KeyValues attributes={e.attributes} source={(k) => source(`events.${i}.${k}`)} searchable={false} />}</section>
    ))}{d.dropped.events > 0 && <p className="dim">{integer(d.dropped.events)} more events were dropped by the client.</p>}</div>;
    case 'links': return <div className="stack">{d.links.map((l, i) => (
      <section key={i} className="event"><h3>{l.trace_id === trace ? <button type="button" className="more" onClick={() => select(l.span_id)}>to span {l.span_id} of this trace</button> : <Link className="link" to={`/t/${l.trace_id}?s=${l.span_id}`}>to another trace: <span className="mono">{l.trace_id.slice(0, 8)}…, span {l.span_id}</span></Link>}</h3>
        {l.attributes.length > 0 && <KeyValues attributes={l.attributes} source={() => undefined} searchable={false} />}</section>
    ))}{d.dropped.links > 0 && <p className="dim">{integer(d.dropped.links)} more links were dropped by the client.</p>}</div>;
    case 'attributes': return <><KeyValues attributes={d.attributes} source={(k) => source(`attributes.${k}`)} searchable />{d.dropped.attributes > 0 && <p className="dim">{integer(d.dropped.attributes)} more attributes were dropped by the client.</p>}</>;
    case 'resource': return (
      <div className="stack"><h3>Resource</h3><KeyValues attributes={d.resource} source={() => undefined} searchable prefix="resource." />
        <h3>Scope</h3><KeyValues attributes={[{ key: 'name', type: 'string', value: d.scope.name }, ...(d.scope.version ? [{ key: 'version', type: 'string' as const, value: d.scope.version }] : []), ...d.scope.attributes]} source={() => undefined} searchable={false} /></div>
    );
    case 'raw': return (
      <div className="stack"><div className="row"><CopyButton className="btn" text={() => JSON.stringify(d, null, 2)} label="Copy this span as JSON">Copy as JSON</CopyButton><CopyButton className="btn" text={() => `curl -s '${location.origin}/api/v1/traces/${trace}/spans/${d.span_id}'`} label="Copy as curl">Copy as curl</CopyButton><a className="btn" href={`/api/v1/traces/${seg(trace)}/otlp`} download={`${trace}.otlp.json`}><Icon name="download" />Trace as OTLP/JSON</a></div>
        <KeyValues searchable={false} source={() => undefined} attributes={[{ key: 'trace id', type: 'string', value: trace }, { key: 'span id', type: 'string', value: d.span_id }, { key: 'parent span id', type: 'string', value: d.parent_span_id ?? '—' }, { key: 'start', type: 'string', value: d.start_unix_nano }, { key: 'end', type: 'string', value: d.end_unix_nano }, { key: 'span kind', type: 'string', value: d.span_kind }, { key: 'flags', type: 'int', value: d.flags }, ...(d.trace_state ? [{ key: 'trace state', type: 'string' as const, value: d.trace_state }] : [])]} />
        <JsonView value={d} open={1} /></div>
    );
    case 'messages': return null;
  }
}

const asText = (a: Attribute): string => (typeof a.value === 'string' ? a.value : JSON.stringify(a.value, null, 2) ?? '');

/** Attributes: filtered by typing, copied by a click, searched for by a click. */
function KeyValues({ attributes, source, searchable, prefix = '' }: { attributes: Attribute[]; source: (key: string) => Source | undefined; searchable: boolean; prefix?: string }) {
  const [filter, setFilter] = useState('');
  const f = filter.toLowerCase();
  const shown = f ? attributes.filter((a) => a.key.toLowerCase().includes(f) || asText(a).toLowerCase().includes(f)) : attributes;
  if (attributes.length === 0) return <p className="dim">None.</p>;
  return (
    <>
      {attributes.length > 8 && <div className="field kvf"><Icon name="filter" /><input type="search" placeholder="Filter" aria-label="Filter attributes" value={filter} onChange={(e) => setFilter(e.target.value)} /><span className="cap">{shown.length === attributes.length ? '' : `${shown.length} of ${attributes.length}`}</span></div>}
      <table className="kv"><tbody>
        {shown.map((a, i) => {
          const text = asText(a);
          const findable = searchable && text.length > 0 && text.length <= 200 && !['array', 'kvlist', 'bytes'].includes(a.type);
          return (
            <tr key={`${a.key}${i}`}>
              <th scope="row" title={`${a.key} (${a.type}${a.bytes !== undefined ? `, ${bytes(a.bytes)}` : ''})`}><Safe text={a.key} /></th>
              <td><Value as="code" text={text} size={a.bytes} cut={a.cut} source={a.cut ? source(a.key) : undefined} /></td>
              <td className="kva">{findable && <Link className="btn quiet icon" title={`Search ${prefix}${a.key}`} aria-label={`Search for this value of ${a.key}`} to={`/search?q=${encodeURIComponent(`${prefix}${a.key}:${quote(text)}`)}`}><Icon name="search" /></Link>}<CopyButton text={text} label={`Copy ${a.key}`} /></td>
            </tr>
          );
        })}
      </tbody></table>
    </>
  );
}
