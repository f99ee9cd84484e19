import { useState } from 'react';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { get, post, seg } from '../api/client';
import type { DeadLetterList, Exporter, ExporterList } from '../api/types';
import { bytes, integer, some } from '../format/numbers';
import { timeLong, timeTitle } from '../format/time';
import { oneLine } from '../text/safe';
import { Safe } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';
import { Icon } from '../ui/icons';

const behind = (x: Exporter): string => (x.lag_records === 0 ? 'up to date' : x.freshness_seconds < 60 ? `${x.freshness_seconds.toFixed(1)} s behind` : `${Math.round(x.freshness_seconds / 60)} min behind`);
const percentOf = (n: number, of: number): string => (of > 0 ? ` (${((n / of) * 100).toFixed(1)} %)` : '');

/** Where spans go on to: how far each is, what it let through, what the far side refused for good. */
export function Exporters() {
  const q = useQuery({ queryKey: ['exporters'], refetchInterval: 3000, queryFn: ({ signal }) => get<ExporterList>('/exporters', {}, signal) });
  const [open, setOpen] = useState<string | null>(null);
  const list = q.data?.exporters ?? [];
  return (
    <section className="panel"><header><h2>Exporters</h2><span className="cap">what is forwarded to other backends, behind the log; docs/export.md has recipes</span></header>
      {q.isError && <Failure error={q.error} retry={() => void q.refetch()} />}
      {q.isPending && <div className="pad"><Skeleton w="50%" /></div>}
      {q.data && list.length === 0 && <p className="pad dim">None is configured: spans stay in the store alone. An exporter needs a name, a protocol and an endpoint in the configuration.</p>}
      {list.length > 0 && <table><thead><tr><th scope="col">Exporter</th><th scope="col">State</th><th scope="col">Sends to</th><th scope="col" className="num">Behind</th><th scope="col" className="num">Sent</th><th scope="col" className="num">Retries</th><th scope="col" className="num">Filtered</th><th scope="col">Sampler</th><th scope="col" className="num">Dead letters</th></tr></thead>
        <tbody>{list.map((x) => <tr key={x.name}><td><span className={x.ok ? 'ok' : 'danger'}>{x.ok ? '●' : '▲'}</span> <Safe text={x.name} /></td><td className={x.ok ? 'mid' : 'danger'}>{x.message ? <Safe text={oneLine(x.message, 120)} /> : x.ok ? 'running' : 'failing'}</td><td className="mid"><Safe text={x.endpoint} /> <span className="dim">{x.protocol}</span></td><td className={`num ${x.freshness_seconds > 30 && x.lag_records > 0 ? 'warn' : ''}`} title={some(x.lag_records, 'record')}>{behind(x)}</td><td className="num" title={`${integer(x.requests)} requests`}>{integer(x.items)}<span className="unit">{bytes(x.bytes)}</span></td><td className="num">{integer(x.retries)}</td><td className="num">{x.filtered_items > 0 ? `${integer(x.filtered_items)}${percentOf(x.filtered_items, x.items + x.filtered_items)}` : <span className="dim">–</span>}</td><td className="mid">{x.sampling ? <Sampling s={x.sampling} /> : <span className="dim">everything</span>}</td>
          <td className="num">{x.dead_letters > 0 ? <button type="button" className="more danger" aria-expanded={open === x.name} onClick={() => setOpen(open === x.name ? null : x.name)}>{integer(x.dead_letters)} of {bytes(x.dead_letter_bytes)}</button> : <span className="dim">–</span>}</td></tr>)}</tbody></table>}
      {open !== null && <DeadLetters name={open} />}
    </section>
  );
}

/** What the sampler says of itself: numbers by name. */
function Sampling({ s }: { s: Record<string, unknown> }) {
  const shown = Object.entries(s).filter(([, v]) => typeof v === 'number' || typeof v === 'string');
  return <span className="trunc" title={shown.map(([k, v]) => `${k}: ${String(v)}`).join('\n')}>{shown.slice(0, 3).map(([k, v], i) => <span key={k}>{i > 0 && ', '}<Safe text={k.replace(/_/g, ' ')} /> <Safe text={typeof v === 'number' ? integer(v) : String(v)} /></span>)}</span>;
}

function DeadLetters({ name }: { name: string }) {
  const client = useQueryClient();
  const q = useQuery({ queryKey: ['dead-letters', name], queryFn: ({ signal }) => get<DeadLetterList>(`/exporters/${seg(name)}/dead-letters`, { limit: 50 }, signal) });
  const [said, setSaid] = useState<string | null>(null);
  const [error, setError] = useState<unknown>(null);
  const replay = (): void => void post<{ dead_letters: number }>(`/exporters/${seg(name)}/replay`, {}).then((r) => { setError(null); setSaid(`${some(r.dead_letters, 'letter')} on the way again`); void client.invalidateQueries({ queryKey: ['exporters'] }); void q.refetch(); }, setError);
  return (
    <div className="dead"><div className="row"><h3 className="h2">Refused for good by <Safe text={name} /></h3><button type="button" className="btn" onClick={replay}><Icon name="retry" />Send them again</button>{said !== null && <span className="ok" role="status">{said}</span>}</div>
      {error !== null && <Failure error={error} />}{q.isError && <Failure error={q.error} />}
      <table><tbody>{q.data?.dead_letters.map((l) => <tr key={l.position}><td className="dim" title={timeTitle(l.refused_unix_nano)}>{timeLong(l.refused_unix_nano)}</td><td>{l.signal}</td><td className="num">{integer(l.items)}</td><td className="num dim">{bytes(l.bytes)}</td><td className="mid"><Safe text={oneLine(l.reason, 300)} /></td></tr>)}</tbody></table></div>
  );
}
