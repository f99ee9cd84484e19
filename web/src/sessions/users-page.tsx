import { useState } from 'react';
import { useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { UserList } from '../api/types';
import { compact, integer, money, percent } from '../format/numbers';
import { StatusBar } from '../frame/frame';
import { and, quote } from '../search/language';
import { useRange } from '../ui/time-range';
import { Safe } from '../text/text';
import { CostText, Failure, SampledNote, Skeleton, Time } from '../ui/bits';
import { Link } from '../url/link';
import { searchUrl } from '../url/search-url';
import './sessions.css';

export default function UsersPage({ params }: { params: URLSearchParams }) {
  const { range, rangeControl } = useRange(params, 'now-7d');
  const d = useQuery({ queryKey: ['users', range], queryFn: ({ signal }) => get<UserList>('/users', { ...range, limit: 1000 }, signal) });
  const [filter, setFilter] = useState('');
  const all = d.data?.users ?? [];
  const shown = all.filter((u) => u.user.toLowerCase().includes(filter.toLowerCase()));
  const most = Math.max(1, ...all.map((u) => u.cost.nano_usd ?? 0));
  const search = (u: string, term = '', more = ''): string => searchUrl(and(`user:${quote(u)}`, term), range.from, range.to, more);
  return (
    <main className="page">
      <header className="top"><h1>Users</h1><span className="grow" /><div className="field"><input type="search" placeholder="Filter" aria-label="Filter users" value={filter} onChange={(e) => setFilter(e.target.value)} /></div>{rangeControl}</header>
      <div className="sess scroll" tabIndex={0} role="region" aria-label="Users">
        {d.isError && <Failure error={d.error} retry={() => void d.refetch()} />}
        <SampledNote of={[d.data]} long />
        <section className="panel ulist"><table><thead><tr><th scope="col">User</th><th scope="col" className="num">Sessions</th><th scope="col" className="num">Traces</th><th scope="col" className="num">Failed</th><th scope="col" className="num">Model calls</th><th scope="col" className="num">Tokens</th><th scope="col" className="num">From cache</th><th scope="col" className="num">Cost</th><th scope="col" className="num">a trace</th><th scope="col" className="num">Last seen</th></tr></thead>
          <tbody>{d.isPending && [0, 1, 2, 3].map((i) => <tr key={i}><td><Skeleton w={140} /></td><td colSpan={9} /></tr>)}
            {shown.slice(0, 500).map((u) => <tr key={u.user}><td className="trunc tcellu"><Link className="link" to={search(u.user)}><Safe text={u.user} /></Link></td><td className="num"><Link className="link" to={search(u.user, '', '&row=sessions')}>{integer(u.sessions)}</Link></td><td className="num">{integer(u.traces)}</td><td className="num">{u.failed_traces > 0 ? <Link className="danger" to={search(u.user, 'status:error')}>{integer(u.failed_traces)}</Link> : <span className="dim">–</span>}</td><td className="num">{integer(u.calls)}</td><td className="num">{u.calls > 0 ? compact(u.tokens.total_input + u.tokens.total_output) : <span className="dim">—</span>}</td><td className="num">{percent(u.cache_hit_rate)}</td><td className="num fwm stself"><CostText cost={u.cost} /><i style={{ width: `${((u.cost.nano_usd ?? 0) / most) * 90}%` }} /></td><td className="num">{u.cost.nano_usd !== null && u.traces > 0 ? money(u.cost.nano_usd / u.traces) : '—'}</td><td className="num dim"><Time t={u.last_seen_unix_nano} /></td></tr>)}</tbody></table>
          {d.data && all.length === 0 && <p className="pad dim">No span of this range names a user. Set the attribute <code>user.id</code> to see who uses what.</p>}
          {(d.data?.more || shown.length > 500) && <p className="pad dim">There are more users than are listed here: filter, or narrow the range.</p>}</section>
      </div>
      <StatusBar keys={[[['g', 'e'], 'sessions'], [['g', 's'], 'search'], [['?'], 'all keys']]} left={d.data ? <>{integer(shown.length)} users</> : undefined} />
    </main>
  );
}
