import { useEffect, useMemo, useState } from 'react';
import { keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Facets, KeyList, Scatter, Timeseries, TraceList, TraceSummary } from '../api/types';
import { compact, durationText, integer, money, percent, some } from '../format/numbers';
import type { Range } from '../format/time';
import { StatusBar } from '../frame/frame';
import { and, quote } from '../search/language';
import { useRange } from '../ui/time-range';
import { oneLine } from '../text/safe';
import { Safe } from '../text/text';
import { Failure, SampledNote, Skeleton } from '../ui/bits';
import { KindIcon } from '../ui/icons';
import { useSize } from '../ui/size';
import { Link } from '../url/link';
import { setList, setParams } from '../url/router';
import { searchUrl } from '../url/search-url';
import { Modes } from './modes';
import { bins, mean, meanDifference, meanInterval, quantile, shareDifference, shareInterval, type Interval } from './stats';

export const armFields = { variant: 'Variant', prompt_version: 'Prompt version', experiment: 'Experiment', model: 'Model', agent: 'Agent', service: 'Service', environment: 'Environment' } as const;
type Field = keyof typeof armFields;
const most = 4;

interface Arm { name: string; durations: number[]; costs: number[]; tokens: number[]; errors: number; n: number; more: boolean; traces: TraceSummary[] }
type Figure = 'cost' | 'duration' | 'tokens';
const figures: Record<Figure, { title: string; of: (a: Arm) => number[]; text: (v: number) => string; one: (t: TraceSummary) => number | null }> = {
  duration: { title: 'Duration', of: (a) => a.durations, text: durationText, one: (t) => t.duration_ns },
  cost: { title: 'Cost a run', of: (a) => a.costs, text: money, one: (t) => t.cost.nano_usd },
  tokens: { title: 'Tokens a run', of: (a) => a.tokens, text: (v) => compact(Math.round(v)), one: (t) => (t.tokens ? t.tokens.input + t.tokens.output : null) },
};
const signed = (v: number, text: (v: number) => string): string => (v === 0 ? '±0' : `${v > 0 ? '+' : '−'}${text(Math.abs(v))}`);
const paint = ['b-c-7', 'b-c-0', 'b-c-1', 'b-c-2'], fill = ['f-k-other', 'f-k-llm', 'f-k-tool', 'f-k-retrieval'];

/** Arms of an experiment side by side: distributions, how sure the difference is, and the runs of the same question that differ most. */
export default function ArmsPage({ params }: { params: URLSearchParams }) {
  const field = ((f) => (f !== null && f in armFields ? (f as Field) : 'variant'))(params.get('by'));
  const q = params.get('q') ?? '', sort = ((s) => (s === 'duration' || s === 'tokens' ? s : 'cost'))(params.get('sort')) as Figure;
  const { range, rangeControl } = useRange(params, 'now-7d');
  const [text, setText] = useState(q);
  useEffect(() => setText(q), [q]);
  const values = useQuery({ queryKey: ['arms', field, q, range], placeholderData: keepPreviousData, queryFn: ({ signal }) => get<Facets>('/facets', { q, ...range, row: 'traces', fields: field }, signal) });
  const known = (values.data?.facets[0]?.values ?? []).filter((v) => v.value !== '');
  const asked = params.getAll('arm').filter(Boolean).slice(0, most);
  const names = asked.length > 0 ? asked : known.slice(0, 2).map((v) => v.value).sort();
  const of = (name: string): string => and(q, `${field}:${quote(name)}`);
  const arms = useQueries({ queries: names.map((name) => ({
    queryKey: ['arm', field, name, q, range], staleTime: 30_000,
    queryFn: async ({ signal }: { signal: AbortSignal }): Promise<Arm> => {
      const [points, list] = await Promise.all([get<Scatter>('/scatter', { q: of(name), ...range, row: 'traces' }, signal), get<TraceList>('/traces', { q: of(name), ...range, limit: 500 }, signal)]);
      const p = points.points;
      return { name, n: p.length, more: points.more, errors: p.filter((x) => x.error).length, durations: p.map((x) => Number(x.duration_ns)), costs: p.flatMap((x) => (x.cost_nano_usd === null ? [] : [Number(x.cost_nano_usd)])), tokens: p.flatMap((x) => (x.tokens === null ? [] : [Number(x.tokens)])), traces: list.traces };
    },
  })) });
  const failed = arms.find((a) => a.isError), ready = names.length > 0 && arms.every((a) => a.data !== undefined);
  const all = ready ? arms.map((a) => a.data!) : [];
  const keys = useQuery({ queryKey: ['score-keys', range], staleTime: 60_000, queryFn: ({ signal }) => get<KeyList>('/keys', { prefix: 'eval.score.', ...range }, signal) });
  const scores = (keys.data?.keys ?? []).filter((k) => k.key.startsWith('eval.score.')).slice(0, 2).map((k) => k.key);
  // Which values stand in the address; one arm after another, so that names may hold commas.
  const choose = (list: string[]): void => setList('arm', list);
  return (
    <main className="page">
      <header className="top"><h1>Compare</h1><Modes on="arms" /><span className="grow" />
        <form className="field ovq wide" role="search" onSubmit={(e) => { e.preventDefault(); setParams({ q: text.trim() || null }, 'push'); }}><input type="search" aria-label="Only what matches" placeholder="agent:support-agent" value={text} onChange={(e) => setText(e.target.value)} spellCheck={false} /></form>
        {rangeControl}</header>
      <div className="armbar"><span className="dim">Arms by</span><label className="btn pick"><select aria-label="Field of the arms" value={field} onChange={(e) => setList('arm', [], { by: e.target.value })}>{(Object.keys(armFields) as Field[]).map((f) => <option key={f} value={f}>{armFields[f]}</option>)}</select></label>
        {known.map((v) => { const i = names.indexOf(v.value); return <button type="button" key={v.value} className="btn" aria-pressed={i >= 0} disabled={i < 0 && names.length >= most} onClick={() => choose(i >= 0 ? names.filter((n) => n !== v.value) : [...names, v.value])}>{i >= 0 && <i className={`sw ${paint[i]}`} />}<Safe text={oneLine(v.value, 40)} /><span className="dim">{integer(v.count)}</span></button>; })}
        <span className="grow" />{names.length > 1 && <button type="button" className="btn" title="The first arm is what the others are compared with" onClick={() => choose([...names.slice(1), names[0]!])}>Other baseline</button>}</div>
      <div className="arms scroll" tabIndex={0} role="region" aria-label="Arms">
        {(values.isError || failed) && <Failure error={values.error ?? failed?.error} retry={() => { void values.refetch(); for (const a of arms) void a.refetch(); }} />}
        {values.data && known.length === 0 && <div className="centered"><div className="first panel"><h2>No run tells its {armFields[field].toLowerCase()} in this range</h2><p className="mid">Arms come from attributes of the spans: <code>experiment.variant</code>, <code>gen_ai.prompt.version</code>, or the model that was called. Choose another field or a longer range.</p></div></div>}
        {!ready && known.length > 0 && !failed && <div className="armgrid">{[0, 1, 2, 3].map((i) => <section className="panel pad" key={i}><Skeleton w="40%" /><Skeleton w="95%" h={120} /></section>)}</div>}
        {values.data?.adjusted && <SampledNote of={[{ stored_only: true }]} long />}
        {ready && <>
          {all.some((x) => x.more || x.n < 30) && <p className="notice flat warn armnote">{all.filter((x) => x.n < 30).map((x, i) => <span key={x.name}>{i > 0 && ', '}<Safe text={oneLine(x.name, 40)} /> has {some(x.n, 'run')}</span>)}{all.some((x) => x.n < 30) && ': intervals are wide. '}{all.some((x) => x.more) && 'Of the larger arms the latest 5,000 runs are shown.'}</p>}
          <div className="armgrid">
            {(Object.keys(figures) as Figure[]).map((f) => <Distribution key={f} figure={f} arms={all} link={(name) => searchUrl(of(name), range.from, range.to, `&plot=${f}`)} />)}
            <Failures arms={all} link={(name) => searchUrl(and(of(name), 'status:error'), range.from, range.to)} />
            {scores.map((k) => <Score key={k} name={k} arms={all.map((a) => a.name)} of={of} range={range} />)}
          </div>
          {all.length > 1 && <Pairs a={all[0]!} b={all[1]!} sort={sort} />}
          <p className="cap">Intervals are of 95 %: means by bootstrap, shares after Wilson and Newcombe. {all.length > 2 && 'They are not widened for the number of comparisons. '}A run stands in an arm when one of its spans carries the value.</p>
        </>}
      </div>
      <StatusBar keys={[[['g', 'c'], 'two runs'], [['?'], 'all keys']]} left={ready ? <>{some(all.reduce((n, a) => n + a.n, 0), 'run')} in {some(all.length, 'arm')}</> : undefined} />
    </main>
  );
}

/** What the difference says, in a word: only an interval that leaves out zero is called a difference. */
function Verdict({ d, text, worse = true }: { d: { d: number; interval: Interval | null } | null; text: (v: number) => string; worse?: boolean }) {
  if (!d) return <span className="dim">—</span>;
  const sure = d.interval !== null && (d.interval[0] > 0 || d.interval[1] < 0);
  return <span className="verdict"><b className={`fwm ${sure ? ((d.d > 0) === worse ? 'danger' : 'ok') : ''}`}>{signed(d.d, text)}</b>{d.interval && !sure && <span className="chip">may be chance</span>}{d.interval ? <span className="dim"> {signed(d.interval[0], text)} … {signed(d.interval[1], text)}</span> : <span className="dim"> too few to tell</span>}</span>;
}

function Distribution({ figure, arms, link }: { figure: Figure; arms: Arm[]; link: (arm: string) => string }) {
  const f = figures[figure];
  const [ref, { width }] = useSize<HTMLDivElement>();
  const shapes = useMemo(() => {
    const values = arms.map((a) => f.of(a).filter((v) => v > 0)), flat = values.flat().sort((x, y) => x - y);
    if (flat.length === 0) return null;
    const low = flat[0]!, high = flat.at(-1)!, log = high / low > 12, n = 36;
    const one = high === low, a = one ? low * 0.9 : log ? low * 0.97 : Math.max(0, low - (high - low) * 0.03), b = one ? high * 1.1 : log ? high * 1.03 : high + (high - low) * 0.03;
    return { a, b, log, rows: values.map((v) => { const s = [...v].sort((x, y) => x - y); return { v, s, counts: bins(v, a, b, n, log), p50: s.length ? quantile(s, 0.5) : null, p95: s.length ? quantile(s, 0.95) : null, mean: s.length ? mean(v) : null, interval: meanInterval(v) }; }) };
  }, [arms, f]);
  const w = Math.max(100, width), rowH = 46;
  return (
    <section className="panel arm dist" aria-label={f.title}><header><h2>{f.title}</h2><span className="cap trunc" title="A tick at p50, a dashed one at p95; the whisker is the mean with its interval">{shapes?.log ? 'logarithmic; ' : ''}ticks: p50, p95; whisker: mean</span></header>
      {!shapes ? <p className="pad dim">No run of these arms tells it.</p> : <>
        <div className="armplot"><div ref={ref}><svg width={w} height={shapes.rows.length * rowH + 18} role="img" aria-label={`${f.title}: ${arms.map((a, i) => `${a.name} p50 ${shapes.rows[i]!.p50 !== null ? f.text(shapes.rows[i]!.p50!) : 'unknown'}`).join(', ')}`}>
          {shapes.rows.map((r, i) => {
            const x = (v: number): number => { const g = shapes.log ? Math.log : (z: number): number => z; return ((g(Math.max(v, 1e-9)) - g(Math.max(shapes.a, 1e-9))) / (g(shapes.b) - g(Math.max(shapes.a, 1e-9)))) * w; };
            const peak = Math.max(1, ...r.counts), base = i * rowH + rowH - 10, bw = w / r.counts.length;
            return <g key={i}>{r.counts.map((c, k) => (c > 0 ? <rect key={k} x={k * bw + 0.5} width={Math.max(1, bw - 1)} y={base - (c / peak) * (rowH - 16)} height={(c / peak) * (rowH - 16)} className={`${fill[i]} armbin`} /> : null))}<line x1="0" x2={w} y1={base} y2={base} className="st-line2" />
              {[r.p50, r.p95].map((v, k) => (v !== null ? <line key={k} x1={x(v)} x2={x(v)} y1={base - rowH + 14} y2={base} className="armtick" strokeDasharray={k ? '2 2' : undefined} /> : null))}
              {r.interval && r.mean !== null && <g className="whisk"><line x1={x(r.interval[0])} x2={x(r.interval[1])} y1={base + 5} y2={base + 5} /><circle cx={x(r.mean)} cy={base + 5} r="2.5" /></g>}</g>;
          })}
          <text x="0" y={shapes.rows.length * rowH + 14}>{f.text(shapes.a)}</text><text x={w} y={shapes.rows.length * rowH + 14} textAnchor="end">{f.text(shapes.b)}</text>
        </svg></div></div>
        <table><thead><tr><th scope="col">Arm</th><th scope="col" className="num">Runs</th><th scope="col" className="num">p50</th><th scope="col" className="num">p95</th><th scope="col" className="num">Mean</th><th scope="col">Mean, against baseline</th></tr></thead>
          <tbody>{shapes.rows.map((r, i) => <tr key={i}><td className="trunc armn"><i className={`sw ${paint[i]}`} /><Link className="link" to={link(arms[i]!.name)}><Safe text={oneLine(arms[i]!.name, 40)} /></Link></td><td className="num dim">{integer(r.v.length)}</td><td className="num">{r.p50 !== null ? f.text(r.p50) : '—'}</td><td className="num">{r.p95 !== null ? f.text(r.p95) : '—'}</td><td className="num fwm">{r.mean !== null ? f.text(r.mean) : '—'}</td><td>{i === 0 ? <span className="dim">baseline</span> : <Verdict d={meanDifference(shapes.rows[0]!.v, r.v)} text={f.text} />}</td></tr>)}</tbody></table></>}
    </section>
  );
}

/** A share with its interval, on one axis for all arms. */
function Shares({ title, note, arms, hits, totals, link, worse = true }: { title: string; note: string; arms: string[]; hits: number[]; totals: number[]; link?: (arm: string) => string; worse?: boolean }) {
  const intervals = hits.map((h, i) => shareInterval(h, totals[i]!));
  const top = Math.max(0.05, ...intervals.map((x) => x?.[1] ?? 0)) * 1.1;
  const points = (v: number): string => `${(v * 100).toFixed(1)} pt`;
  return (
    <section className="panel arm" aria-label={title}><header><h2>{title}</h2><span className="cap">{note}</span></header>
      <table><thead><tr><th scope="col">Arm</th><th scope="col" className="num">Runs</th><th scope="col" className="num">Share</th><th scope="col">Interval, 0 to {percent(top)}</th><th scope="col">Against the baseline</th></tr></thead>
        <tbody>{arms.map((name, i) => { const x = intervals[i] ?? null; return <tr key={name}><td className="trunc armn"><i className={`sw ${paint[i]}`} />{link ? <Link className="link" to={link(name)}><Safe text={oneLine(name, 40)} /></Link> : <Safe text={oneLine(name, 40)} />}</td><td className="num">{integer(hits[i]!)} of {integer(totals[i]!)}</td><td className="num fwm">{totals[i]! > 0 ? percent(hits[i]! / totals[i]!) : '—'}</td><td className="shx">{x && <span className="utrack wide2" role="img" aria-label={`${percent(x[0])} to ${percent(x[1])}`}><i className="ur" style={{ left: `${(x[0] / top) * 100}%`, right: `${100 - (x[1] / top) * 100}%` }} /><i className="um" style={{ left: `${(hits[i]! / totals[i]! / top) * 100}%` }} /></span>}</td><td>{i === 0 ? <span className="dim">baseline</span> : <Verdict d={shareDifference(hits[0]!, totals[0]!, hits[i]!, totals[i]!)} text={points} worse={worse} />}</td></tr>; })}</tbody></table>
    </section>
  );
}
const Failures = ({ arms, link }: { arms: Arm[]; link: (arm: string) => string }) => <Shares title="Runs with errors" note="a span of the run failed" arms={arms.map((a) => a.name)} hits={arms.map((a) => a.errors)} totals={arms.map((a) => a.n)} link={link} />;

/** A score that spans carry: how many lie under a limit. Counts come from the store, so they are of all of them. */
function Score({ name, arms, of, range }: { name: string; arms: string[]; of: (arm: string) => string; range: Range }) {
  const [limit, setLimit] = useState(0.7);
  const d = useQuery({ queryKey: ['score', name, arms, range, limit, of('')], placeholderData: keepPreviousData, queryFn: async ({ signal }) => {
    const count = async (q: string): Promise<number> => (await get<Timeseries>('/timeseries', { q, ...range, row: 'spans', buckets: 1 }, signal)).points.reduce((n, p) => n + p.count, 0);
    return Promise.all(arms.map(async (a) => ({ under: await count(`${of(a)} ${name}<${limit}`), all: await count(`${of(a)} ${name} exists`) })));
  } });
  const short = name.replace(/^eval\.score\./, '');
  return (
    <div className="armscore"><Shares title={`${oneLine(short, 40)} under ${limit}`} note="of the spans that carry the score" arms={arms} hits={(d.data ?? arms.map(() => ({ under: 0, all: 0 }))).map((x) => x.under)} totals={(d.data ?? arms.map(() => ({ under: 0, all: 0 }))).map((x) => x.all)} />
      <label className="armlimit dim">limit<input type="number" step="0.05" value={limit} aria-label={`Limit of ${oneLine(short, 40)}`} onChange={(e) => { const v = Number(e.target.value); if (Number.isFinite(v)) setLimit(v); }} /></label></div>
  );
}

/** The same question in both arms: the pairs that lie farthest apart. */
function Pairs({ a, b, sort }: { a: Arm; b: Arm; sort: Figure }) {
  const f = figures[sort];
  const pairs = useMemo(() => {
    const of = (arm: Arm): Map<string, TraceSummary> => { const m = new Map<string, TraceSummary>(); for (const t of arm.traces) { const k = t.question?.trim(); if (k && !m.has(k) && f.one(t) !== null) m.set(k, t); } return m; };
    const x = of(a), y = of(b);
    return [...x].flatMap(([k, t]) => { const u = y.get(k); return u && u.trace_id !== t.trace_id ? [{ k, t, u, d: f.one(u)! - f.one(t)! }] : []; }).sort((p, q) => Math.abs(q.d) - Math.abs(p.d));
  }, [a, b, f]);
  return (
    <section className="panel" aria-label="Examples that differ most"><header><h2>Examples that differ most</h2><span className="cap">{some(pairs.length, 'question')} asked in both arms; the latest run of each</span><span className="grow" />
      <span className="seg" role="group" aria-label="Differ by">{(['cost', 'duration', 'tokens'] as const).map((s) => <button type="button" key={s} aria-pressed={s === sort} onClick={() => setParams({ sort: s === 'cost' ? null : s })}>{figures[s].title.split(' ')[0]}</button>)}</span></header>
      {pairs.length === 0 ? <p className="pad dim">No question was asked in both arms.</p> : <table><thead><tr><th scope="col">Question</th><th scope="col" className="num"><Safe text={oneLine(a.name, 20)} /></th><th scope="col" className="num"><Safe text={oneLine(b.name, 20)} /></th><th scope="col" className="num">Difference</th><th scope="col">Failed</th><th scope="col" /></tr></thead>
        <tbody>{pairs.slice(0, 12).map((p) => <tr key={p.k}><td className="trunc tcellw">{oneLine(p.k, 160) && <Safe text={oneLine(p.k, 160)} />}</td><td className="num"><Link className="link" to={`/t/${p.t.trace_id}`}>{f.text(f.one(p.t)!)}</Link></td><td className="num"><Link className="link" to={`/t/${p.u.trace_id}`}>{f.text(f.one(p.u)!)}</Link></td><td className={`num fwm ${p.d > 0 ? 'danger' : p.d < 0 ? 'ok' : ''}`}>{signed(p.d, f.text)}</td><td className="armf">{p.t.errors > 0 && <span className="row"><KindIcon kind="error" /><Safe text={oneLine(a.name, 12)} /></span>}{p.u.errors > 0 && <span className="row"><KindIcon kind="error" /><Safe text={oneLine(b.name, 12)} /></span>}</td><td className="num"><Link className="link" to={`/compare?a=${p.t.trace_id}&b=${p.u.trace_id}`}>step by step</Link></td></tr>)}</tbody></table>}
    </section>
  );
}
