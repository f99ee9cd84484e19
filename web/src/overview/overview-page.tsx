import { useEffect, useMemo, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { DependencyList, Health, RunList, ServiceList, Timeseries, ToolList, UsageReport } from '../api/types';
import { Chart, Legend, Spark, type Line } from '../chart/chart';
import { Panel } from '../chart/panel';
import { compact, durationText, integer, money, percent, roundText } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { useHealth } from '../health/use-health';
import { FirstTrace } from '../search/empty';
import { and, quote } from '../search/language';
import { useRange } from '../ui/time-range';
import { providersOf, ServiceMap } from '../services/service-map';
import { shortModel } from '../search/table';
import { Safe } from '../text/text';
import { CostText, Failure, SampledNote, Skeleton } from '../ui/bits';
import { Icon, KindIcon } from '../ui/icons';
import { Link } from '../url/link';
import { navigate, setParams } from '../url/router';
import { searchUrl } from '../url/search-url';
import { before, dimensions, isDimension, layers, msOf, split, stepOf, timesOf, type Dimension } from './data';
import { Panels } from './panels';
import '../services/services.css';
import './overview.css';

const iso = (ms: number): string => new Date(ms).toISOString();

export default function OverviewPage({ params }: { params: URLSearchParams }) {
  const { range, rangeControl } = useRange(params, 'now-24h');
  const by: Dimension = ((d) => (isDimension(d) ? d : 'model'))(params.get('by'));
  const q = params.get('q') ?? '';
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  const step = useMemo(() => stepOf(range), [range]);
  const prior = useMemo(() => before(range), [range]);
  const ask = <T,>(key: string, path: string, p: Record<string, string | number>, enabled = true) => ({ queryKey: [key, p], enabled, placeholderData: keepPreviousData, staleTime: 15_000, refetchInterval: 60_000, queryFn: ({ signal }: { signal: AbortSignal }) => get<T>(path, p, signal) });
  const usage = useQuery(ask<UsageReport>('usage', '/usage', { by: `${by},${step.by}`, q, ...range, limit: 10_000 }));
  const models = useQuery(ask<UsageReport>('usage', '/usage', { by: 'model', q, ...range }));
  const was = useQuery(ask<UsageReport>('usage', '/usage', { by: '', q, from: prior?.from ?? '', to: prior?.to ?? '' }, prior !== null));
  const roots = useQuery(ask<Timeseries>('timeseries', '/timeseries', { q: and(q, 'root_name exists'), ...range, row: 'spans', buckets: 60 }));
  const rootsAll = useQuery(ask<Timeseries>('timeseries', '/timeseries', { q: and(q, 'root_name exists'), ...range, row: 'spans', buckets: 1 }));
  const rootsWas = useQuery(ask<Timeseries>('timeseries', '/timeseries', { q: and(q, 'root_name exists'), from: prior?.from ?? '', to: prior?.to ?? '', row: 'spans', buckets: 1 }, prior !== null));
  const traces = useQuery(ask<Timeseries>('timeseries', '/timeseries', { q, ...range, row: 'traces', buckets: 60 }));
  const errors = useQuery(ask<Timeseries>('timeseries', '/timeseries', { q: and(q, 'status:error'), ...range, row: 'spans', buckets: 60, by: 'kind' }));
  const slow = useQuery(ask<Timeseries>('timeseries', '/timeseries', { q: and(q, by === 'model' ? 'kind:llm' : by === 'agent' ? 'kind:agent' : 'root_name exists'), ...range, row: 'spans', buckets: 60, by }));
  const tools = useQuery(ask<ToolList>('tools', '/tools', { ...range, limit: 100 }));
  const runs = useQuery(ask<RunList>('runs', '/runs', { q, ...range, sort: 'cost', limit: 8 }));
  const top = useQuery(ask<UsageReport>('usage', '/usage', { by, q, ...range, limit: 12, traces: '1' }));
  const services = useQuery(ask<ServiceList>('services', '/services', { ...range }));
  const edges = useQuery(ask<DependencyList>('dependencies', '/dependencies', { ...range }));
  const providers = useQuery(ask<UsageReport>('usage', '/usage', { by: 'service,provider', q, ...range }));
  const health = useHealth();

  const times = useMemo(() => timesOf(range, step.ms), [range, step]);
  const costs = layers(usage.data, by, step.by, times, 'cost', money), tokens = layers(usage.data, by, step.by, times, 'tokens', compact), calls = layers(usage.data, by, step.by, times, 'calls', integer);
  const rootTimes = msOf(roots.data);
  const q50 = roots.data?.points.map((p) => (p.count > 0 ? p.p50_ns : null)) ?? [], q95 = roots.data?.points.map((p) => (p.count > 0 ? p.p95_ns : null)) ?? [], q99 = roots.data?.points.map((p) => (p.count > 0 ? p.p99_ns : null)) ?? [];
  const peak = (v: (number | null)[]): string => { const k = v.filter((x): x is number => x !== null); return k.length > 0 ? `to ${durationText(Math.max(...k))}` : '—'; };
  const latency: Line[] = [{ key: 'p99', label: 'p99', className: 'b-c-1', values: q99, total: peak(q99) }, { key: 'p95', label: 'p95', className: 'b-c-0', values: q95, total: peak(q95) }, { key: 'p50', label: 'p50', className: 'b-c-6', values: q50, total: peak(q50) }];
  const errorLines = split(errors.data, (p) => p.count, integer).map((l) => ({ ...l, className: `b-k-${l.key}`, label: l.key === 'llm' ? 'model' : l.key }));
  const slowLines = split(slow.data, (p) => (p.count > 0 ? p.p95_ns : null), durationText, false).slice(0, 6);
  const unpriced = (models.data?.rows ?? []).filter((r) => r.cost.unpriced_calls > 0);
  const allTokens = (models.data?.total.tokens.total_input ?? 0) + (models.data?.total.tokens.total_output ?? 0);
  const t = models.data?.total, w = was.data?.total;
  const count = roots.data?.count, failed = traces.data?.errors, allTraces = traces.data?.count;
  const countWas = rootsWas.data?.count;
  const p95 = wholeP95(rootsAll.data), p95Was = wholeP95(rootsWas.data);
  const providerEdges = useMemo(() => providersOf(providers.data), [providers.data]);
  const [editing, setEditing] = useState(false);
  const open = (line: string | null, from: number, to: number, q2 = ''): void => navigate(searchUrl(and(q, line && line !== '\u0000' ? `${by}:${quote(line)}` : '', q2), iso(from), iso(to)));
  const sec = step.by === 'hour' ? 'an hour' : 'a day';
  const topNames = (top.data?.rows ?? []).map((r) => shortModel(r.key[by] ?? ''));
  // Nothing can be read at all, as with a wrong range: said once, instead of figures that would look like none.
  const broken = usage.isError && roots.isError ? usage.error : null;
  const nothing = allTraces === 0 && q === '' && health.data !== undefined && (health.data.store.spans ?? 0) === 0;

  return (
    <main className="page">
      <header className="top"><h1>Overview</h1>
        <span className="seg" role="group" aria-label="Split by">{(Object.keys(dimensions) as Dimension[]).map((d) => <button type="button" key={d} aria-pressed={d === by} onClick={() => setParams({ by: d === 'model' ? null : d }, 'push')}>{dimensions[d]}</button>)}</span>
        <span className="grow" />
        <form className="field ovq wide" role="search" onSubmit={(e) => { e.preventDefault(); setParams({ q: text.trim() || null }, 'push'); }}><input type="search" aria-label="Only what matches" placeholder="environment:prod" value={text} onChange={(e) => setText(e.target.value)} spellCheck={false} /></form>
        <button type="button" className="btn" aria-label="Add a panel of your own" aria-expanded={editing} onClick={() => setEditing(!editing)}><Icon name="plus" />Panel</button>
        {rangeControl}</header>
      {nothing ? <div className="center"><FirstTrace /></div> : broken ? <div className="center"><Failure error={broken} retry={() => { for (const x of [usage, models, roots, rootsAll, traces, errors, slow, tools, runs, top, services, edges, providers]) void x.refetch(); }} /></div> : (
        <div className="ov scroll" tabIndex={0} role="region" aria-label="Figures">
          {[usage, roots, tools].map((x, i) => x.isError && <Failure key={i} error={x.error} retry={() => void x.refetch()} />)}
          <SampledNote of={[models.data, usage.data, roots.data, traces.data, tools.data, services.data]} long />
          {unpriced.length > 0 && <div className="notice warn ovn"><KindIcon kind="error" /><div className="grow"><b>{unpriced.length === 1 ? '1 model has' : `${unpriced.length} models have`} no price.</b> {unpriced.slice(0, 3).map((r, i) => <span key={i}>{i > 0 && ', '}<Safe text={r.key['model'] ?? 'no model told'} /> ({integer(r.cost.unpriced_calls)} {r.cost.unpriced_calls === 1 ? 'call' : 'calls'})</span>)}{unpriced.length > 3 && ' and others'}: {percent(allTokens > 0 ? unpriced.reduce((n, r) => n + r.cost.unpriced_tokens, 0) / allTokens : null)} of tokens are in no cost below.</div><Link className="link" to="/prices">Prices</Link></div>}
          <section className="panel heads" aria-label="Headline figures">
            <Head title="Cost" value={t ? (t.cost.nano_usd !== null ? money(t.cost.nano_usd) : '—') : null} delta={change(t?.cost.nano_usd, w?.cost.nano_usd)} note={w?.cost.nano_usd != null ? `against ${money(w.cost.nano_usd)}` : 'no call before to compare with'} spark={sum(costs, times)} bad />
            <Head title="Tokens" value={t ? (t.calls > 0 ? compact(allTokens) : '—') : null} delta={change(allTokens, w ? w.tokens.total_input + w.tokens.total_output : null)} note={t?.cache_hit_rate != null ? `${percent(t.cache_hit_rate)} from cache` : ''} spark={sum(tokens, times)} />
            <Head title="Runs" value={count !== undefined ? integer(count) : null} delta={change(count, countWas)} note={`${integer(t?.calls)} model calls`} spark={roots.data?.points.map((p) => p.count) ?? []} />
            <Head title="Traces with errors" value={allTraces !== undefined ? (allTraces > 0 ? percent((failed ?? 0) / allTraces) : '—') : null} delta={null} note={failed !== undefined ? `${integer(failed)} of ${integer(allTraces)}` : ''} spark={traces.data?.points.map((p) => p.errors) ?? []} />
            <Head title="Run latency, p95" value={rootsAll.data ? durationText(p95) : null} delta={change(p95, p95Was)} note={p95Was !== null ? `against ${durationText(p95Was)}` : 'no run before to compare with'} bad spark={q95.map((v) => v ?? 0)} />
          </section>
          <div className="ov3">
            <Panel title={`Cost by ${dimensions[by].toLowerCase()}`} note={`$ ${sec}`} loading={usage.isPending} empty={costs.length === 0 ? 'No priced model call in this range.' : null}><Legend lines={costs} go={(k) => navigate(searchUrl(and(q, k ? `${by}:${quote(k)}` : ''), range.from, range.to))} /><Chart word="Cost" times={times} step={step.ms} lines={costs} form="bars" text={money} go={open} /></Panel>
            <Panel title="Run latency" note="of root spans" loading={roots.isPending} empty={q95.every((v) => v === null) ? 'No run in this range.' : null}><Legend lines={latency} /><Chart word="Latency of runs" times={rootTimes} step={(roots.data?.step_ns ?? 1e9) / 1e6} lines={latency} form="lines" text={durationText} go={(_, a, b) => navigate(searchUrl(q, iso(a), iso(b), '&plot=duration'))} /></Panel>
            <Panel title="Errors by kind" note={`spans ${roots.data ? `in ${roundText(durationText(roots.data.step_ns))}` : ''}`} loading={errors.isPending} empty={errorLines.length === 0 ? 'No error in this range.' : null}><Legend lines={errorLines} go={(k) => navigate(searchUrl(and(q, `kind:${k}`, 'status:error'), range.from, range.to, '&row=spans'))} /><Chart word="Errors" times={msOf(errors.data)} step={(errors.data?.step_ns ?? 1e9) / 1e6} lines={errorLines} form="bars" text={integer} go={(l, a, b) => navigate(searchUrl(and(q, l ? `kind:${l}` : '', 'status:error'), iso(a), iso(b), '&row=spans'))} /></Panel>
          </div>
          <div className="ov2">
            <div className="ovcol">
            <section className="panel"><header><h2>Service map</h2><span className="cap">calls, p95, share that failed; cost on the edges to model providers</span><span className="grow" /><Link className="link" to="/services">as a table</Link></header>
              {edges.data && services.data ? (edges.data.dependencies.length + providerEdges.length > 0 ? <ServiceMap services={services.data.services} edges={edges.data.dependencies} providers={providerEdges} least={300} label="Service map; the page of services has it as a table" chosen={null} choose={(s) => navigate(`/services?service=${encodeURIComponent(s)}`)} /> : <p className="pad dim">No call from one service to another, and none to a model provider, in this range.</p>) : <div className="pad"><Skeleton w="60%" h={280} /></div>}</section>
<section className="panel"><header><h2>Dearest runs</h2></header><table><tbody>{(runs.data?.traces ?? []).map((r) => <tr key={r.trace_id}><td className="trunc tcell"><Link className="link" to={`/t/${r.trace_id}`}><Safe text={r.question ?? r.root?.name ?? r.trace_id} /></Link></td><td className="num dim">{durationText(r.duration_ns)}</td><td className="num fwm"><CostText cost={r.cost} /></td></tr>)}</tbody></table></section>
            </div>
            <div className="ovcol">
              <section className="panel"><header><h2>Dearest {dimensions[by].toLowerCase()}s</h2></header><table><thead><tr><th scope="col">{dimensions[by]}</th><th scope="col" className="num">Traces</th><th scope="col" className="num">Cost</th><th scope="col" className="num">a trace</th></tr></thead>
                <tbody>{(top.data?.rows ?? []).slice(0, 8).map((r, i) => { const k = r.key[by] ?? ''; return <tr key={i}><td className="trunc tcell">{k ? <Link className="link" to={searchUrl(and(q, `${by}:${quote(k)}`), range.from, range.to)}><Safe text={by === 'model' && topNames.filter((n) => n === shortModel(k)).length < 2 ? shortModel(k) : k} /></Link> : <span className="dim">not told</span>}</td><td className="num">{integer(r.traces ?? 0)}</td><td className="num fwm"><CostText cost={r.cost} /></td><td className="num">{r.cost.nano_usd !== null && r.traces ? money(r.cost.nano_usd / r.traces) : '—'}</td></tr>; })}</tbody></table>{top.data?.rows.length === 0 && <p className="pad dim">No model call told one in this range.</p>}</section>
              <section className="panel"><header><h2>Slowest tools</h2><span className="cap">by summed time</span></header><table><thead><tr><th scope="col">Tool</th><th scope="col" className="num">Calls</th><th scope="col" className="num">p50</th><th scope="col" className="num">p95</th><th scope="col" className="num">Failed</th></tr></thead>
                <tbody>{[...(tools.data?.tools ?? [])].sort((a, b) => b.total_ns - a.total_ns).slice(0, 8).map((x) => <tr key={x.name}><td className="trunc tcell"><Link className="link" to={searchUrl(and(q, `tool:${quote(x.name)}`), range.from, range.to, '&row=spans&plot=duration')}><Safe text={x.name} /></Link>{x.repeated_calls > 0 && <span className="dim" title="The same arguments again within one trace"> {integer(x.repeated_calls)} repeated</span>}</td><td className="num">{integer(x.calls)}</td><td className="num">{durationText(x.p50_ns)}</td><td className="num">{durationText(x.p95_ns)}</td><td className={`num ${x.errors > 0 ? 'danger' : 'dim'}`}>{x.errors > 0 ? percent(x.errors / x.calls) : '–'}</td></tr>)}</tbody></table></section>
            </div>
          </div>
          <div className="ov3">
            <Panel title={`Tokens by ${dimensions[by].toLowerCase()}`} note={`in and out, ${sec}`} loading={usage.isPending} empty={tokens.length === 0 ? 'No model call in this range told its tokens.' : null}><Legend lines={tokens} /><Chart word="Tokens" times={times} step={step.ms} lines={tokens} form="bars" text={compact} go={open} /></Panel>
            <Panel title={`Model calls by ${dimensions[by].toLowerCase()}`} note={`calls ${sec}`} loading={usage.isPending} empty={calls.length === 0 ? 'No model call in this range.' : null}><Legend lines={calls} /><Chart word="Model calls" times={times} step={step.ms} lines={calls} form="bars" text={integer} go={(l, a, b) => open(l, a, b, 'kind:llm')} /></Panel>
            <Panel title={`p95 by ${dimensions[by].toLowerCase()}`} note={by === 'model' ? 'model calls' : by === 'agent' ? 'agents' : 'runs'} loading={slow.isPending} empty={slowLines.length === 0 ? 'Nothing to measure in this range.' : null}><Legend lines={slowLines} /><Chart word="p95" times={msOf(slow.data)} step={(slow.data?.step_ns ?? 1e9) / 1e6} lines={slowLines} form="lines" text={durationText} go={(_, a, b) => navigate(searchUrl(q, iso(a), iso(b), '&plot=duration'))} /></Panel>
            <Panels range={range} q={q} open={editing} setOpen={setEditing} />
          </div>
          {health.data && <Strip h={health.data} />}
        </div>
      )}
      <StatusBar keys={[[['g', 's'], 'search'], [['g', 'e'], 'sessions'], [['?'], 'all keys']]} left={<>click a bar, a point or a name for what lies behind it</>} right={models.data?.prices_date ? <>prices of {models.data.prices_date}</> : undefined} />
    </main>
  );
}

const sum = (lines: Line[], times: number[]): number[] => times.map((_, i) => lines.reduce((n, l) => n + (l.values[i] ?? 0), 0));
/** p95 over the whole range; where it touches two steps, of the one with more runs. */
function wholeP95(s: Timeseries | undefined): number | null { return s?.points.reduce<Timeseries['points'][number] | null>((m, p) => (m === null || p.count > m.count ? p : m), null)?.p95_ns ?? null; }
function change(now: number | null | undefined, was: number | null | undefined): number | null { return now == null || was == null || was <= 0 ? null : now / was - 1; }

function Head({ title, value, delta, note, spark, bad = false }: { title: string; value: string | null; delta: number | null; note: string; spark: number[]; bad?: boolean }) {
  const d = delta === null ? null : `${delta >= 0 ? '+' : '−'}${Math.abs(delta) < 10 ? (Math.abs(delta) * 100).toFixed(Math.abs(delta) < 0.1 ? 1 : 0) : '>1000'} %`;
  return <div className="head"><div><span className="mid">{title}</span><div className="v">{value ?? <Skeleton w={90} h={18} />}</div><div className="s">{d && <span className={bad && delta! > 0.1 ? 'danger' : 'fwm'}>{d} </span>}<span className="dim">{note}</span></div></div><Spark values={spark} label={`${title} over time`} /></div>;
}

function Strip({ h }: { h: Health }) {
  return (
    <section className="panel strip" aria-label="State of the server">
      <Link to="/health"><span className="row"><span className="ok">●</span><b>Intake</b><span className="grow" />{integer(Math.round(h.ingest.spans_per_second))}<span className="unit">spans/s</span></span><span className="dim">{integer(h.ingest.refused_requests)} requests refused</span></Link>
      <Link to="/storage"><span className="row"><span className={h.store.ok ? 'ok' : 'danger'}>{h.store.ok ? '●' : '▲'}</span><b>Store</b><span className="grow" />{integer(h.store.spans)}<span className="unit">spans</span></span><span className="dim"><Safe text={h.store.engine} /></span></Link>
      {h.sinks.map((s) => <Link to="/health" key={s.name}><span className="row"><span className={s.ok ? 'ok' : 'danger'}>{s.ok ? '●' : '▲'}</span><b><Safe text={s.name} /></b><span className="grow" />{s.freshness_seconds < 0.05 ? 'up to date' : `${s.freshness_seconds.toFixed(1)} s behind`}</span><span className="dim">{s.message ? <Safe text={s.message} /> : `${integer(s.lag_records)} records to read`}</span></Link>)}
      <Link to="/health"><span className="row"><span className={h.anomalies.some((a) => a.count > 0 && a.severity !== 'info') ? 'warn' : 'ok'}>●</span><b>Anomalies</b><span className="grow" />{integer(h.anomalies.filter((a) => a.count > 0).length)}<span className="unit">kinds</span></span><span className="dim">refused, cut, repaired or skipped</span></Link>
    </section>
  );
}
