import { useEffect, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { MetricList } from '../api/types';
import { integer, some } from '../format/numbers';
import { ago, timeTitle } from '../format/time';
import { StatusBar } from '../frame/frame';
import { Safe } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';
import { useKeys } from '../ui/keys';
import { useRange } from '../ui/time-range';
import { setParams } from '../url/router';
import { FirstMetric } from './empty';
import { MetricChart } from './metric-chart';
import { typeOf } from './model';
import './metrics.css';

/** The metrics that agents send, beside spans: which there are, and one of them over time. */
export default function MetricsPage({ params }: { params: URLSearchParams }) {
  const { range, rangeControl } = useRange(params, 'now-24h');
  const wanted = params.get('name');
  const [filter, setFilter] = useState('');
  const d = useQuery({ queryKey: ['metrics', range], placeholderData: keepPreviousData, refetchInterval: 30_000, queryFn: ({ signal }) => get<MetricList>('/metrics', { ...range }, signal) });
  const list = d.data?.metrics ?? [];
  const f = filter.trim().toLowerCase();
  const shown = list.filter((m) => f === '' || [m.name, m.description ?? '', ...m.services].some((t) => t.toLowerCase().includes(f)));
  const chosen = wanted !== null ? list.find((m) => m.name === wanted) ?? null : null;
  const choose = (name: string, how: 'push' | 'replace' = 'push'): void => setParams({ name, fn: null, q: null, by: null, where: null, step: null }, how);
  // The address says what is seen: without a name the first metric is put into it.
  const first = list[0]?.name;
  useEffect(() => { if (wanted === null && first !== undefined) choose(first, 'replace'); }, [wanted, first]);
  const move = (by: number): void => { const i = shown.findIndex((m) => m.name === wanted), next = shown[Math.max(0, Math.min(shown.length - 1, i + by))]; if (next) { choose(next.name, 'replace'); document.getElementById(`metric-${list.indexOf(next)}`)?.scrollIntoView({ block: 'nearest' }); } };
  useKeys({ j: () => move(1), k: () => move(-1) });
  const nothing = d.data !== undefined && list.length === 0 && wanted === null;
  return (
    <main className="page">
      <header className="top"><h1>Metrics</h1><span className="cap wide">what agents count and measure themselves, sent as OTLP</span><span className="grow" />{rangeControl}</header>
      {d.isError && <Failure error={d.error} retry={() => void d.refetch()} />}
      {nothing ? <div className="center"><FirstMetric widen={range.from === 'now-30d' ? null : () => setParams({ from: 'now-30d', to: null }, 'push')} /></div> : !d.isError && (
        <div className="mets">
          <section className="mlist" aria-label="Metrics">
            <div className="field"><input type="search" aria-label="Filter metrics" placeholder="Name or service" value={filter} onChange={(e) => setFilter(e.target.value)} spellCheck={false} /></div>
            <ul className="scroll" tabIndex={-1}>
              {d.isPending && [0, 1, 2, 3].map((i) => <li key={i} className="mskel"><Skeleton w="80%" /><Skeleton w="55%" h={8} /></li>)}
              {shown.map((m) => (
                <li key={m.name}><button type="button" id={`metric-${list.indexOf(m)}`} aria-current={m.name === wanted} onClick={() => choose(m.name)}>
                  <b title={m.name}><Safe text={m.name} /></b>
                  <span className="mid trunc">{typeOf(m)}{m.unit && m.unit !== '1' && <> in <Safe text={m.unit} /></>}</span><span className="dim num" title={`newest point: ${timeTitle(m.last_unix_nano)}`}>{ago(m.last_unix_nano)}</span>
                  <span className="dim trunc">{m.services.length > 2 ? some(m.services.length, 'service') : m.services.map((s, i) => <span key={s}>{i > 0 && ', '}<Safe text={s || 'service not told'} /></span>)}</span><span className="dim num">{some(m.series, 'series').replace(/ss$/, 's')}</span>
                </button></li>))}
            </ul>
            {d.data && shown.length === 0 && <p className="pad dim">{list.length === 0 ? 'No metric in this range.' : 'No metric of that name or service.'}</p>}
            {d.data?.more && <p className="pad dim">There are more than 1,000 metrics: narrow the range.</p>}
          </section>
          {wanted !== null && (chosen || d.data ? <MetricChart key={wanted} name={wanted} info={chosen} params={params} range={range} /> : <div className="mview pad"><Skeleton w="40%" h={18} /></div>)}
        </div>
      )}
      <StatusBar keys={[[['j', 'k'], 'next, previous metric'], [['?'], 'all keys']]} left={d.data ? <>{integer(list.length)} {list.length === 1 ? 'metric' : 'metrics'}</> : undefined} />
    </main>
  );
}
