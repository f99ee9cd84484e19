import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { ContextCall, ContextPart, TraceContext } from '../api/types';
import { bytes, integer, money, percent } from '../format/numbers';
import { Safe } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';

export const useContextOf = (trace: string, revision: string, enabled = true) =>
  useQuery({ queryKey: ['context', trace, revision], enabled: enabled && revision !== '', staleTime: Infinity, gcTime: 60_000, queryFn: ({ signal }) => get<TraceContext>(`/traces/${seg(trace)}/context`, {}, signal) });

const words: Record<ContextPart['type'], string> = { system: 'system prompt', tools: 'tools offered', user: 'user messages', assistant: 'assistant messages', tool_result: 'result', other: 'other messages' };

/** Three shares of a call's context: what stands in front of every call, what was sent before, what is new. */
export function shares(c: ContextCall): { fixed: number; resent: number; fresh: number; all: number } {
  let fixed = 0, resent = 0, fresh = 0;
  for (const p of c.parts) {
    if (p.type === 'system' || p.type === 'tools') { fixed += p.bytes; continue; }
    fresh += p.new_bytes;
    resent += p.bytes - p.new_bytes;
  }
  return { fixed, resent, fresh, all: fixed + resent + fresh };
}

export interface Filling { label: string; tool: string | null; count: number; bytes: number; share: number; tokens: number | null; nano: number | null; fresh: boolean }
/** What lay in the context, the largest first. Tokens and money are the call's own, shared out by size of text. */
export function filling(c: ContextCall, most = 7): Filling[] {
  const all = c.parts.reduce((n, p) => n + p.bytes, 0);
  const line = (label: string, tool: string | null, count: number, size: number, fresh: boolean): Filling => ({
    label, tool, count, bytes: size, share: all > 0 ? size / all : 0, fresh,
    tokens: c.input_tokens === null || all === 0 ? null : Math.round((size / all) * c.input_tokens), nano: c.input_nano_usd === null || all === 0 ? null : (size / all) * c.input_nano_usd,
  });
  const rows = c.parts.map((p) => line(words[p.type], p.type === 'tool_result' ? p.name ?? 'a tool' : null, p.count, p.bytes, p.new_bytes > p.bytes / 2));
  if (rows.length <= most) return rows;
  const rest = c.parts.slice(most - 1);
  return [...rows.slice(0, most - 1), line(`${rest.length} smaller parts`, null, rest.reduce((n, p) => n + p.count, 0), rest.reduce((n, p) => n + p.bytes, 0), false)];
}

const title = (c: ContextCall, i: number): string => (c.turn_number !== null ? `turn ${c.turn_number}` : `call ${i + 1}`);

/** What filled the context: every call as a bar, the chosen one by part. */
export function ContextPanel({ trace, revision, chosen, choose }: { trace: string; revision: string; chosen: string | null; choose: (span: string) => void }) {
  const q = useContextOf(trace, revision);
  const calls = useMemo(() => q.data?.calls ?? [], [q.data]);
  const told = calls.filter((c) => c.input_tokens !== null);
  const peak = Math.max(1, ...told.map((c) => c.input_tokens!));
  const peakBytes = Math.max(1, ...calls.map((c) => shares(c).all));
  const current = calls.find((c) => c.span_id === chosen) ?? told.at(-1) ?? calls.at(-1);
  const rows = current ? filling(current) : [];
  return (
    <aside className="ctx scroll" aria-label="Context" tabIndex={0}>
      {q.isError && <Failure error={q.error} retry={() => void q.refetch()} title="The context cannot be read" />}
      {q.isPending && <div className="stack"><Skeleton w={120} /><Skeleton w="90%" /><Skeleton w="90%" /><Skeleton w="90%" /></div>}
      {q.data && calls.length === 0 && <p className="dim">No model call in this trace has sent its messages.</p>}
      {calls.length > 0 && (
        <>
          <section><header className="row"><h2 className="h2">Context sent per call</h2><span className="grow" /><span className="cap">tokens</span></header>
            <ul className="ctxbars">{calls.slice(0, 60).map((c, i) => {
              const s = shares(c), width = c.input_tokens !== null ? c.input_tokens / peak : s.all / peakBytes;
              return (
                <li key={c.span_id}><button type="button" aria-pressed={c === current} onClick={() => choose(c.span_id)} title={`${c.name}: ${integer(c.messages)} messages, ${integer(c.resent_messages)} of them sent before; ${bytes(s.fresh)} of ${bytes(s.all)} new`}>
                  <span className="dim">{title(c, i)}</span><span className="ctxbar"><span style={{ width: `${Math.max(1, width * 100)}%` }}>
                    {s.all > 0 && <><i className="b-fixed" style={{ width: `${(s.fixed / s.all) * 100}%` }} /><i className="b-resent" style={{ width: `${(s.resent / s.all) * 100}%` }} /><i className="b-new" style={{ width: `${(s.fresh / s.all) * 100}%` }} /></>}</span></span>
                  <span className="num">{c.input_tokens !== null ? integer(c.input_tokens) : <span className="dim" title="The call reported no usage">—</span>}</span></button></li>
              );
            })}</ul>
            {calls.length > 60 && <p className="dim">{integer(calls.length - 60)} more calls follow.</p>}{q.data?.more && <p className="dim">The first 200 calls are read here.</p>}
            <div className="row legend cap"><span><i className="sw b-fixed" />system, tools</span><span><i className="sw b-resent" />resent</span><span><i className="sw b-new" />new</span></div></section>
          {current && (
            <section><header className="row"><h2 className="h2">What filled the context</h2><span className="grow" /><span className="cap">{title(current, calls.indexOf(current))}</span></header>
              <table><thead><tr><th scope="col">Part</th><th scope="col" className="num">Tokens</th><th scope="col" className="num">Cost</th><th scope="col" className="num">Share</th></tr></thead>
                <tbody>{rows.map((r, i) => <tr key={i}><td className="ctxl" title={`${bytes(r.bytes)} of text`}>{r.tool !== null ? <><b className="fwm"><Safe text={r.tool} /></b> {r.count > 1 ? `${integer(r.count)} results` : 'result'}</> : <>{r.label}{r.count > 1 && <span className="dim">, {integer(r.count)}</span>}</>}{r.fresh && <span className="newc" title="sent for the first time in this call"> new</span>}</td>
                  <td className="num">{r.tokens !== null ? `≈ ${integer(r.tokens)}` : '—'}</td><td className="num">{r.nano !== null ? money(r.nano) : '—'}</td><td className="num dim">{percent(r.share)}</td></tr>)}</tbody>
                <tfoot><tr><td>input of the call</td><td className="num">{current.input_tokens !== null ? integer(current.input_tokens) : '—'}</td><td className="num">{current.input_nano_usd !== null ? money(current.input_nano_usd) : '—'}</td><td /></tr></tfoot></table>
              <p className="cap">The client tells tokens for the whole call; the parts share them by size of text. New against resent goes by content, not by the cache.</p></section>
          )}
        </>
      )}
    </aside>
  );
}
