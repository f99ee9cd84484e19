import { useQuery } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { CostExplained, SpanDetail, Usage } from '../api/types';
import { integer, money, moneyExact, percent, unknown } from '../format/numbers';

const buckets: { key: keyof Usage; label: string; side: 'in' | 'out'; swatch: string }[] = [
  { key: 'input', label: 'input', side: 'in', swatch: 'b-k-llm' }, { key: 'cache_read', label: 'cache read', side: 'in', swatch: 'b-line2' },
  { key: 'cache_write', label: 'cache write', side: 'in', swatch: 'b-k-tool' }, { key: 'cache_write_5m', label: 'cache write, 5 min', side: 'in', swatch: 'b-k-tool' }, { key: 'cache_write_1h', label: 'cache write, 1 h', side: 'in', swatch: 'b-k-tool' },
  { key: 'input_audio', label: 'audio in', side: 'in', swatch: 'b-k-retrieval' }, { key: 'input_image', label: 'image in', side: 'in', swatch: 'b-k-embedding' },
  { key: 'output', label: 'output', side: 'out', swatch: 'b-k-agent' }, { key: 'reasoning', label: 'reasoning', side: 'out', swatch: 'b-k-chain' },
  { key: 'output_audio', label: 'audio out', side: 'out', swatch: 'b-k-retrieval' }, { key: 'output_image', label: 'image out', side: 'out', swatch: 'b-k-embedding' },
];

/** "3" → "3.00"; what has more digits keeps them. */
const perMillion = (text: string): string => (/^\d+(\.\d?)?$/.test(text) ? Number(text).toFixed(2) : text);

/** Buckets × price = cost, so that the figure explains itself; what is not known is a dash. */
export function UsageCost({ d }: { d: SpanDetail }) {
  const u = d.usage!;
  // Asked with the span, so that the table has its columns before the prices are here: nothing moves.
  const asked = d.cost.state === 'priced' || d.cost.state === 'partly';
  const explained = useQuery({ queryKey: ['cost', d.trace_id, d.span_id], enabled: asked, staleTime: 60_000, queryFn: ({ signal }) => get<CostExplained>(`/traces/${seg(d.trace_id)}/spans/${seg(d.span_id)}/cost`, {}, signal) });
  const lines = new Map((explained.data?.buckets ?? []).map((l) => [l.bucket, l]));
  const date = explained.data?.rule?.date ?? null, region = explained.data?.rule?.region ?? null;
  const rows = buckets.filter((b) => typeof u[b.key] === 'number' && (u[b.key] as number) > 0 && !(b.key === 'cache_write' && (u.cache_write_5m ?? 0) + (u.cache_write_1h ?? 0) >= (u.cache_write ?? 0)));
  const total = (u.total_input ?? 0) + (u.total_output ?? 0);
  const priced = asked && !explained.isError;
  const c = d.cost;
  const agree = c.nano_usd !== null && c.reported_nano_usd !== null && Math.abs(c.nano_usd - c.reported_nano_usd) <= Math.max(1000, c.nano_usd * 0.005);
  return (
    <section className="cost" aria-label="Usage and cost">
      <div className="row"><h3 className="h2">Usage and cost</h3><span className="grow" />
        {u.role !== 'own' && <span className="chip warn" title={u.role === 'aggregate' ? 'A sum over spans below: shown, not added again' : 'The same call was reported by another span: shown, not added again'}>{u.role === 'aggregate' ? 'sum of the calls below' : 'counted elsewhere'}</span>}
        {u.basis === 'assumed' && <span className="chip out" title="Whether input includes cached tokens is not told by this client and was assumed">basis assumed</span>}
        <span className="cap wide">input excludes cache{date ? `, prices of ${date.slice(0, 10)}` : ''}{region ? `, in ${region}` : ''}</span></div>
      <table>
        <thead><tr><th scope="col">Bucket</th><th scope="col" className="num">Tokens</th>{priced && <><th scope="col" className="num">$ / M</th><th scope="col" className="num">Cost</th></>}<th scope="col" className="num">{priced ? 'Share' : 'Share of tokens'}</th></tr></thead>
        <tbody>{rows.map((b) => {
          const n = u[b.key] as number, line = lines.get(b.key), nano = line?.nano_usd == null ? null : Number(line.nano_usd);
          return <tr key={b.key}><td><span className={`sw ${b.swatch}`} />{b.label}</td><td className="num">{integer(n)}</td>
            {priced && <><td className="num">{line?.dollars_per_million ? perMillion(line.dollars_per_million) : unknown}</td><td className="num">{moneyExact(nano)}</td></>}
            <td className="num dim">{priced ? percent(nano !== null && c.nano_usd ? nano / c.nano_usd : null) : percent(total > 0 ? n / total : null)}</td></tr>;
        })}</tbody>
        <tfoot><tr><td>{c.state === 'unpriced' ? 'unpriced' : c.state === 'none' ? 'tokens' : 'computed'}</td><td className="num">{integer(total)}</td>
          {priced ? <><td className="num dim fwn">{c.reported_nano_usd !== null ? `reported ${moneyExact(c.reported_nano_usd)}` : ''}</td><td className="num">{moneyExact(c.nano_usd)}</td><td className={`num ${agree ? 'ok' : 'warn'}`}>{c.reported_nano_usd !== null && (agree ? 'equal' : 'differs')}</td></>
            : <td className="num">{c.nano_usd !== null ? moneyExact(c.nano_usd) : c.reported_nano_usd !== null ? `${money(c.reported_nano_usd)} reported` : unknown}</td>}</tr></tfoot>
      </table>
    </section>
  );
}
