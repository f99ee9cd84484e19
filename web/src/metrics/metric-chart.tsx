import { useMemo } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ApiFailure, get } from '../api/client';
import type { MetricInfo, MetricSeries } from '../api/types';
import { Chart, Legend } from '../chart/chart';
import { Panel } from '../chart/panel';
import { durationText, integer, roundText, some } from '../format/numbers';
import { nanos, type Range } from '../format/time';
import { quote } from '../search/language';
import { Safe } from '../text/text';
import { Failure } from '../ui/bits';
import { Icon } from '../ui/icons';
import { Link } from '../url/link';
import { navigate, setList, setParams } from '../url/router';
import { searchUrl } from '../url/search-url';
import { measure, plainNumber, unitWord } from './measure';
import { charted, condition, drawn, fnWords, functionsOf, percentiles, readCondition, spanTerms, steps, timesFor, typeOf, type Drawn, type Fn } from './model';

const tokenType = 'gen_ai.token.type';
/** Tokens in and out are two things: unasked they are not added up. "-" says that nothing is split. */
function splitBy(params: URLSearchParams, info: MetricInfo | null): string[] {
  const by = params.get('by');
  if (by === null) return info?.attributes.includes(tokenType) ? [tokenType] : [];
  return by === '-' ? [] : by.split(',').filter(Boolean).slice(0, 4);
}

/** One metric over time: what is made of its points, split by attributes, narrowed by conditions; all of it in the address. */
export function MetricChart({ name, info, params, range }: { name: string; info: MetricInfo | null; params: URLSearchParams; range: Range }) {
  const offered = info ? functionsOf(info) : [];
  const fn = (params.get('fn') ?? offered[0] ?? 'sum') as Fn;
  const by = useMemo(() => splitBy(params, info), [params, info]);
  const where = params.getAll('where').slice(0, 8), step = params.get('step') ?? '';
  const q = params.get('q');
  const qs: (number | string)[] = fn !== 'quantile' ? [] : q !== null ? [q] : by.length > 0 ? [95] : percentiles;
  const live = range.to === 'now';
  const d = useQuery({
    queryKey: ['metric', name, fn, by, where, step, qs, range], enabled: info !== null, placeholderData: keepPreviousData, retry: false, refetchInterval: live ? 30_000 : false,
    queryFn: async ({ signal }) => {
      const ask = { name, fn, by: by.join(','), where, ...timesFor(range, step) };
      return Promise.all((qs.length > 0 ? qs : [null]).map(async (p) => ({ q: p === null ? null : Number(p), data: await get<MetricSeries>('/metrics/series', p === null ? ask : { ...ask, q: p }, signal) })));
    },
  });
  const unit = d.data?.[0]?.data.unit ?? info?.unit ?? null;
  // What is drawn is the answer that is here, which may still be the one to the question before.
  const told = d.data?.[0]?.data.fn ?? fn;
  const summed = told === 'sum' || told === 'count';
  const figure = told === 'count' ? plainNumber : measure(unit, told === 'rate');
  const list = useMemo(() => drawn(d.data ?? [], figure, summed), [d.data, told, unit]); // eslint-disable-line react-hooks/exhaustive-deps
  const lines = charted(list, summed, figure);
  const answer = d.data?.[0]?.data;
  const stepMs = (answer?.step_ns ?? 60e9) / 1e6, begin = answer ? Number(nanos(answer.searched_from) / 1_000_000n) : 0;
  const times = useMemo(() => Array.from({ length: answer?.series[0]?.values.length ?? 0 }, (_, i) => begin + i * stepMs), [answer, begin, stepMs]);
  const form = summed && lines.every((l) => l.values.every((v) => v === null || v >= 0)) ? 'bars' : 'lines';
  const write = (w: string[]): void => setList('where', w);
  const only = (s: Drawn): void => write([...where, ...(s.by ?? []).map(([k, v]) => condition(k, v ?? ''))].filter((x, i, all) => all.indexOf(x) === i).slice(0, 8));
  const conditions = where.map(readCondition);
  const base: [string, string | null][] = [...conditions.flatMap((c): [string, string | null][] => (c ? [[c.key, c.value]] : [])), ...(info?.services.length === 1 && !where.some((w) => w.startsWith('service=')) ? [['service', info.services[0]!] as [string, string]] : [])];
  const spans = (s: Drawn | null, from: string | number, to: string | number): string => searchUrl(spanTerms([...base, ...(s?.by ?? []).filter(([k]) => !base.some(([b]) => b === k))], quote), typeof from === 'number' ? new Date(from).toISOString() : from, typeof to === 'number' ? new Date(to).toISOString() : to);
  const offeredBy = ['service', ...(info?.attributes ?? [])].filter((k) => !by.includes(k));
  const setBy = (list_: string[]): void => setParams({ by: list_.length > 0 ? list_.join(',') : info?.attributes.includes(tokenType) ? '-' : null }, 'push');
  const unitTold = fn === 'count' ? 'values' : unitWord(unit);
  const missing = info === null || (d.error instanceof ApiFailure && d.error.kind === 'not_found');
  return (
    <section className="mview scroll" tabIndex={0} role="region" aria-label="Metric">
      <header className="mhead"><h2><Safe text={name} /></h2>{info && <><span className="chip">{typeOf(info)}</span>{info.temporality !== 'unspecified' && <span className="chip out" title={info.temporality === 'delta' ? 'Each point tells what was added since the one before' : 'Each point tells the total since the client began; what is drawn is what was added between two of them'}>{info.temporality}</span>}{info.unit && <span className="chip out">unit <Safe text={info.unit} /></span>}<span className="dim">{some(info.points, 'point')} in {integer(info.series)} series</span></>}</header>
      {info?.description && <p className="mid mdesc"><Safe text={info.description} /></p>}
      <div className="mbar">
        <span className="seg" role="group" aria-label="What is made of the points">{offered.map((x) => <button type="button" key={x} aria-pressed={x === fn} onClick={() => setParams({ fn: x === offered[0] ? null : x, q: null }, 'push')}>{fnWords[x]}</button>)}</span>
        {fn === 'quantile' && <label className="pick field">Percentile<select aria-label="Percentile" value={q ?? ''} onChange={(e) => setParams({ q: e.target.value }, 'push')}><option value="">{by.length > 0 ? 'p95' : 'p50, p95, p99'}</option>{[50, 75, 90, 99].map((p) => <option key={p} value={p}>p{p}</option>)}</select></label>}
        <span className="row mby"><span className="dim">Split by</span>{by.map((k) => <button type="button" key={k} className="chip mrem" aria-label={`Do not split by ${k}`} onClick={() => setBy(by.filter((x) => x !== k))}><Safe text={k} /><Icon name="x" /></button>)}
          {by.length < 4 && <span className="pick field"><select aria-label="Split by" value="" onChange={(e) => setBy([...by, e.target.value])}><option value="">{by.length > 0 ? 'and …' : 'nothing'}</option>{offeredBy.map((k) => <option key={k} value={k}>{k}</option>)}</select></span>}</span>
        <label className="pick field">Step<select aria-label="Step" value={step} onChange={(e) => setParams({ step: e.target.value }, 'push')}><option value="">{answer && step === '' ? `fitting (${roundText(durationText(answer.step_ns))})` : 'fitting'}</option>{[...new Set([...steps, ...(step ? [step] : [])])].map((s) => <option key={s} value={s}>{s}</option>)}</select></label>
      </div>
      {where.length > 0 && <div className="row mby mwhere"><span className="dim">Only</span>{where.map((w, i) => <button type="button" key={w} className="chip accent mrem" aria-label={`Without the condition ${w}`} onClick={() => write(where.filter((_, j) => j !== i))}><Safe text={conditions[i]?.value === '' ? `${conditions[i]?.key} not told` : w} /><Icon name="x" /></button>)}</div>}
      {missing ? <div className="notice flat"><div><b>No point of <Safe text={name} /> in this range{where.length > 0 && ' under these conditions'}.</b><div className="mid">{where.length > 0 ? 'Take a condition away, or choose' : 'Choose a metric of the list, or'} a longer time range at the top right.</div></div></div>
        : d.isError ? <Failure error={d.error} retry={() => void d.refetch()} />
        : <>
          <Panel title={fn === 'quantile' && qs.length === 1 ? `p${qs[0]}` : fnWords[fn] ?? fn} note={[unitTold, fn === 'rate' ? 'a second' : '', answer ? `in steps of ${roundText(durationText(answer.step_ns))}` : ''].filter(Boolean).join(', ')} loading={d.isPending} empty={lines.length === 0 ? 'No value in this range: a counter that sums up needs two points.' : null}>
            <Legend lines={lines} /><Chart word={name} times={times} step={stepMs} lines={lines} form={form} text={figure} height={260} go={(l, a, b) => navigate(spans(list.find((s) => s.line.key === l) ?? null, a, b))} />
          </Panel>
          {list.length > 0 && <section className="panel mtab" aria-label="Series"><table><thead><tr><th scope="col">{(answer?.by ?? by).length > 0 ? (answer?.by ?? by).map((k, i) => <span key={k}>{i > 0 && ' · '}<Safe text={k} /></span>) : 'Series'}</th>{summed && <th scope="col" className="num">In all</th>}<th scope="col" className="num">Latest</th><th scope="col" className="num">Least</th><th scope="col" className="num">Most</th><th scope="col" className="num">Steps with values</th><th scope="col"><span className="sr">Ways on</span></th></tr></thead>
            <tbody>{list.map((s) => <tr key={s.line.key}><td><span className="row"><i className={`sw ${lines.some((l) => l.key === s.line.key) ? s.line.className : 'b-line2'}`} /><span className="trunc"><Safe text={s.line.label} /></span></span></td>{summed && <td className="num fwm">{figure(s.known.reduce((a, b) => a + b, 0))}</td>}<td className={`num ${summed ? '' : 'fwm'}`}>{figure(s.latest!)}</td><td className="num">{figure(Math.min(...s.known))}</td><td className="num">{figure(Math.max(...s.known))}</td><td className="num dim">{integer(s.known.length)} of {integer(times.length)}</td>
              <td className="num mways">{s.by && <button type="button" className="more" onClick={() => only(s)}>only this</button>} <Link className="link" to={spans(s, range.from, range.to)}>traces</Link></td></tr>)}</tbody></table>
            {d.data?.some((a) => a.data.more) && <p className="pad dim">There are more than {integer(list.length)} series; the largest are here. Split by less, or look at one with “only this”.</p>}
            {list.length > 8 && !summed && <p className="pad dim">The chart has the 8 largest of {integer(list.length)}.</p>}</section>}
        </>}
    </section>
  );
}
