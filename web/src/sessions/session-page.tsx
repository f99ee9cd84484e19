import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { SessionDetail, SessionTurn, TraceHeader, TraceSummary } from '../api/types';
import { compact, durationText, integer, money, some } from '../format/numbers';
import { nanos } from '../format/time';
import { StatusBar } from '../frame/frame';
import { quote } from '../search/language';
import { Shape } from '../search/shape';
import { useAnswer } from '../trace/answer';
import { oneLine } from '../text/safe';
import { Safe } from '../text/text';
import { Value } from '../text/value';
import { CopyButton, CostText, Dur, Failure, Skeleton, Time } from '../ui/bits';
import { Icon, KindIcon } from '../ui/icons';
import { Link } from '../url/link';
import './sessions.css';

/** Traces that answer the same question again, one after the other, are attempts of it. */
export function attempts(traces: Pick<TraceSummary, 'trace_id' | 'question'>[]): Map<string, { n: number; of: number }> {
  const out = new Map<string, { n: number; of: number }>();
  for (let i = 0; i < traces.length;) {
    let j = i + 1;
    const q = traces[i]!.question?.trim();
    while (q && j < traces.length && traces[j]!.question?.trim() === q) j++;
    if (j - i > 1) for (let k = i; k < j; k++) out.set(traces[k]!.trace_id, { n: k - i + 1, of: j - i });
    i = j;
  }
  return out;
}

/** What the run answered: of its turns, or of its header where the turns do not say. */
function Answer({ t, told }: { t: TraceSummary; told: string | null }) {
  const trace = t.trace_id, errors = t.errors;
  const header = useQuery({ queryKey: ['trace', trace], enabled: errors > 0, staleTime: 30_000, queryFn: ({ signal }) => get<TraceHeader>(`/traces/${seg(trace)}`, {}, signal) });
  const text = useAnswer({ ...t, answer: told }), wrong = header.data?.findings.find((f) => f.type === 'wrong');
  return (
    <>
      {text !== null && <div className="sa"><span className="cap">assistant</span><Value as="read" text={text} /></div>}
      {wrong && <Link className="swrong" to={`/t/${trace}?s=${wrong.span_id}`}><KindIcon kind="error" /><span className="trunc"><Safe text={oneLine(wrong.text, 200)} /></span></Link>}
    </>
  );
}

/** A whole conversation over many traces: in order, with the gaps between, cost and what failed. */
export default function SessionPage({ id }: { id: string }) {
  const d = useQuery({ queryKey: ['session', id], queryFn: ({ signal }) => get<SessionDetail>('/session', { id, limit: 200 }, signal), refetchInterval: 15_000 });
  const s = d.data;
  const traces = useMemo(() => s?.traces ?? [], [s]);
  const again = useMemo(() => attempts(traces), [traces]);
  const turnsOf = useMemo(() => { const m = new Map<string, SessionTurn[]>(); for (const t of s?.turns ?? []) { const l = m.get(t.trace_id); if (l) l.push(t); else m.set(t.trace_id, [t]); } return m; }, [s]);
  const longest = Math.max(1, ...traces.map((t) => t.duration_ns));
  const cost = traces.reduce<{ sum: number; known: boolean; partly: boolean }>((m, t) => ({ sum: m.sum + (t.cost.nano_usd ?? 0), known: m.known || t.cost.nano_usd !== null, partly: m.partly || t.cost.state === 'unpriced' || t.cost.state === 'partly' }), { sum: 0, known: false, partly: false });
  const tokens = traces.reduce((n, t) => n + (t.tokens ? t.tokens.input + t.tokens.output : 0), 0);
  const first = traces[0], last = traces.at(-1);
  const users = [...new Set(traces.map((t) => t.user).filter(Boolean))];
  return (
    <main className="page">
      <header className="top"><span className="crumb"><Link to="/sessions">Sessions</Link><b>/</b></span><h1 className="trunc"><Safe text={oneLine(id, 120)} /></h1><CopyButton text={id} label="Copy the session id" /><span className="grow" /><Link className="btn" to={`/search?q=${encodeURIComponent(`session:${quote(id)}`)}&from=now-30d`}><Icon name="search" />Search in it</Link></header>
      {d.isError ? <div className="center"><Failure error={d.error} retry={() => void d.refetch()} title="This session cannot be shown" more={<Link className="btn" to="/sessions?from=now-30d">Sessions of 30 days</Link>} /></div> : (
        <>
          <section className="facts" aria-label="Facts of this session">
            <div className="fact"><span className="cap">From first to last</span><span className="v">{first && last ? <Dur ns={Number(nanos(last.end_unix_nano) - nanos(first.start_unix_nano))} /> : <Skeleton w={70} h={16} />}</span><div className="s">{first && last ? `${durationText(traces.reduce((n, t) => n + t.duration_ns, 0))} of it at work` : ''}</div></div>
            <div className="fact"><span className="cap">Cost</span><span className="v">{s ? (cost.known ? <>{cost.partly && <span className="dim">≥ </span>}{money(cost.sum)}</> : '—') : ''}</span><div className="s">{cost.partly ? 'some calls have no price' : ''}</div></div>
            <div className="fact"><span className="cap">Tokens</span><span className="v">{s ? (tokens > 0 ? compact(tokens) : '—') : ''}</span><div className="s">in and out</div></div>
            <div className="fact"><span className="cap">Traces</span><span className="v">{s ? `${integer(traces.length)}${s.more ? '+' : ''}` : ''}</span><div className="s">{s ? some(s.turns.length, 'turn') : ''}</div></div>
            <div className="fact"><span className="cap">Errors</span><span className={`v ${traces.some((t) => t.errors > 0) ? 'danger' : ''}`}>{s ? integer(traces.reduce((n, t) => n + t.errors, 0)) : ''}</span><div className="s">{s ? `in ${some(traces.filter((t) => t.errors > 0).length, 'trace')}` : ''}</div></div>
            <div className="fact grow"><span className="cap">User</span><div className="two trunc">{users.length > 0 ? users.map((u, i) => <span key={u}>{i > 0 && ', '}<Link className="link" to={`/search?q=${encodeURIComponent(`user:${quote(u!)}`)}&from=now-30d`}><Safe text={u!} /></Link></span>) : '—'}</div></div>
          </section>
          <div className="sess scroll" tabIndex={0} role="region" aria-label="Conversation over all traces">
            <ol className="sessin">
              {d.isPending && [0, 1, 2].map((i) => <li key={i} className="stc"><Skeleton w="60%" h={16} /><Skeleton w="90%" h={40} /></li>)}
              {s && traces.length === 0 && <p className="dim">No trace carries this session's id.</p>}
              {traces.map((t, i) => {
                const prev = traces[i - 1];
                const gap = prev ? Number(nanos(t.start_unix_nano) - nanos(prev.end_unix_nano)) : 0;
                const try_ = again.get(t.trace_id);
                const turns = turnsOf.get(t.trace_id) ?? [];
                const answer = turns.findLast((x) => x.answer)?.answer ?? null;
                return (
                  <li key={t.trace_id}>
                    {prev && gap > 1e9 && <div className="gap"><span>{durationText(gap)} later</span></div>}
                    {prev && gap < 0 && <div className="gap"><span>at the same time, begun {durationText(-gap)} before the one above ended</span></div>}
                    <article className={`stc ${t.errors > 0 ? 'bad' : ''}`}>
                      <header><span className="dim"><Time t={t.start_unix_nano} long /></span>{try_ && <span className="chip accent" title="The same question was asked before or again: an attempt">attempt {try_.n} of {try_.of}</span>}{t.errors > 0 && <span className="chip danger">{some(t.errors, 'error')}</span>}<span className="grow" /><Shape shape={t.shape} duration={t.duration_ns} scale={longest} /><span className="num sfig"><Dur ns={t.duration_ns} /></span><span className="num sfig"><CostText cost={t.cost} /></span>
                        <Link className="btn" to={`/t/${t.trace_id}`}><Icon name="open" />Open</Link>{prev && <Link className="btn quiet icon" title="Compare with the trace before" aria-label="Compare with the trace before" to={`/compare?a=${prev.trace_id}&b=${t.trace_id}`}><Icon name="compare" /></Link>}{!prev && traces.length > 1 && <span className="btn quiet icon" aria-hidden="true" />}</header>
                      {t.question ? <div className="sq"><span className="cap">user</span><Value as="read" text={t.question} /></div> : <p className="dim">{t.root ? <Safe text={t.root.name} /> : 'the first span has not arrived'}; no question was sent</p>}
                      <Answer t={t} told={answer} />
                      {turns.length > 1 && <ul className="sturns">{turns.map((x) => <li key={x.span_id}><Link to={`/t/${t.trace_id}?s=${x.span_id}`} className="row"><KindIcon kind={x.errors > 0 ? 'error' : x.kind} /><span className="trunc grow">{x.turn_number !== null ? `turn ${x.turn_number}` : <Safe text={x.name} />}{x.answer && <span className="dim"> <Safe text={oneLine(x.answer, 140)} /></span>}</span><span className="dim">{x.tool_calls > 0 && some(x.tool_calls, 'tool call')}</span><span className="num sfig"><Dur ns={x.duration_ns} /></span><span className="num sfig"><CostText cost={x.cost} /></span></Link></li>)}</ul>}
                    </article>
                  </li>
                );
              })}
              {s?.more && <p className="dim">The first {integer(traces.length)} traces are shown.</p>}
            </ol>
          </div>
        </>
      )}
      <StatusBar keys={[[['g', 'e'], 'sessions'], [['g', 's'], 'search'], [['?'], 'all keys']]} left={s ? <>{some(traces.length, 'trace')} in order</> : undefined} />
    </main>
  );
}
