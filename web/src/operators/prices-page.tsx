import { useMemo } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { UsageReport } from '../api/types';
import { compact, integer, money, percent } from '../format/numbers';
import type { Range } from '../format/time';
import { StatusBar } from '../frame/frame';
import { quote } from '../search/language';
import { TimeRange } from '../search/time-range';
import { Safe } from '../text/text';
import { CostText, Failure, Skeleton } from '../ui/bits';
import { Link } from '../url/link';
import { setParams } from '../url/router';
import './operators.css';

const age = (date: string): number => Math.max(0, Math.floor((Date.now() - Date.parse(date)) / 86_400e3));

/** Which models were called, which of them have a price, and how old the prices are. */
export default function PricesPage({ params }: { params: URLSearchParams }) {
  const range = useMemo<Range>(() => ({ from: params.get('from') ?? 'now-30d', to: params.get('to') ?? 'now' }), [params]);
  const d = useQuery({ queryKey: ['usage', 'prices', range], queryFn: ({ signal }) => get<UsageReport>('/usage', { by: 'model,provider', ...range, limit: 1000 }, signal) });
  const rows = [...(d.data?.rows ?? [])].sort((a, b) => b.cost.unpriced_tokens - a.cost.unpriced_tokens || (b.cost.nano_usd ?? 0) - (a.cost.nano_usd ?? 0));
  const t = d.data?.total;
  const all = t ? t.tokens.total_input + t.tokens.total_output : 0;
  const days = d.data?.prices_date ? age(d.data.prices_date) : null;
  return (
    <main className="page"><header className="top"><h1>Prices</h1>{days !== null && <span className={`chip ${days > 90 ? 'warn' : ''}`}>built-in list of {d.data!.prices_date}, {integer(days)} {days === 1 ? 'day' : 'days'} old</span>}<span className="grow" /><TimeRange range={range} set={(r) => setParams({ from: r.from === 'now-30d' ? null : r.from, to: r.to === 'now' ? null : r.to }, 'push')} /></header>
      <div className="opage scroll" tabIndex={0} role="region" aria-label="Models and their prices">
        {d.isError && <Failure error={d.error} retry={() => void d.refetch()} />}
        {t && t.cost.unpriced_calls > 0 && <p className="notice warn flat">{t.cost.unpriced_calls === 1 ? '1 call has' : `${integer(t.cost.unpriced_calls)} calls have`} no price: {percent(all > 0 ? t.cost.unpriced_tokens / all : null)} of all tokens are in no cost. Give the model a price in a file of your own; it applies to past calls at once (docs/prices.md).</p>}
        <section className="panel"><table><thead><tr><th scope="col">Model as called</th><th scope="col">Provider</th><th scope="col">Price</th><th scope="col" className="num">Calls</th><th scope="col" className="num">Input</th><th scope="col" className="num">From cache</th><th scope="col" className="num">Output</th><th scope="col" className="num">Cost</th><th scope="col" className="num">$ / M tokens</th></tr></thead>
          <tbody>{d.isPending && [0, 1].map((i) => <tr key={i}><td><Skeleton w={200} /></td><td colSpan={8} /></tr>)}{rows.map((r, i) => { const total = r.tokens.total_input + r.tokens.total_output, m = r.key['model']; return (
            <tr key={i}><td>{m ? <Link className="link" to={`/search?row=spans&q=${encodeURIComponent(`model:${quote(m)}`)}&from=${encodeURIComponent(range.from)}`}><Safe text={m} /></Link> : <span className="dim">not told</span>}</td><td className="mid">{r.key['provider'] ? <Safe text={r.key['provider']} /> : '—'}</td>
              <td>{r.cost.unpriced_calls > 0 ? <span className="chip warn">{r.cost.priced_calls > 0 ? `${integer(r.cost.unpriced_calls)} calls unpriced` : 'unpriced'}</span> : r.cost.partly_priced_calls > 0 ? <span className="chip warn">partly</span> : r.cost.priced_calls > 0 ? <span className="ok">priced</span> : <span className="dim">no usage told</span>}</td>
              <td className="num">{integer(r.calls)}</td><td className="num" title={`${integer(r.tokens.total_input)} tokens`}>{compact(r.tokens.total_input)}</td><td className="num">{percent(r.cache_hit_rate)}</td><td className="num">{compact(r.tokens.total_output)}</td><td className="num fwm"><CostText cost={r.cost} /></td><td className="num dim">{r.cost.nano_usd !== null && total > 0 ? money((r.cost.nano_usd / total) * 1e6) : '—'}</td></tr>); })}</tbody></table>
          {d.data && rows.length === 0 && <p className="pad dim">No model was called in this range.</p>}</section>
      </div><StatusBar keys={[[['g', 'o'], 'overview'], [['?'], 'all keys']]} left={d.data ? <>{integer(rows.length)} models</> : undefined} /></main>
  );
}
