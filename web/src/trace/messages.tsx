import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { Message, MessagePart, SpanDetail } from '../api/types';
import { bytes, integer } from '../format/numbers';
import { JsonView } from '../text/json-view';
import { Safe } from '../text/text';
import { Value } from '../text/value';
import { Icon, KindIcon } from '../ui/icons';

/** Prompt and completion side by side; what was sent before is folded, what is new stands open. */
export function Messages({ trace, d: span, previous }: { trace: string; d: SpanDetail; previous: string | null }) {
  const d = useNew(trace, span, previous);
  const isCall = d.kind === 'tool' || d.kind === 'retrieval';
  const known = d.input.some((m) => m.parts.some((p) => p.new !== undefined));
  const sizes = d.input.flatMap((m) => m.parts).reduce((s, p) => { if (p.new === false) s.old += p.bytes; else s.fresh += p.bytes; return s; }, { old: 0, fresh: 0 });
  const isOld = (m: Message): boolean => known && m.parts.length > 0 && m.parts.every((p) => p.new === false);
  // Consecutive messages that were sent before are one fold.
  const runs: { old: boolean; messages: { m: Message; i: number }[] }[] = [];
  d.input.forEach((m, i) => {
    const old = isOld(m) && m.role !== 'system';
    const last = runs.at(-1);
    if (last && last.old && old) last.messages.push({ m, i });
    else runs.push({ old, messages: [{ m, i }] });
  });
  return (
    <div className="pc">
      <section className="scroll" aria-label={isCall ? 'Arguments' : 'Prompt'} tabIndex={0}>
        <h3>{isCall ? 'Arguments' : 'Prompt'} {d.usage?.total_input !== undefined && !isCall && <span>{integer(d.usage.total_input)} tok</span>}</h3>
        {known && sizes.old > 0 && <>
          <div className="meter" role="img" aria-label={`${bytes(sizes.old)} sent before, ${bytes(sizes.fresh)} new`}><i className="b-line2" style={{ width: `${(sizes.old / (sizes.old + sizes.fresh)) * 100}%` }} /><i className="b-new grow" /></div>
          <div className="cap row between"><span>resent {bytes(sizes.old)}</span><span className="newc">new {bytes(sizes.fresh)}</span></div>
        </>}
        {runs.map((r, i) => (r.old
          ? <Fold key={i} label={`${r.messages.length} ${r.messages.length === 1 ? 'message' : 'messages'} sent before`} size={r.messages.reduce((n, { m }) => n + m.parts.reduce((k, p) => k + p.bytes, 0), 0)}>{r.messages.map(({ m, i: at }) => <MessageView key={at} m={m} trace={trace} span={d.span_id} />)}</Fold>
          : r.messages.map(({ m, i: at }) => (m.role === 'system' || m.role === 'developer'
            ? <Fold key={at} label={m.role === 'system' ? 'system prompt' : `${m.role} prompt`} size={m.parts.reduce((k, p) => k + p.bytes, 0)}><MessageView m={m} trace={trace} span={d.span_id} bare /></Fold>
            : <MessageView key={at} m={m} trace={trace} span={d.span_id} bare={isCall} fresh={known} />))))}
        {d.input.length === 0 && <p className="dim">The client sent no {isCall ? 'arguments' : 'prompt'}.</p>}
      </section>
      <section className="scroll" aria-label={isCall ? 'Result' : 'Completion'} tabIndex={0}>
        <h3>{isCall ? 'Result' : 'Completion'} {d.usage?.total_output !== undefined && !isCall && <span>{integer(d.usage.total_output)} tok</span>}</h3>
        {d.output.map((m, i) => <MessageView key={i} m={m} trace={trace} span={d.span_id} bare={d.output.length === 1} />)}
        {d.error && <div className="part err"><div className="who"><KindIcon kind="error" /><b><Safe text={d.error.type ?? 'Error'} /></b></div>{d.error.message && <Value as="code" text={d.error.message} />}</div>}
        {d.output.length === 0 && !d.error && <p className="dim">The client sent no {isCall ? 'result' : 'completion'}.</p>}
      </section>
    </div>
  );
}

export function Fold({ label, size, open: first = false, children }: { label: string; size?: number; open?: boolean; children: React.ReactNode }) {
  const [open, setOpen] = useState(first);
  return (
    <div className="foldbox">
      <button type="button" className="fold" aria-expanded={open} onClick={() => setOpen(!open)}><Icon name={open ? 'down' : 'right'} /><span className="trunc">{label}</span><span className="grow" />{size !== undefined && <span className="dim">{bytes(size)}</span>}</button>
      {open && <div className="foldin">{children}</div>}
    </div>
  );
}

export function MessageView({ m, trace, span, bare = false, fresh = false }: { m: Message; trace: string; span: string; bare?: boolean; fresh?: boolean }) {
  const calls = m.parts.filter((p) => p.type === 'tool_call').length;
  return (
    <div className={bare ? 'msg' : `part ${fresh && m.parts.some((p) => p.new) ? 'isnew' : ''}`}>
      {!bare && <div className="who"><b><Safe text={m.role} /></b>{calls > 0 && <span className="dim trunc">called {calls} {calls === 1 ? 'tool' : 'tools'}</span>}<span className="cap">{bytes(m.parts.reduce((n, p) => n + p.bytes, 0))}</span></div>}
      {m.parts.map((p, i) => <PartView key={i} p={p} role={m.role} load={whole(trace, span, m, p)} />)}
    </div>
  );
}

/** Reads the whole of a part that came cut: the span again, with a larger preview. */
function whole(trace: string, span: string, m: Message, p: MessagePart): () => Promise<string> {
  return async () => {
    const d = await get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(span)}`, { preview_bytes: 16 << 20 });
    for (const x of [...d.input, ...d.output]) {
      if (x.role !== m.role || x.source !== m.source) continue;
      for (const q of x.parts) if (q.type === p.type && q.bytes === p.bytes && q.id === p.id && same(q, p)) return textOf(q);
    }
    throw new Error('the span has changed');
  };
}
const textOf = (p: MessagePart): string => { const v = p.content ?? p.arguments ?? p.result; return typeof v === 'string' ? v : JSON.stringify(v, null, 2) ?? ''; };
const same = (long: MessagePart, cut: MessagePart): boolean => textOf(long).slice(0, 200) === textOf(cut).slice(0, 200);

/** A message by what it says, for telling what was sent before. */
const keyOf = (m: Message): string => JSON.stringify([m.role, m.parts.map((p) => [p.type, p.content ?? null, p.name ?? null, p.arguments ?? null, p.result ?? null, p.bytes])]);

/** Where the server does not say which parts are new, the call before this one tells: what it sent and got is resent now. */
export function useNew(trace: string, d: SpanDetail, previous: string | null): SpanDetail {
  const told = d.input.some((m) => m.parts.some((p) => p.new !== undefined));
  const before = useQuery({ queryKey: ['span', trace, previous, 'whole'], enabled: previous !== null && !told && d.kind === 'llm' && d.input.length > 1, staleTime: Infinity, gcTime: 60_000, queryFn: ({ signal }) => get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(previous!)}`, {}, signal) });
  if (told || !before.data) return d;
  const sent = new Set([...before.data.input, ...before.data.output].map(keyOf));
  const input = d.input.map((m) => { const old = sent.has(keyOf(m)); return { ...m, parts: m.parts.map((p) => ({ ...p, new: !old })) }; });
  return input.some((m) => m.parts.some((p) => !p.new)) ? { ...d, input } : d;
}

export function PartView({ p, role, load }: { p: MessagePart; role: string; load: () => Promise<string> }) {
  if (p.type === 'reasoning') return <Fold label="Thinking" size={p.bytes}><Value as="read" text={p.content ?? ''} size={p.bytes} cut={p.cut} load={load} /></Fold>;
  if (p.type === 'tool_call') return <div className="call"><div className="who"><KindIcon kind="tool" /><b><Safe text={p.name ?? 'tool'} /></b>{p.id && <span className="dim mono trunc"><Safe text={p.id} /></span>}</div><Payload value={p.arguments ?? p.content} p={p} load={load} /></div>;
  if (p.type === 'tool_call_response') return <div className="call"><div className="who"><KindIcon kind="tool" /><b>result{p.name && <> of <Safe text={p.name} /></>}</b>{p.id && <span className="dim mono trunc"><Safe text={p.id} /></span>}</div><Payload value={p.result ?? p.content} p={p} load={load} /></div>;
  if (p.type === 'media') return <div className="chip out">{p.name ? <Safe text={p.name} /> : 'media'}, {bytes(p.bytes)}, not shown</div>;
  return <Value as={role === 'tool' || p.type === 'other' ? 'auto' : looksLikeData(p.content ?? '') ? 'auto' : 'read'} text={p.content ?? ''} size={p.bytes} cut={p.cut} load={load} />;
}
const looksLikeData = (t: string): boolean => /^\s*[[{]/.test(t);

function Payload({ value, p, load }: { value: unknown; p: MessagePart; load: () => Promise<string> }) {
  if (value === undefined || value === null || value === '') return <span className="dim">nothing</span>;
  if (typeof value === 'string') return <Value as="auto" text={value} size={p.bytes} cut={p.cut} load={load} />;
  return <JsonView value={value} />;
}
