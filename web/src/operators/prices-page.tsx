import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { PriceList, PriceRule, UsageReport } from '../api/types';
import { compact, integer, money, percent } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { quote } from '../search/language';
import { useRange } from '../ui/time-range';
import { Safe } from '../text/text';
import { CostText, Failure, SampledNote, Skeleton } from '../ui/bits';
import { Link } from '../url/link';
import { searchUrl } from '../url/search-url';
import './operators.css';

const age = (date: string): number => Math.max(0, Math.floor((Date.now() - Date.parse(date)) / 86_400e3));

/** Which models were called, which of them have a price, and how old the prices are. */
export default function PricesPage({ params }: { params: URLSearchParams }) {
  const { range, rangeControl } = useRange(params, 'now-30d');
  const d = useQuery({ queryKey: ['usage', 'prices', range], queryFn: ({ signal }) => get<UsageReport>('/usage', { by: 'model,provider', ...range, limit: 1000 }, signal) });
  const rows = [...(d.data?.rows ?? [])].sort((a, b) => b.cost.unpriced_tokens - a.cost.unpriced_tokens || (b.cost.nano_usd ?? 0) - (a.cost.nano_usd ?? 0));
  const t = d.data?.total;
  const all = t ? t.tokens.total_input + t.tokens.total_output : 0;
  const days = d.data?.prices_date ? age(d.data.prices_date) : null;
  return (
    <main className="page"><header className="top"><h1>Prices</h1>{days !== null && <span className={`chip ${days > 90 ? 'warn' : ''}`}>built-in list of {d.data!.prices_date}, {integer(days)} {days === 1 ? 'day' : 'days'} old</span>}<span className="grow" />{rangeControl}</header>
      <div className="opage scroll" tabIndex={0} role="region" aria-label="Models and their prices">
        {d.isError && <Failure error={d.error} retry={() => void d.refetch()} />}
        {t && t.cost.unpriced_calls > 0 && <p className="notice warn flat">{t.cost.unpriced_calls === 1 ? '1 call has' : `${integer(t.cost.unpriced_calls)} calls have`} no price: {percent(all > 0 ? t.cost.unpriced_tokens / all : null)} of all tokens are in no cost. Give the model a price in a file of your own; it applies to past calls at once (docs/prices.md).</p>}
        <SampledNote of={[d.data]} long />
        <section className="panel" aria-label="Models that were called"><table><thead><tr><th scope="col">Model as called</th><th scope="col">Provider</th><th scope="col">Price</th><th scope="col" className="num">Calls</th><th scope="col" className="num">Input</th><th scope="col" className="num">From cache</th><th scope="col" className="num">Output</th><th scope="col" className="num">Cost</th><th scope="col" className="num">$ / M tokens</th></tr></thead>
          <tbody>{d.isPending && [0, 1].map((i) => <tr key={i}><td><Skeleton w={200} /></td><td colSpan={8} /></tr>)}{rows.map((r, i) => { const total = r.tokens.total_input + r.tokens.total_output, m = r.key['model']; return (
            <tr key={i}><td>{m ? <Link className="link" to={searchUrl(`model:${quote(m)}`, range.from, range.to, '&row=spans')}><Safe text={m} /></Link> : <span className="dim">not told</span>}</td><td className="mid">{r.key['provider'] ? <Safe text={r.key['provider']} /> : '—'}</td>
              <td>{r.cost.unpriced_calls > 0 ? <span className="chip warn">{r.cost.priced_calls > 0 ? `${integer(r.cost.unpriced_calls)} calls unpriced` : 'unpriced'}</span> : r.cost.partly_priced_calls > 0 ? <span className="chip warn">partly</span> : r.cost.priced_calls > 0 ? <span className="ok">priced</span> : <span className="dim">no usage told</span>}</td>
              <td className="num">{integer(r.calls)}</td><td className="num" title={`${integer(r.tokens.total_input)} tokens`}>{compact(r.tokens.total_input)}</td><td className="num">{percent(r.cache_hit_rate)}</td><td className="num">{compact(r.tokens.total_output)}</td><td className="num fwm"><CostText cost={r.cost} /></td><td className="num dim">{r.cost.nano_usd !== null && total > 0 ? money((r.cost.nano_usd / total) * 1e6) : '—'}</td></tr>); })}</tbody></table>
          {d.data && rows.length === 0 && <p className="pad dim">No model was called in this range.</p>}</section>
        <Rules called={rows.map((r) => r.key['model'] ?? '').filter(Boolean)} />
      </div><StatusBar keys={[[['g', 'o'], 'overview'], [['?'], 'all keys']]} left={d.data ? <>{integer(rows.length)} models</> : undefined} /></main>
  );
}

const order = ['input', 'cache_read', 'cache_write', 'cache_write_5m', 'cache_write_1h', 'output', 'reasoning', 'input_audio', 'output_audio', 'input_image', 'output_image'];

/** The price list itself: what a call of a model would cost, and where the price comes from. */
function Rules({ called }: { called: string[] }) {
  const [text, setText] = useState('');
  const list = useQuery({ queryKey: ['prices'], staleTime: 60_000, queryFn: ({ signal }) => get<PriceList>('/prices', { limit: 20_000 }, signal) });
  const f = text.trim().toLowerCase();
  // Without a filter the rules of the models that were called stand first.
  const used = (r: PriceRule): boolean => called.some((m) => m === r.model || (m.startsWith(r.model) && /^[-@:]\d/.test(m.slice(r.model.length))));
  const all = (list.data?.rules ?? []).filter((r) => f === '' || r.model.toLowerCase().includes(f) || (r.provider ?? '').toLowerCase().includes(f) || (r.region ?? '').includes(f));
  const rules = f === '' ? [...all.filter(used), ...all.filter((r) => !used(r))] : all;
  const price = (r: PriceRule, k: string): string => r.tiers[0]?.prices[k] ?? '';
  return (
    <section className="panel" aria-label="Price list"><header><h2>Price list</h2><span className="cap">dollars a million tokens; {list.data ? `${integer(list.data.rules.length)} rules, the user's before imported before built-in` : ''}</span><span className="grow" /><div className="field"><input type="search" aria-label="Filter the price list" placeholder="Model, provider or region" value={text} onChange={(e) => setText(e.target.value)} /></div></header>
      {list.isError && <Failure error={list.error} retry={() => void list.refetch()} />}
      <table><thead><tr><th scope="col">Model</th><th scope="col">Provider</th><th scope="col" className="num">Input</th><th scope="col" className="num">Cache read</th><th scope="col" className="num">Cache write</th><th scope="col" className="num">Output</th><th scope="col">Else</th><th scope="col">From</th><th scope="col">Of</th></tr></thead>
        <tbody>{list.isPending && [0, 1, 2].map((i) => <tr key={i}><td><Skeleton w={200} /></td><td colSpan={8} /></tr>)}
          {rules.slice(0, 60).map((r, i) => <tr key={i}><td className={used(r) ? 'fwm' : ''}><Safe text={r.model} />{r.match !== 'exact' && <span className="dim"> {r.match === 'version' ? 'any version' : <Safe text={r.match} />}</span>}</td><td className="mid"><Safe text={r.provider?.replaceAll('|', ', ') ?? 'any'} />{r.region !== null && <span className="dim"> in <Safe text={r.region} /></span>}</td><td className="num">{price(r, 'input') || '—'}</td><td className="num">{price(r, 'cache_read') || '—'}</td><td className="num">{price(r, 'cache_write') || price(r, 'cache_write_5m') || '—'}</td><td className="num">{price(r, 'output') || '—'}</td>
            <td className="dim">{[...(r.tiers.length > 1 ? [`${integer(r.tiers.length)} tiers`] : []), ...order.slice(4).filter((k) => k !== 'output' && price(r, k)).map((k) => `${k.replace(/_/g, ' ')} ${price(r, k)}`).slice(0, 2)].join(' · ')}</td><td className="mid nw">{r.from}</td><td className="dim nw"><Safe text={r.date ?? '—'} /></td></tr>)}</tbody></table>
      {rules.length > 60 && <p className="pad dim">{integer(rules.length - 60)} more: type a part of the model's name.</p>}
      {list.data && rules.length === 0 && <p className="pad dim">No rule for that. Give the model a price in a file of your own (docs/prices.md).</p>}</section>
  );
}
