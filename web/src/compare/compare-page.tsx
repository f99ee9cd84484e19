import { useEffect, useMemo, useRef, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { Message, SpanDetail, Timeseries, TraceHeader, TraceList, UsageReport } from '../api/types';
import { compact, durationText, integer, money, percent, some } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { quote } from '../search/language';
import { oneLine } from '../text/safe';
import { Safe } from '../text/text';
import { Value } from '../text/value';
import { CopyButton, CostText, Dur, Failure, Skeleton, Time } from '../ui/bits';
import { KindIcon } from '../ui/icons';
import { useKeys } from '../ui/keys';
import { Link } from '../url/link';
import { setParams } from '../url/router';
import { loadIndex, type NavSpan } from '../trace/nav-index';
import { useAnswer } from '../trace/answer';
import { align, type Pair } from './align';
import { counts, diffTexts, type DiffRow, type Piece } from './diff';
import ArmsPage from './arms';
import { Modes } from './modes';
import './compare.css';

/** "trace" or "trace.span": what stands in the address. */
const readId = (t: string | null): { trace: string; span: string | null } | null => { const m = /^([0-9a-f]{1,32})(?:\.([0-9a-f]{1,16}))?$/i.exec(t ?? ''); return m ? { trace: m[1]!.toLowerCase(), span: m[2]?.toLowerCase() ?? null } : null; };
const useTrace = (id: string | undefined) => {
  const header = useQuery({ queryKey: ['trace', id], enabled: id !== undefined, queryFn: ({ signal }) => get<TraceHeader>(`/traces/${seg(id!)}`, {}, signal) });
  const index = useQuery({ queryKey: ['nav', id, header.data?.revision], enabled: header.data !== undefined, staleTime: Infinity, queryFn: ({ signal }) => loadIndex(id!, signal) });
  return { header, index };
};
const textOf = (m: Message): string => m.parts.map((p) => { const v = p.content ?? p.arguments ?? p.result; const t = typeof v === 'string' ? v : v === undefined ? '' : JSON.stringify(v, null, 2) ?? ''; return p.type === 'tool_call' ? `→ ${p.name ?? 'tool'} ${t}` : p.type === 'reasoning' ? `(thinking) ${t}` : t; }).join('\n');
const parts = { output: 'Output', input: 'Input', system: 'System prompt', parameters: 'Parameters' } as const;
type Part = keyof typeof parts;
function partText(d: SpanDetail | undefined, p: Part): string {
  if (!d) return '';
  if (p === 'output') return [...d.output.map(textOf), d.error ? `${d.error.type ?? 'error'}: ${d.error.message ?? ''}` : ''].filter(Boolean).join('\n\n');
  if (p === 'system') return d.input.filter((m) => m.role === 'system' || m.role === 'developer').map(textOf).join('\n\n');
  if (p === 'input') return d.input.filter((m) => m.role !== 'system' && m.role !== 'developer').map((m) => `[${m.role}] ${textOf(m)}`).join('\n\n');
  return Object.entries({ model: d.model, ...d.parameters }).filter(([, v]) => v !== null).map(([k, v]) => `${k}: ${typeof v === 'string' ? v : JSON.stringify(v)}`).sort().join('\n');
}

export default function ComparePage({ params }: { params: URLSearchParams }) { return params.get('by') !== null ? <ArmsPage params={params} /> : <RunsPage params={params} />; }

function RunsPage({ params }: { params: URLSearchParams }) {
  const a = readId(params.get('a')), b = readId(params.get('b'));
  const A = useTrace(a?.trace), B = useTrace(b?.trace);
  const only = params.get('only') === '1';
  const pairs = useMemo(() => (A.index.data && B.index.data ? align(A.index.data, B.index.data) : []), [A.index.data, B.index.data]);
  const isDifferent = (p: Pair): boolean => p.a === null || p.b === null || p.a.error !== p.b.error || Math.abs(p.b.duration - p.a.duration) > 0.2 * Math.max(p.a.duration, p.b.duration) + 1e6 || tokensOf(p.a) !== tokensOf(p.b);
  const shown = useMemo(() => (only ? pairs.filter(isDifferent) : pairs), [pairs, only]);
  const chosen = params.get('step');
  const firstTold = shown.find((p) => p.a && p.b && p.a.kind === 'llm') ?? shown[0];
  const step = shown.find((p) => p.id === chosen || (chosen === null && ((a?.span && p.a?.id === a.span) || (b?.span && p.b?.id === b.span)))) ?? firstTold ?? null;
  const part: Part = ((p) => (p && p in parts ? (p as Part) : 'output'))(params.get('part'));
  const at = step ? shown.indexOf(step) : -1;
  const go = (i: number): void => { const p = shown[Math.max(0, Math.min(shown.length - 1, i))]; if (p) setParams({ step: p.id }); };
  const swap = (): void => setParams({ a: params.get('b'), b: params.get('a'), step: step ? `${step.b?.id ?? ''}.${step.a?.id ?? ''}` : null }, 'push');
  const change = useRef<(d: 1 | -1) => void>(() => undefined);
  useKeys({ j: () => go(at + 1), k: () => go(at - 1), ArrowDown: () => go(at + 1), ArrowUp: () => go(at - 1), r: swap, d: () => setParams({ only: only ? null : '1' }), n: () => change.current(1), N: () => change.current(-1) });
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => { list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }); }, [step?.id]);

  if (!a || !b) return <Picker a={a?.trace ?? null} />;
  const ta = A.header.data, tb = B.header.data;
  const failed = [A.header, B.header, A.index, B.index].find((x) => x.isError);
  const total = Math.max(1, ta?.duration_ns ?? 0, tb?.duration_ns ?? 0);
  const steps = { both: pairs.filter((p) => p.a && p.b).length, a: pairs.filter((p) => !p.b).length, b: pairs.filter((p) => !p.a).length };
  const greatest = Math.max(1, ...pairs.map((p) => Math.abs((p.b?.duration ?? 0) - (p.a?.duration ?? 0))));
  return (
    <main className="page cmp">
      <header className="top"><h1>Compare</h1><Modes on="runs" /><span className="cap">{ta && tb && ta.question && ta.question === tb.question ? 'the same question' : ''}</span><span className="grow" /><button type="button" className="btn" title="Swap A and B (r)" onClick={swap}>Swap</button><CopyButton className="btn" text={() => location.href} label="Copy the link">Copy link</CopyButton></header>
      {failed ? <div className="center"><Failure error={failed.error} title="These traces cannot be compared" retry={() => { void A.header.refetch(); void B.header.refetch(); }} /></div> : (
        <>
          <section className="cmph" aria-label="The two runs"><Side name="A" t={ta} id={a.trace} /><Side name="B" t={tb} id={b.trace} />
            <Delta title="Duration" a={ta?.duration_ns} b={tb?.duration_ns} text={durationText} /><Delta title="Cost" a={ta?.cost.nano_usd} b={tb?.cost.nano_usd} text={money} /><Delta title="Tokens" a={ta?.tokens ? ta.tokens.input + ta.tokens.output : null} b={tb?.tokens ? tb.tokens.input + tb.tokens.output : null} text={integer} short={compact} />
            <div className="dlt"><span className="cap">Steps</span><div className="v">{pairs.length > 0 ? <><span className="addc">+{steps.b}</span> <span className="delc">−{steps.a}</span></> : <Skeleton w={60} h={16} />}</div><div className="s">{integer(steps.both)} in both</div></div></section>
          <div className="rtool"><h2 className="h2">Steps</h2><span className="cap">aligned by the tree: kind, name, order</span><span className="grow" /><button type="button" className="btn" aria-pressed={only} title="Only what differs (d)" onClick={() => setParams({ only: only ? null : '1' })}>Only differences</button></div>
          <div className="cmps scroll" ref={list} tabIndex={0} role="grid" aria-label="Steps of both runs" aria-rowcount={shown.length}>
            <div role="row" className="cr crh"><span role="columnheader">Step</span><span role="columnheader" className="wide">A and B on one time axis</span><span role="columnheader" className="num">A</span><span role="columnheader" className="num">B</span><span role="columnheader" className="num">Δ time</span><span role="columnheader">faster | slower</span><span role="columnheader" className="num">Δ tokens</span><span role="columnheader" className="num">Δ cost</span></div>
            {pairs.length === 0 && [0, 1, 2, 3].map((i) => <div className="cr" key={i} aria-hidden="true"><Skeleton w="60%" /></div>)}
            {shown.slice(0, 2000).map((p) => <Step key={p.id} p={p} on={p === step} total={total} greatest={greatest} choose={() => setParams({ step: p.id })} />)}
            {pairs.length > 0 && shown.length === 0 && <p className="pad dim">The two runs took the same steps in about the same time.</p>}
          </div>
          {step && <DiffPane step={step} a={a.trace} b={b.trace} part={part} setPart={(p) => setParams({ part: p === 'output' ? null : p })} change={change} side={ta && tb ? <Cohorts a={ta} b={tb} /> : null} answers={ta && tb ? <Answers a={ta} b={tb} /> : null} />}
        </>
      )}
      <StatusBar keys={[[['j', 'k'], 'next step'], [['n'], 'next change'], [['r'], 'swap A and B'], [['d'], 'only differences'], [['?'], 'all keys']]} right={<><span className="chip accent">only B</span> <span className="chip">only A</span></>} />
    </main>
  );
}

/** What both runs answered in the end. */
function Answers({ a, b }: { a: TraceHeader; b: TraceHeader }) {
  const told = [useAnswer(a), useAnswer(b)];
  if (!told[0] && !told[1]) return null;
  return <section className="answers scroll" aria-label="Answers of both runs" tabIndex={0}>{[a, b].map((t, i) => <div key={i}><h3 className="h2">Answer of run {i ? 'B' : 'A'}{t.errors > 0 && <span className="danger"> after {some(t.errors, 'error')}</span>}</h3>{told[i] ? <Value as="read" text={told[i]!} /> : <p className="dim">No answer was found.</p>}</div>)}</section>;
}

const tokensOf = (s: NavSpan | null): number | null => (s?.usage && s.usage.role === 'own' ? (s.usage.total_input ?? 0) + (s.usage.total_output ?? 0) : null);

function Side({ name, t, id }: { name: 'A' | 'B'; t: TraceHeader | undefined; id: string }) {
  return <div className="side"><span className={`ab ${name}`}>{name}</span><div className="trunc"><Link className="fwm" to={`/t/${id}`}>{t ? <Safe text={oneLine(t.question ?? t.root?.name ?? id, 120)} /> : <Skeleton w={220} />}</Link><div className="dim trunc">{t && <>{t.prompt && <b className="mid"><Safe text={`${t.prompt.name} ${t.prompt.version ?? ''}`} /> </b>}<Safe text={t.agent ?? t.root?.service ?? ''} /> · <Time t={t.start_unix_nano} long />{t.errors > 0 && <span className="danger"> · {some(t.errors, 'error')}</span>}</>}</div></div></div>;
}
function Delta({ title, a, b, text, short = text }: { title: string; a: number | null | undefined; b: number | null | undefined; text: (v: number) => string; short?: (v: number) => string }) {
  const known = a != null && b != null, d = known ? b - a : 0;
  return <div className="dlt"><span className="cap">{title}</span><div className={`v ${known ? (d > 0 ? 'danger' : d < 0 ? 'ok' : '') : ''}`}>{known ? (d === 0 ? '±0' : `${d > 0 ? '+' : '−'}${text(Math.abs(d))}`) : '—'}</div><div className="s">{a != null ? short(a) : '—'} → {b != null ? short(b) : '—'}</div></div>;
}

function Step({ p, on, total, greatest, choose }: { p: Pair; on: boolean; total: number; greatest: number; choose: () => void }) {
  const s = (p.b ?? p.a)!, error = (p.a?.error ?? false) || (p.b?.error ?? false);
  const d = p.a && p.b ? p.b.duration - p.a.duration : null, na = tokensOf(p.a), nb = tokensOf(p.b);
  const dt = na !== null || nb !== null ? (nb ?? 0) - (na ?? 0) : null;
  const ca = p.a?.cost.nano_usd ?? null, cb = p.b?.cost.nano_usd ?? null, dc = ca !== null || cb !== null ? (cb ?? 0) - (ca ?? 0) : null;
  const share = Math.min(1, Math.abs(d ?? (p.b ? p.b.duration : -p.a!.duration)) / greatest) * 50;
  const later = d !== null ? d > 0 : p.b !== null;
  const sign = (v: number, f: (n: number) => string): string => (v === 0 ? '0' : `${v > 0 ? '+' : '−'}${f(Math.abs(v))}`);
  return (
    <div role="row" aria-selected={on} className={`cr ${on ? 'sel' : ''} ${!p.a ? 'onlyb' : !p.b ? 'onlya' : ''} is-${s.kind}`} onClick={choose}>
      <span role="gridcell" className="cn">{Array.from({ length: Math.min(p.depth, 16) }, (_, i) => <i className="in" key={i} />)}<KindIcon kind={error ? 'error' : s.kind} /><span className={`trunc ${error ? 'danger' : ''}`}><Safe text={s.kind === 'tool' ? s.tool ?? s.name : s.name} />{s.kind === 'turn' && s.turn !== null && ` ${s.turn}`}</span>{error && s.message && <span className="dim trunc"><Safe text={oneLine(s.message, 80)} /></span>}</span>
      <span role="gridcell" className="cb2 wide">{[p.a, p.b].map((x, i) => (x ? <i key={i} className={`cbx ${i ? 'two' : 'one'} ${x.error ? 'b-k-error' : `b-k-${x.kind}`}`} style={{ left: `${(x.start / total) * 100}%`, width: `max(2px, ${(x.duration / total) * 100}%)` }} /> : null))}</span>
      <span role="gridcell" className="num">{p.a ? <Dur ns={p.a.duration} /> : <span className="dim">–</span>}</span><span role="gridcell" className="num">{p.b ? <Dur ns={p.b.duration} /> : <span className="dim">–</span>}</span>
      <span role="gridcell" className={`num ${d !== null && Math.abs(d) > 0.2 * Math.max(p.a!.duration, 1) ? (d > 0 ? 'danger fwm' : 'ok fwm') : 'mid'}`}>{d === null ? <b className="fwm">{p.a ? 'only A' : 'only B'}</b> : sign(d, durationText)}</span>
      <span role="gridcell" className="cbar2"><i className={later ? 'slower' : 'faster'} style={later ? { left: '50%', width: `${share}%` } : { right: '50%', width: `${share}%` }} /></span>
      <span role="gridcell" className={`num ${dt ? (dt > 0 ? 'danger' : 'ok') : 'dim'}`}>{dt === null ? '' : sign(dt, integer)}</span><span role="gridcell" className={`num ${dc ? (dc > 0 ? 'danger' : 'ok') : 'dim'}`}>{dc === null ? '' : dc === 0 ? '0' : sign(dc, money)}</span>
    </div>
  );
}

function DiffPane({ step, a, b, part, setPart, change, side, answers }: { step: Pair; a: string; b: string; part: Part; setPart: (p: Part) => void; change: React.MutableRefObject<(d: 1 | -1) => void>; side: React.ReactNode; answers: React.ReactNode }) {
  const ask = (trace: string, span: NavSpan | null) => ({ queryKey: ['span', trace, span?.id, 'long'], enabled: span !== null, staleTime: 60_000, queryFn: ({ signal }: { signal: AbortSignal }) => get<SpanDetail>(`/traces/${seg(trace)}/spans/${seg(span!.id)}`, { preview_bytes: 1 << 20 }, signal) });
  const da = useQuery(ask(a, step.a)), db = useQuery(ask(b, step.b));
  const ready = (step.a === null || da.data !== undefined) && (step.b === null || db.data !== undefined);
  const ta = step.a ? partText(da.data, part) : '', tb = step.b ? partText(db.data, part) : '';
  const rows = useMemo(() => (ready ? diffTexts(ta, tb) : []), [ready, ta, tb]);
  const c = useMemo(() => counts(rows), [rows]);
  const changes = rows.flatMap((r, i) => (r.type === 'change' ? [i] : []));
  const [at, setAt] = useState(-1);
  useEffect(() => setAt(-1), [step.id, part]);
  const box = useRef<HTMLDivElement>(null);
  change.current = (d) => { if (changes.length === 0) return; const next = (at + d + changes.length + (at < 0 && d < 0 ? 1 : 0)) % changes.length; setAt(next); box.current?.querySelector(`[data-row="${changes[next]}"]`)?.scrollIntoView({ block: 'center' }); };
  const s = (step.b ?? step.a)!;
  return (
    <section className="dpane" aria-label="Difference of the step">
      <div className="rtool"><KindIcon kind={s.error ? 'error' : s.kind} /><h2 className="h2 trunc"><Safe text={s.kind === 'tool' ? s.tool ?? s.name : s.name} /></h2><span className="seg" role="group" aria-label="What is compared">{(Object.keys(parts) as Part[]).map((p) => <button type="button" key={p} aria-pressed={p === part} onClick={() => setPart(p)}>{s.kind === 'tool' && p === 'input' ? 'Arguments' : s.kind === 'tool' && p === 'output' ? 'Result' : parts[p]}</button>)}</span><span className="grow" />
        {ready && <span className="cap" role="status"><span className="addc">{integer(c.added)} words added</span> <span className="delc">{integer(c.removed)} removed</span> {integer(c.same)} same</span>}<span className="cap"><kbd>n</kbd> {changes.length > 0 ? `change ${at >= 0 ? `${at + 1} of ` : ''}${integer(changes.length)}` : 'no change'}</span></div>
      <div className={`dbody ${side ? 'three' : ''}`}>
        <div className="dgrid scroll" ref={box} tabIndex={0} role="region" aria-label="Both texts">
          {!ready && <div className="pad stack"><Skeleton w="70%" /><Skeleton w="50%" /></div>}
          {(da.isError || db.isError) && <Failure error={da.error ?? db.error} />}
          {ready && rows.length === 0 && <p className="pad dim">Neither side has {part === 'system' ? 'a system prompt' : part === 'parameters' ? 'parameters' : part === 'input' ? 'input' : 'output'} here.</p>}
          {ready && rows.map((r, i) => <Row key={`${step.id}${part}${i}`} r={r} i={i} on={changes[at] === i} single={rows.length === 1} />)}
        </div>
        {side}
      </div>
      {answers}
    </section>
  );
}

function Row({ r, i, on, single }: { r: DiffRow; i: number; on: boolean; single: boolean }) {
  const [open, setOpen] = useState(single);
  if (r.type === 'same') {
    if (r.count > 3 && !open) return <button type="button" className="dsame" onClick={() => setOpen(true)}>{integer(r.count)} lines the same</button>;
    return <>{r.lines.slice(0, 2000).map((l, k) => <div className="drow" key={k}><span className="dn">{r.at + k}</span><span className="dt"><Safe text={l} /></span><span className="dn">{r.at + k}</span><span className="dt"><Safe text={l} /></span></div>)}</>;
  }
  return <div className={`drow chg ${on ? 'on' : ''}`} data-row={i}><span className="dn">{r.na}</span><span className={`dt ${r.a ? 'da1' : 'none'}`}><Pieces list={r.a} /></span><span className="dn">{r.nb}</span><span className={`dt ${r.b ? 'db1' : 'none'}`}><Pieces list={r.b} /></span></div>;
}
function Pieces({ list }: { list: Piece[] | null }) { return <>{list?.map((p, i) => (p.type === 'same' ? <Safe key={i} text={p.text} /> : p.type === 'add' ? <ins key={i}><Safe text={p.text} /></ins> : <del key={i}><Safe text={p.text} /></del>))}</>; }

/** Where the two come from different prompt versions: the figures of each over the last day. */
function Cohorts({ a, b }: { a: TraceHeader; b: TraceHeader }) {
  const va = a.prompt?.version ?? null, vb = b.prompt?.version ?? null;
  const on = a.prompt !== null && b.prompt !== null && va !== null && vb !== null && va !== vb;
  const ask = (v: string | null) => ({ enabled: on, queryKey: ['cohort', v], queryFn: async ({ signal }: { signal: AbortSignal }) => { const q = `prompt_version:${quote(v!)}`; const [u, t, r] = await Promise.all([get<UsageReport>('/usage', { q, from: 'now-24h' }, signal), get<Timeseries>('/timeseries', { q, from: 'now-24h', row: 'traces', buckets: 1 }, signal), get<Timeseries>('/timeseries', { q: `${q} kind:llm`, from: 'now-24h', row: 'spans', buckets: 1 }, signal)]); const n = t.count, e = t.errors, last = r.points.filter((p) => p.count > 0).at(-1); return { runs: n, errors: e, cost: u.total.cost.nano_usd, p50: last?.p50_ns ?? null, p95: last?.p95_ns ?? null }; } });
  const qa = useQuery(ask(va)), qb = useQuery(ask(vb));
  if (!on) return null;
  const x = qa.data, y = qb.data;
  const row = (label: string, f: (c: NonNullable<typeof x>) => number | null, text: (v: number) => string) => { const p = x ? f(x) : null, q = y ? f(y) : null; return <tr><td>{label}</td><td className="num">{p !== null ? text(p) : '—'}</td><td className="num">{q !== null ? text(q) : '—'}</td></tr>; };
  return <aside className="coh scroll" aria-label="Prompt versions" tabIndex={0}><h2 className="h2"><Safe text={va!} /> against <Safe text={vb!} /> <span className="cap">24 hours</span></h2><table><thead><tr><th scope="col" /><th scope="col" className="num"><Safe text={va!} /></th><th scope="col" className="num"><Safe text={vb!} /></th></tr></thead><tbody>{row('traces', (c) => c.runs, integer)}{row('with errors', (c) => (c.runs > 0 ? c.errors / c.runs : null), percent)}{row('model call, p50', (c) => c.p50, durationText)}{row('model call, p95', (c) => c.p95, durationText)}{row('cost a trace', (c) => (c.cost !== null && c.runs > 0 ? c.cost / c.runs : null), money)}</tbody></table></aside>;
}

/** Nothing chosen yet, or only A: by id or address, or from the latest traces. */
function Picker({ a }: { a: string | null }) {
  const [text, setText] = useState('');
  const first = useQuery({ queryKey: ['trace', a], enabled: a !== null, queryFn: ({ signal }) => get<TraceHeader>(`/traces/${seg(a!)}`, {}, signal) });
  const agent = first.data?.agent;
  const list = useQuery({ queryKey: ['rows', 'compare', agent ?? ''], enabled: a === null || first.data !== undefined, queryFn: ({ signal }) => get<TraceList>('/traces', { q: agent ? `agent:${quote(agent)}` : '', from: 'now-7d', limit: 50 }, signal) });
  const choose = (id: string): void => setParams(a === null ? { a: id } : { b: id }, 'push');
  const rows = (list.data?.traces ?? []).filter((t) => t.trace_id !== a).sort((x, y) => Number(y.question === first.data?.question) - Number(x.question === first.data?.question));
  return (
    <main className="page"><header className="top"><h1>Compare</h1><Modes on="runs" /></header>
      <div className="cpick scroll" tabIndex={0} role="region" aria-label="Choose a trace">
        {a !== null && <section className="panel pad"><div className="row"><span className="ab A">A</span>{first.data ? <Safe text={oneLine(first.data.question ?? first.data.root?.name ?? a, 140)} /> : first.isError ? <span className="danger">this trace cannot be read</span> : <Skeleton w={260} />}</div></section>}
        <section className="panel"><header><h2>{a === null ? 'Choose the first trace' : 'Compare it with'}</h2><span className="cap">in the search, <kbd>c</kbd> on one row and <kbd>c</kbd> on another does the same</span></header>
          <form className="pad row" onSubmit={(e) => { e.preventDefault(); const m = /([0-9a-f]{16,32})/i.exec(text); if (m) choose(m[1]!.toLowerCase()); }}><div className="field grow"><input aria-label="Trace id or address" placeholder="trace id or address" value={text} onChange={(e) => setText(e.target.value)} spellCheck={false} /></div><button type="submit" className="btn" disabled={!/[0-9a-f]{16,32}/i.test(text)}>Use it</button></form>
          {list.isError && <Failure error={list.error} />}
          <table><tbody>{list.isPending && a === null && [0, 1, 2].map((i) => <tr key={i}><td><Skeleton w="60%" /></td></tr>)}{rows.map((t) => <tr key={t.trace_id}><td className="dim"><Time t={t.start_unix_nano} /></td><td className="trunc tcellw"><button type="button" className="linkish trunc" onClick={() => choose(t.trace_id)}>{t.errors > 0 && <KindIcon kind="error" />}<Safe text={oneLine(t.question ?? t.root?.name ?? t.trace_id, 160)} /></button>{t.question !== null && t.question === first.data?.question && <span className="chip accent"> same question</span>}</td><td className="num"><Dur ns={t.duration_ns} /></td><td className="num"><CostText cost={t.cost} /></td></tr>)}</tbody></table>
          {list.data && rows.length === 0 && <p className="pad dim">{a === null ? 'No trace of the last 7 days.' : 'No other trace of the last 7 days.'} An older one can be named by its id.</p>}</section>
      </div><StatusBar keys={[[['g', 's'], 'search'], [['?'], 'all keys']]} /></main>
  );
}
