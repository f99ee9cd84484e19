import { useMemo, useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { DependencyList, OperationList, ServiceList, UsageReport } from '../api/types';
import { durationText, integer, percent } from '../format/numbers';
import { ago, timeTitle } from '../format/time';
import { StatusBar } from '../frame/frame';
import { FirstTrace, useNothingYet } from '../search/empty';
import { quote } from '../search/language';
import { useRange } from '../ui/time-range';
import { Safe } from '../text/text';
import { CostText, Failure, SampledNote, Skeleton } from '../ui/bits';
import { KindIcon } from '../ui/icons';
import { Link } from '../url/link';
import { setParams } from '../url/router';
import { searchUrl } from '../url/search-url';
import { providersOf, ServiceMap } from './service-map';
import './services.css';

export default function ServicesPage({ params }: { params: URLSearchParams }) {
  const { range, rangeControl } = useRange(params, 'now-24h');
  const chosen = params.get('service');
  const services = useQuery({ queryKey: ['services', range], queryFn: ({ signal }) => get<ServiceList>('/services', { ...range }, signal) });
  const edges = useQuery({ queryKey: ['dependencies', range], queryFn: ({ signal }) => get<DependencyList>('/dependencies', { ...range }, signal) });
  const usage = useQuery({ queryKey: ['usage', 'providers', range], queryFn: ({ signal }) => get<UsageReport>('/usage', { by: 'service,provider', ...range }, signal) });
  const providers = useMemo(() => providersOf(usage.data), [usage.data]);
  const list = services.data?.services ?? [];
  const nothingYet = useNothingYet();
  const [filter, setFilter] = useState('');
  const shown = list.filter((s) => s.name.toLowerCase().includes(filter.toLowerCase()));
  const search = (s: string, more = ''): string => searchUrl(`service:${quote(s)}${more}`, range.from, range.to);
  return (
    <main className="page">
      <header className="top"><h1>Services</h1><span className="grow" /><div className="field"><input type="search" placeholder="Filter" aria-label="Filter services" value={filter} onChange={(e) => setFilter(e.target.value)} /></div>
        {rangeControl}</header>
      {nothingYet && list.length === 0 ? <div className="center"><FirstTrace /></div> : <div className="svc scroll" tabIndex={0} role="region" aria-label="Services and their calls">
        {(services.isError || edges.isError) && <Failure error={services.error ?? edges.error} retry={() => { void services.refetch(); void edges.refetch(); }} />}
        <div className="svcgrid">
          <section className="panel"><header><h2>Who calls whom</h2><span className="cap">calls, p95 of the called side, share that failed; cost on the edges to model providers</span><span className="grow" /><SampledNote of={[edges.data, usage.data]} /></header>
            {edges.data && services.data ? (edges.data.dependencies.length + providers.length > 0 ? <ServiceMap services={list} edges={edges.data.dependencies} providers={providers} least={420} label="Service map; the table below says the same" chosen={chosen} choose={(s) => setParams({ service: s === chosen ? null : s })} /> : <p className="pad dim">No call from one service to another in this range.</p>) : !edges.isError && <div className="pad"><Skeleton w="60%" h={180} /></div>}
            {edges.data && edges.data.dependencies.length + providers.length > 0 && <table className="edges"><thead><tr><th scope="col">Caller</th><th scope="col">Called</th><th scope="col" className="num">Calls</th><th scope="col" className="num">Errors</th><th scope="col" className="num">p50</th><th scope="col" className="num">p95</th><th scope="col" className="num">Cost</th></tr></thead>
              <tbody>{edges.data.dependencies.slice(0, 100).map((e) => <tr key={`${e.parent}\u0000${e.child}`}><td><Safe text={e.parent} /></td><td><Safe text={e.child} /></td><td className="num">{integer(e.calls)}</td><td className={`num ${e.errors > 0 ? 'danger' : 'dim'}`}>{e.errors > 0 ? `${integer(e.errors)} (${percent(e.errors / e.calls)})` : '–'}</td><td className="num">{durationText(e.p50_ns)}</td><td className="num">{durationText(e.p95_ns)}</td><td /></tr>)}{providers.map((e) => <tr key={`${e.service}\u0000p${e.provider}`}><td><Safe text={e.service} /></td><td><span className="row"><KindIcon kind="llm" /><Safe text={e.provider} /></span></td><td className="num">{integer(e.calls)}</td><td className={`num ${e.errors > 0 ? 'danger' : 'dim'}`}>{e.errors > 0 ? `${integer(e.errors)} (${percent(e.errors / e.calls)})` : '–'}</td><td /><td /><td className="num"><CostText cost={e.cost} /></td></tr>)}</tbody></table>}
          </section>
          <section className="panel"><header><h2>{integer(shown.length)} {shown.length === 1 ? 'service' : 'services'}</h2><span className="grow" /><SampledNote of={[services.data]} /></header>
            <table><thead><tr><th scope="col">Service</th><th scope="col" className="num">Spans</th><th scope="col" className="num">Errors</th><th scope="col" className="num">Last seen</th></tr></thead>
              <tbody>{services.isPending && [0, 1, 2].map((i) => <tr key={i}><td><Skeleton w={140} /></td><td /><td /><td /></tr>)}
                {shown.map((s) => <tr key={s.name} className={s.name === chosen ? 'selrow' : ''}><td className="trunc"><button type="button" className="more" aria-expanded={s.name === chosen} onClick={() => setParams({ service: s.name === chosen ? null : s.name })}><Safe text={s.name} /></button></td><td className="num"><Link className="link" to={search(s.name)}>{integer(s.spans)}</Link></td><td className="num">{s.errors > 0 ? <Link className="danger" to={search(s.name, ' status:error')}>{integer(s.errors)}</Link> : <span className="dim">–</span>}</td><td className="num dim" title={timeTitle(s.last_seen_unix_nano)}>{ago(s.last_seen_unix_nano)}</td></tr>)}</tbody></table>
            {services.data?.more && <p className="pad dim">There are more services than are listed here: narrow the range.</p>}
            {services.data && list.length === 0 && <p className="pad dim">No service has sent spans in this range.</p>}
            {chosen && <Operations service={chosen} link={(o) => search(chosen, ` name:${quote(o)}`)} />}
          </section>
        </div>
      </div>}
      <StatusBar keys={[[['g', 's'], 'search'], [['g', 'h'], 'health'], [['?'], 'all keys']]} />
    </main>
  );
}

function Operations({ service, link }: { service: string; link: (o: string) => string }) {
  const q = useQuery({ queryKey: ['operations', service], queryFn: ({ signal }) => get<OperationList>('/operations', { service }, signal) });
  return (
    <><header className="sub"><h2>Operations of <Safe text={service} /></h2></header>
      {q.isError && <Failure error={q.error} />}
      <table><tbody>{q.data?.operations.map((o) => <tr key={`${o.name}${o.span_kind}`}><td><span className="opname"><KindIcon kind={o.kind} /><Link className="link trunc" to={link(o.name)}><Safe text={o.name} /></Link></span></td><td className="dim">{o.span_kind}</td><td className="num">{integer(o.spans)}</td></tr>)}</tbody></table></>
  );
}
