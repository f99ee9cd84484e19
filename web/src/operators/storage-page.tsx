import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { StorageList } from '../api/types';
import { bytes, integer } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { Safe } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';
import './operators.css';

/** What lies on disk, by table and by day of receipt: what retention will drop, and what grows. */
export default function StoragePage() {
  const d = useQuery({ queryKey: ['storage'], queryFn: ({ signal }) => get<StorageList>('/storage', {}, signal), refetchInterval: 30_000 });
  const list = d.data?.tables ?? [];
  const group = (by: 'table' | 'day') => {
    const m = new Map<string, { rows: number; bytes: number; raw: number; parts: number }>();
    for (const t of list) { const k = t[by] ?? 'no day'; const s = m.get(k) ?? { rows: 0, bytes: 0, raw: 0, parts: 0 }; s.rows += t.rows; s.bytes += t.bytes; s.raw += t.uncompressed_bytes; s.parts += t.parts; m.set(k, s); }
    return [...m].sort((a, b) => (by === 'table' ? b[1].bytes - a[1].bytes : b[0].localeCompare(a[0])));
  };
  const all = list.reduce((n, t) => n + t.bytes, 0);
  const table = (title: string, note: string, rows: ReturnType<typeof group>, first: string) => {
    const most = Math.max(1, ...rows.map(([, r]) => r.bytes));
    return <section className="panel"><header><h2>{title}</h2><span className="cap">{note}</span></header><table><thead><tr><th scope="col">{first}</th><th scope="col" className="num">Rows</th><th scope="col" className="num">On disk</th><th scope="col" className="num">Uncompressed</th><th scope="col" className="num">Ratio</th><th scope="col" className="num">A row</th><th scope="col" className="num">Parts</th></tr></thead>
      <tbody>{d.isPending && <tr><td><Skeleton w={120} /></td><td colSpan={6} /></tr>}{rows.slice(0, 400).map(([k, r]) => <tr key={k}><td><Safe text={k} /></td><td className="num">{integer(r.rows)}</td><td className="num fwm stself">{bytes(r.bytes)}<i style={{ width: `${(r.bytes / most) * 90}%` }} /></td><td className="num">{bytes(r.raw)}</td><td className="num">{r.bytes > 0 ? `${(r.raw / r.bytes).toFixed(1)} ×` : '—'}</td><td className="num">{r.rows > 0 ? bytes(Math.round(r.bytes / r.rows)) : '—'}</td><td className="num dim">{integer(r.parts)}</td></tr>)}</tbody></table></section>;
  };
  return (
    <main className="page"><header className="top"><h1>Storage</h1><span className="grow" />{d.data && <span className="dim">{bytes(all)} in {integer(list.reduce((n, t) => n + t.rows, 0))} rows</span>}</header>
      <div className="opage scroll" tabIndex={0} role="region" aria-label="Storage by table and day">
        {d.isError && <Failure error={d.error} retry={() => void d.refetch()} />}
        {table('By table', 'after compression, with all that merges have not yet folded', group('table'), 'Table')}
        {table('By day of receipt', 'retention drops whole days', group('day'), 'Day')}
        {d.data?.more && <p className="dim">There are more days than are listed here.</p>}
      </div><StatusBar keys={[[['g', 'h'], 'health'], [['?'], 'all keys']]} /></main>
  );
}
