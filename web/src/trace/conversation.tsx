import { useEffect, useMemo, useRef, type ReactNode } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { ContextCall, SpanDetail, TraceHeader } from '../api/types';
import { compact, durationText, money } from '../format/numbers';
import { shortModel } from '../search/table';
import { Safe } from '../text/text';
import { CostText, Dur, Skeleton } from '../ui/bits';
import { KindIcon } from '../ui/icons';
import { shares, useContextOf } from './context-panel';
import { Fold, MessageView, useNew } from './messages';
import { Value } from '../text/value';
import type { NavIndex, NavSpan } from './nav-index';
import { useState } from 'react';

interface Group { turn: NavSpan | null; n: number | null; items: NavSpan[]; agent: NavSpan | null; depth: number }

/** The steps of a run as people read them: turns, each with its model calls and tool calls in order. */
export function groupTurns(index: NavIndex): Group[] {
  const turnOf = (s: NavSpan): NavSpan | null => {
    let at: NavSpan | undefined = s;
    for (let i = 0; at && i < 200; i++) {
      if (at.kind === 'turn') return at;
      const up: number | undefined = at.parent ? index.place.get(at.parent) : undefined;
      at = up === undefined ? undefined : index.spans[up];
    }
    return null;
  };
  // Agents above a step, the outermost first: a sub-agent's turns stand under its own header.
  const agentsOf = (s: NavSpan): NavSpan[] => {
    const list: NavSpan[] = [];
    let at: NavSpan | undefined = s;
    for (let i = 0; at && i < 200; i++) {
      if (at.kind === 'agent') list.unshift(at);
      const up: number | undefined = at.parent ? index.place.get(at.parent) : undefined;
      at = up === undefined ? undefined : index.spans[up];
    }
    return list;
  };
  const out: Group[] = [];
  for (const s of index.spans) {
    if (s.kind !== 'llm' && s.kind !== 'tool' && s.kind !== 'retrieval') continue;
    // A model call that repeats what another span of it says is one step.
    if (s.usage && s.usage.role === 'aggregate' && s.kind === 'llm') continue;
    const turn = turnOf(s);
    const agents = agentsOf(s);
    const agent = agents.length > 1 ? agents.at(-1)! : null;
    const last = out.at(-1);
    if (last && last.turn === turn && last.agent === agent && (turn !== null || s.kind !== 'llm' || last.items.length === 0)) last.items.push(s);
    else out.push({ turn, n: null, items: [s], agent, depth: Math.max(0, agents.length - 1) });
  }
  let n = 0;
  for (const g of out) g.n = g.turn?.turn ?? ++n;
  return out;
}

export function Conversation({ trace, index, whole, load, selected, select, header, revision, side }: {
  trace: string; index: NavIndex | undefined; whole: boolean; load: () => void; selected: string | null; select: (span: string) => void; header: TraceHeader | undefined; revision: string; side: ReactNode;
}) {
  useEffect(() => { if (!index) load(); }, [index, load]);
  const groups = useMemo(() => (index ? groupTurns(index) : []), [index]);
  const scroller = useRef<HTMLDivElement>(null);
  useEffect(() => { if (selected) scroller.current?.querySelector(`[data-step="${CSS.escape(selected)}"]`)?.scrollIntoView({ block: 'nearest' }); }, [selected, groups]);
  const [limit, setLimit] = useState(100);
  const before = useMemo(() => {
    const out = new Map<string, string | null>();
    let last: string | null = null;
    for (const g of groups) for (const s of g.items) if (s.kind === 'llm') { out.set(s.id, last); if (!s.error) last = s.id; }
    return out;
  }, [groups]);
  // A call that has a span of its own is read there, with its result.
  const tools = useMemo(() => new Set(groups.flatMap((g) => g.items.filter((s) => s.kind === 'tool').map((s) => s.tool ?? s.name))), [groups]);
  const [current, setCurrent] = useState(0);
  useEffect(() => {
    const el = scroller.current;
    if (!el) return;
    let frame = 0;
    const read = (): void => {
      frame = 0;
      let at = 0;
      for (const [i, section] of [...el.querySelectorAll<HTMLElement>('[data-turn]')].entries()) if (section.offsetTop <= el.scrollTop + 80) at = i;
      setCurrent(at);
    };
    const later = (): void => { frame ||= requestAnimationFrame(read); };
    el.addEventListener('scroll', later, { passive: true });
    return () => { el.removeEventListener('scroll', later); cancelAnimationFrame(frame); };
  }, [groups]);
  const context = useContextOf(trace, revision, index !== undefined);
  const contextOf = useMemo(() => new Map((context.data?.calls ?? []).map((c) => [c.span_id, c])), [context.data]);
  const goTurn = (i: number): void => { if (i >= limit) setLimit(i + 50); requestAnimationFrame(() => scroller.current?.querySelectorAll('[data-turn]')[i]?.scrollIntoView({ block: 'start' })); };
  if (!index) return <div className="conv3"><nav className="turns" aria-hidden="true" /><div className="conv scroll"><div className="convin">{[0, 1, 2, 3].map((i) => <div className="step" key={i}><Skeleton w={60} /><Skeleton w="80%" h={42} /></div>)}</div></div>{side}</div>;
  return (
    <div className="conv3">
    <TurnList groups={groups} current={current} go={goTurn} contextOf={contextOf} header={header} />
    <div className="conv scroll" ref={scroller} tabIndex={0} role="region" aria-label="Conversation">
      <div className="convin">
        {!whole && <p className="dim">This trace is large: its first 100,000 spans are read here.</p>}
        {groups.length === 0 && <p className="dim">No model call and no tool call in this trace: the waterfall shows what there is.</p>}
        {groups.slice(0, limit).map((g, i) => (
          <section key={i} data-turn={i} aria-label={`Turn ${g.n}`} className={g.depth > 0 ? 'sub' : ''}>
            {g.agent && groups[i - 1]?.agent !== g.agent && <header className="subh"><KindIcon kind={g.agent.error ? 'error' : 'agent'} /><b><Safe text={g.agent.agent ?? g.agent.name} /></b><span className="dim">sub-agent, {durationText(g.agent.duration)}</span></header>}
            <header className="turnh"><b>Turn {g.n}</b><span className="dim">{durationText(g.turn ? g.turn.duration : g.items.reduce((s, x) => s + x.duration, 0))}{costOf(g) !== null && ` · ${money(costOf(g))}`}</span><span className="grow" />{g.items.find((x) => x.kind === 'llm' && x.usage?.total_input) && <span className="dim">context {compact(Math.max(...g.items.map((x) => x.usage?.total_input ?? 0)))} tok</span>}</header>
            {g.items.map((s) => <Step key={s.id} trace={trace} revision={revision} s={s} first={i === 0 && s === g.items.find((x) => x.kind === 'llm')} selected={s.id === selected} select={select} shown={tools} previous={before.get(s.id) ?? null} total={Math.max(1, header?.duration_ns ?? 1)} />)}
          </section>
        ))}
        {groups.length > limit && <button type="button" className="btn" onClick={() => setLimit(limit + 200)}>Show more: {groups.length - limit} turns are below</button>}
        {header?.answer && groups.length === 0 && <Value as="read" text={header.answer} />}
      </div>
    </div>
    {side}
    </div>
  );
}

/** The turns as a table of contents: what each took, what it sent, which tools it called. */
function TurnList({ groups, current, go, contextOf, header }: { groups: Group[]; current: number; go: (i: number) => void; contextOf: Map<string, ContextCall>; header: TraceHeader | undefined }) {
  const peak = Math.max(1, ...groups.flatMap((g) => g.items.map((s) => s.usage?.total_input ?? 0)));
  return (
    <nav className="turns scroll" aria-label="Turns" tabIndex={-1}>
      {header && <div className="turnrun"><KindIcon kind="agent" /><b><Safe text={header.agent ?? header.root?.service ?? 'run'} /></b></div>}
      <ol>{groups.map((g, i) => {
        const call = g.items.findLast((s) => s.kind === 'llm' && (s.usage?.total_input ?? 0) > 0), c = call ? contextOf.get(call.id) : undefined, s = c ? shares(c) : null;
        const tools = g.items.filter((x) => x.kind === 'tool' || x.kind === 'retrieval');
        return (
          <li key={i}><button type="button" aria-current={i === current ? 'step' : undefined} className={g.depth > 0 ? 'sub' : ''} onClick={() => go(i)}>
            <span className="row"><b>Turn {g.n}</b><span className="grow" /><span className="dim"><Dur ns={g.turn ? g.turn.duration : g.items.reduce((n, x) => n + x.duration, 0)} /></span><span className="fwm">{costOf(g) !== null ? money(costOf(g)) : ''}</span></span>
            {call && <span className="ctxbar thin"><span style={{ width: `${Math.max(1, ((call.usage?.total_input ?? 0) / peak) * 100)}%` }}>{s && s.all > 0 ? <><i className="b-fixed" style={{ width: `${(s.fixed / s.all) * 100}%` }} /><i className="b-resent" style={{ width: `${(s.resent / s.all) * 100}%` }} /><i className="b-new" style={{ width: `${(s.fresh / s.all) * 100}%` }} /></> : <i className="b-resent grow" />}</span></span>}
            {tools.slice(0, 4).map((t) => <span key={t.id} className={`row tl ${t.error ? 'danger' : 'mid'}`}><KindIcon kind={t.error ? 'error' : t.kind} /><span className="trunc"><Safe text={t.tool ?? t.name} /></span></span>)}
            {tools.length > 4 && <span className="dim tl">and {tools.length - 4} more</span>}
          </button></li>
        );
      })}</ol>
    </nav>
  );
}

const costOf = (g: Group): number | null => {
  const all = g.items.map((s) => s.cost.nano_usd).filter((c): c is number => c !== null && c > 0);
  return all.length > 0 ? all.reduce((a, b) => a + b, 0) : null;
};

/** {"order": 48213, "days": 30} → "order: 48213, days: 30"; null when it is too long or nested for one line. */
export function shortArguments(d: Pick<SpanDetail, 'input'>): string | null {
  const parts = d.input.flatMap((m) => m.parts);
  if (parts.length !== 1 || parts[0]!.cut) return null;
  let v: unknown = parts[0]!.arguments ?? parts[0]!.content;
  if (typeof v === 'string') { try { v = JSON.parse(v); } catch { return null; } }
  if (typeof v !== 'object' || v === null || Array.isArray(v)) return null;
  const all = Object.entries(v);
  if (all.some(([, x]) => typeof x === 'object' && x !== null)) return null;
  const text = all.map(([k, x]) => `${k}: ${JSON.stringify(x)}`).join(', ');
  return text.length <= 90 ? text : null;
}

/** One call, read when it comes near the screen. */
function Step({ trace, revision, s, first, selected, select, shown, previous, total }: { trace: string; revision: string; s: NavSpan; previous: string | null; total: number; first: boolean; selected: boolean; select: (span: string) => void; shown: Set<string> }) {
  const ref = useRef<HTMLDivElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    const o = new IntersectionObserver((e) => { if (e.some((x) => x.isIntersecting)) { setNear(true); o.disconnect(); } }, { rootMargin: '600px' });
    if (ref.current) o.observe(ref.current);
    return () => o.disconnect();
  }, []);
  // What has not ended is read again whenever the trace has grown.
  const detail = useQuery({ queryKey: ['span', trace, s.id, 'whole', ...(s.open ? [revision] : [])], placeholderData: keepPreviousData, enabled: near, staleTime: 60_000, queryFn: ({ signal }) => get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(s.id)}`, {}, signal) });
  const d = detail.data;
  const isLlm = s.kind === 'llm';
  // Arguments that fit on a line stand in the head of the call.
  const args = !isLlm && d ? shortArguments(d) : null;
  return (
    <div className={`step ${selected ? 'sel' : ''} ${s.error ? 'bad' : ''}`} data-step={s.id} ref={ref}>
      <div className="who2"><span>{isLlm ? 'assistant' : s.kind}</span><span className="dim"><Dur ns={s.duration} /></span></div>
      <div className="what">
        <button type="button" className="steph" onClick={() => select(s.id)} title={`Select ${s.name}`}><KindIcon kind={s.error ? 'error' : s.kind} /><b className={s.error ? 'danger' : ''}><Safe text={s.tool ?? (isLlm && s.model ? shortModel(s.model) : s.name)} /></b>{args !== null && <span className="mono mid trunc"><Safe text={args} /></span>}{s.message && <span className="danger trunc"><Safe text={s.message} /></span>}<span className="grow" />{isLlm ? <CostText cost={s.cost} dash="" /> : <span className="minib" aria-hidden="true"><i className={s.error ? 'b-k-error' : `b-k-${s.kind}`} style={{ left: `${(s.start / total) * 100}%`, width: `max(2px, ${(s.duration / total) * 100}%)` }} /></span>}</button>
        {!d && <Skeleton w="70%" h={14} />}
        {d && isLlm && <Input d={d} trace={trace} first={first} shown={shown} previous={previous} />}
        {d && !isLlm && args === null && d.input.length > 0 && <div className="args">{d.input.map((m, i) => <MessageView key={i} m={m} trace={trace} span={s.id} bare />)}</div>}
        {d && d.output.map((m, i) => {
          const parts = isLlm ? m.parts.filter((p) => !(p.type === 'tool_call' && p.name && shown.has(p.name))) : m.parts;
          const calls = m.parts.length - parts.length;
          return <div key={i}>{parts.length > 0 && <MessageView m={{ ...m, parts }} trace={trace} span={s.id} bare />}{calls > 0 && <div className="calls dim">calls {m.parts.filter((p) => !parts.includes(p)).map((p, j) => <span className="chip out" key={j}><KindIcon kind="tool" /><Safe text={p.name!} /></span>)}</div>}</div>;
        })}
        {d?.error && <div className="part err"><Value as="code" text={d.error.message ?? d.error.type ?? 'error'} /></div>}
      </div>
    </div>
  );
}

/** Of the prompt, what this call sent for the first time; the whole of it for the first call. */
function Input({ d: span, trace, first, shown, previous }: { d: SpanDetail; trace: string; first: boolean; shown: Set<string>; previous: string | null }) {
  const d = useNew(trace, span, previous);
  const known = d.input.some((m) => m.parts.some((p) => p.new !== undefined));
  const isShown = (m: SpanDetail['input'][number]): boolean => shown.size > 0 && m.parts.length > 0 && m.parts.every((p) => p.type === 'tool_call_response');
  const fresh = d.input.filter((m) => (known ? m.parts.some((p) => p.new) : first) && m.role !== 'assistant' && !isShown(m));
  const rest = d.input.filter((m) => m.parts.every((p) => p.new === false)).length;
  return (
    <>
      {rest > 0 && known && <div className="resent">{rest} {rest === 1 ? 'message' : 'messages'} sent before</div>}
      {fresh.map((m, i) => (m.role === 'system' || m.role === 'developer' || m.role === 'tool'
        ? <Fold key={i} label={m.role === 'tool' ? 'tool result sent' : `${m.role} prompt`} size={m.parts.reduce((n, p) => n + p.bytes, 0)}><MessageView m={m} trace={trace} span={d.span_id} bare /></Fold>
        : <div className="bubble" key={i}><span className="cap">{m.role}</span><MessageView m={m} trace={trace} span={d.span_id} bare /></div>))}
    </>
  );
}
