import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { Difference } from '../api/types';
import { integer, percent } from '../format/numbers';
import { Safe } from '../text/text';
import { Failure, Skeleton } from '../ui/bits';
import { Icon } from '../ui/icons';
import type { Cloud } from './scatter';
import { figureText } from './scatter';
import type { RowKind } from './use-rows';

/** What the chosen cloud has more often than the other rows of the search. */
export function DifferencePanel({ search, cloud, add, keep, close }: { search: { q: string; from: string; to: string; row: RowKind }; cloud: Cloud; add: (key: string, value: string) => void; keep: () => void; close: () => void }) {
  const d = useQuery({
    queryKey: ['difference', search, cloud], placeholderData: keepPreviousData, retry: false,
    queryFn: ({ signal }) => get<Difference>('/difference', { ...search, cloud_from: new Date(cloud.from).toISOString(), cloud_to: new Date(cloud.to).toISOString(), figure: cloud.figure, least: Math.max(0, Math.floor(cloud.least)), most: Math.ceil(cloud.most) }, signal),
  });
  const word = search.row === 'spans' ? 'spans' : 'traces';
  return (
    <aside className="dif" aria-label="What is different here" aria-busy={d.isFetching}>
      <header><h2 className="h2">What is different here</h2>{d.data && <span className="chip accent">{integer(d.data.inside)} chosen</span>}<span className="grow" />{d.data && <span className="cap">against {integer(d.data.outside)}</span>}<button type="button" className="btn quiet icon" aria-label="Close the selection" onClick={close}><Icon name="x" /></button></header>
      <div className="cap difr">{figureText(cloud.figure, cloud.least)} – {figureText(cloud.figure, cloud.most)} <button type="button" className="more" onClick={keep}>keep only these</button></div>
      <div className="scroll difb" tabIndex={0} role="region" aria-label="Attributes that set the selection apart">
        {d.isError && <Failure error={d.error} retry={() => void d.refetch()} />}
        {d.isPending && [0, 1, 2, 3].map((i) => <div className="difrow" key={i}><Skeleton w="80%" /><Skeleton w="90%" /><Skeleton w={60} /></div>)}
        {d.data && d.data.rows.length === 0 && <p className="dim pad">{d.data.inside === 0 ? `No ${word} lie in the selection.` : `Nothing sets these ${word} apart: no attribute is clearly more frequent here.`}</p>}
        {d.data?.rows.map((r) => {
          const a = d.data.inside > 0 ? r.inside / d.data.inside : 0, b = d.data.outside > 0 ? r.outside / d.data.outside : 0;
          return (
            <button type="button" className="difrow" key={`${r.key}\u0000${r.value}`} title={`${integer(r.inside)} of ${integer(d.data.inside)} chosen, ${integer(r.outside)} of ${integer(d.data.outside)} others; a click adds it to the search`} onClick={() => add(r.key, r.value)}>
              <span className="trunc mono"><span className="dim"><Safe text={r.key} /> =</span> <Safe text={r.value} /></span><span className="difbars"><i className="da" style={{ width: `${a * 100}%` }} /><i className="db" style={{ width: `${Math.max(b > 0 ? 1 : 0, b * 100)}%` }} /></span><span className="num"><b className="strong">{percent(a)}</b> <span className="dim">vs {percent(b)}</span></span>
            </button>
          );
        })}
        {d.data && d.data.rows.length > 0 && <p className="cap pad">{integer(d.data.compared)} pairs of key and value compared; shown if at least a tenth of the selection has them</p>}
      </div>
    </aside>
  );
}
