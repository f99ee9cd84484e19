import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { SpanDetail, TraceHeader } from '../api/types';
import { compact, integer, money, percent, unknown } from '../format/numbers';
import { ago } from '../format/time';
import { quote } from '../search/language';
import { Safe } from '../text/text';
import { gradeOf } from './scores';
import { CopyButton, CostText, Dur, Skeleton, Time } from '../ui/bits';
import { Link } from '../url/link';

const searchFor = (field: string, value: string): string => `/search?q=${encodeURIComponent(`${field}:${quote(value)}`)}&from=now-30d`;

/** Scores that the answer or the run carries: what a judge said of it. */
function useRunScores(t: TraceHeader | undefined, lastCall: string | null) {
  const ask = (span: string | null | undefined) => ({ queryKey: ['span', t?.trace_id, span, 'whole', ...(t?.complete && !t.unfinished ? [] : ['growing'])], enabled: t !== undefined && !!span, staleTime: 60_000, queryFn: ({ signal }: { signal: AbortSignal }) => get<SpanDetail>(`/traces/${seg(t!.trace_id)}/spans/${seg(span!)}`, {}, signal) });
  const root = useQuery(ask(t?.root?.span_id)), last = useQuery(ask(lastCall));
  const seen = new Set<string>();
  return [...(last.data?.scores ?? []), ...(root.data?.scores ?? [])].filter((s) => !seen.has(s.name) && seen.add(s.name)).slice(0, 2);
}

export function Facts({ t, lastCall }: { t: TraceHeader | undefined; lastCall: string | null }) {
  const scores = useRunScores(t, lastCall);
  if (!t) return <section className="facts" aria-label="Facts of this trace" aria-busy="true">{[64, 60, 120, 40, 40, 50, 150].map((w, i) => <div className="fact" key={i}><Skeleton w={w * 0.7} h={8} /><div className="v"><Skeleton w={w} h={16} /></div><div className="s"><Skeleton w={w * 1.2} h={8} /></div></div>)}</section>;
  const tokens = t.tokens;
  const context = [t.session && <Link key="s" className="link" to={searchFor('session', t.session)}><Safe text={t.session} /></Link>, t.user && <Link key="u" className="link" to={searchFor('user', t.user)}><Safe text={t.user} /></Link>].filter(Boolean);
  return (
    <section className="facts" aria-label="Facts of this trace">
      <div className="fact"><span className="cap">Duration</span><span className="v" title={t.unfinished ? 'What has arrived of it; spans have not ended' : undefined}>{t.unfinished ? '≥ ' : ''}<Dur ns={t.duration_ns} /></span><div className="s">{share(t.critical_path.llm_ns, t.duration_ns)} in models, {share(t.critical_path.tool_ns, t.duration_ns)} in tools</div></div>
      <div className="fact"><span className="cap">Cost</span><span className="v"><CostText cost={t.cost} /></span><div className="s">{costLine(t)}</div></div>
      <div className="fact"><span className="cap">Tokens in / out</span><span className="v">{tokens ? <><span title={`${integer(tokens.input)} tokens`}>{tokens.input < 1e6 ? integer(tokens.input) : compact(tokens.input)}</span> <span className="slash">/</span> {integer(tokens.output)}</> : <span className="dim">{unknown}</span>}</span><div className="s">{tokens ? (tokens.cache_read > 0 ? `${percent(tokens.cache_read / Math.max(1, tokens.input))} read from cache` : 'none read from cache') : 'the clients reported none'}</div></div>
      <div className="fact"><span className="cap">Turns</span><span className="v">{t.turns > 0 ? integer(t.turns) : <span className="dim">{unknown}</span>}</span><div className="s">{integer(t.llm_calls)} model {t.llm_calls === 1 ? 'call' : 'calls'}</div></div>
      <div className="fact"><span className="cap">Tools</span><span className="v">{integer(t.tool_calls)}</span><div className="s">{t.tool_calls === 1 ? 'call' : 'calls'}</div></div>
      <div className="fact"><span className="cap">Errors</span><span className={`v ${t.errors > 0 ? 'danger' : ''}`}>{integer(t.errors)}</span><div className="s">{t.errors > 0 ? `in ${integer(t.spans)} spans` : 'none'}</div></div>
      {t.stands_for !== undefined && <div className="fact" title="Retention sampling kept this trace and dropped others of its kind; counts and sums take it with this weight"><span className="cap">Stands for</span><span className="v">{integer(Math.round(t.stands_for))}</span><div className="s">traces, sampled</div></div>}
      {scores.map((s) => <div className="fact" key={s.name} title={s.explanation ?? undefined}><span className="cap trunc"><Safe text={s.name} /></span><span className={`v ${gradeOf(s) === 'bad' ? 'danger' : ''}`}>{s.value !== null ? Number(s.value.toFixed(3)) : <Safe text={s.label ?? unknown} />}</span><div className="s">{s.value !== null && s.label ? <Safe text={s.label} /> : 'score'}</div></div>)}
      <div className="fact grow"><span className="cap">{context.length > 0 ? 'Session · user' : 'Service'}</span>
        <div className="two trunc">{context.length > 0 ? context.map((c, i) => <span key={i}>{i > 0 && ' · '}{c}</span>) : <Safe text={t.root?.service ?? t.services[0] ?? unknown} />}</div>
        <div className="two trunc mid">{t.prompt ? <span title="prompt"><Safe text={`${t.prompt.name}${t.prompt.version ? ` ${t.prompt.version}` : ''}`} /></span> : t.services.length > 1 ? `${t.services.length} services` : context.length > 0 ? <Safe text={t.root?.service ?? ''} /> : t.models.map((m) => <Safe key={m} text={m} />)[0]}{t.environment && <span className="dim"> · <Safe text={t.environment} /></span>}</div>
      </div>
      <div className="fact wide"><span className="cap">Started</span><div className="two"><Time t={t.start_unix_nano} long /></div><div className="two dim row tid"><span className="mono">{t.trace_id.slice(0, 8)}…{t.trace_id.slice(-4)}</span><CopyButton text={t.trace_id} label="Copy the trace id" className="more" /><span>{ago(t.start_unix_nano)}</span></div></div>
    </section>
  );
}

const share = (ns: number, of: number): string => (of > 0 ? percent(ns / of) : unknown);
function costLine(t: TraceHeader): string {
  const c = t.cost;
  if (c.state === 'unpriced') return 'no price for the model';
  if (c.state === 'none') return 'nothing to price';
  if (c.state === 'partly') return 'some calls have no price';
  if (c.reported_nano_usd !== null && c.nano_usd !== null && Math.abs(c.reported_nano_usd - c.nano_usd) > Math.max(1000, c.nano_usd * 0.01)) return `${money(c.reported_nano_usd)} reported`;
  return c.reported_nano_usd !== null ? 'as the client reported' : 'from the price table';
}
