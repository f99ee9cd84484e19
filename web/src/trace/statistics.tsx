import { useMemo, useState } from 'react';
import { compact, integer, money, percent } from '../format/numbers';
import { Safe } from '../text/text';
import { Dur } from '../ui/bits';
import { KindIcon } from '../ui/icons';
import type { NavIndex, NavSpan } from './nav-index';

const by = { name: 'Name', kind: 'Kind', service: 'Service', model: 'Model', tool: 'Tool', agent: 'Agent', turn: 'Turn' } as const;
export type GroupBy = keyof typeof by;
export const isGroupBy = (t: string | null): t is GroupBy => t !== null && t in by;

export interface StatRow { key: string; kind: NavSpan['kind'] | null; count: number; errors: number; total: number; self: number; p50: number; p95: number; max: number; tokens: number | null; cost: number | null; unpriced: number; slowest: string }

const quantile = (sorted: number[], q: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(q * sorted.length) - 1)] ?? 0;

function keyOf(s: NavSpan, g: GroupBy, turnOf: (s: NavSpan) => number | null): string | null {
  if (g === 'turn') { const t = turnOf(s); return t === null ? null : `turn ${t}`; }
  return s[g];
}

/** Spans by what they have in common, with what each group took itself: self times add up to the work that was done. */
export function statistics(index: NavIndex, g: GroupBy): { rows: StatRow[]; without: number } {
  const turns = new Map<string, number | null>();
  const turnOf = (s: NavSpan): number | null => {
    const seen: string[] = [];
    let at: NavSpan | undefined = s, turn: number | null = null;
    for (let n = 0; at && n < 1000; n++) {
      if (turns.has(at.id)) { turn = turns.get(at.id)!; break; }
      seen.push(at.id);
      if (at.turn !== null) { turn = at.turn; break; }
      const up: number | undefined = at.parent ? index.place.get(at.parent) : undefined;
      at = up === undefined ? undefined : index.spans[up];
    }
    for (const id of seen) turns.set(id, turn);
    return turn;
  };
  const groups = new Map<string, NavSpan[]>();
  let without = 0;
  for (const s of index.spans) {
    const k = keyOf(s, g, turnOf);
    if (k === null || k === '') { without++; continue; }
    const list = groups.get(k);
    if (list) list.push(s);
    else groups.set(k, [s]);
  }
  const rows = [...groups].map(([key, list]): StatRow => {
    const d = list.map((s) => s.duration).sort((a, b) => a - b);
    let tokens: number | null = null, cost: number | null = null, unpriced = 0, slowest = list[0]!;
    for (const s of list) {
      if (s.duration > slowest.duration) slowest = s;
      if (!s.usage || s.usage.role !== 'own') continue;
      tokens = (tokens ?? 0) + (s.usage.total_input ?? 0) + (s.usage.total_output ?? 0);
      if (s.cost.nano_usd !== null) cost = (cost ?? 0) + s.cost.nano_usd;
      if (s.cost.state === 'unpriced' || s.cost.state === 'partly') unpriced++;
    }
    const kinds = new Set(list.map((s) => s.kind));
    return { key, kind: kinds.size === 1 ? list[0]!.kind : null, count: list.length, errors: list.filter((s) => s.error).length, total: d.reduce((a, b) => a + b, 0), self: list.reduce((n, s) => n + s.self, 0), p50: quantile(d, 0.5), p95: quantile(d, 0.95), max: d.at(-1)!, tokens, cost, unpriced, slowest: slowest.id };
  });
  return { rows, without };
}

type Sort = 'key' | 'count' | 'errors' | 'total' | 'self' | 'p50' | 'p95' | 'max' | 'tokens' | 'cost';
const columns: { key: Sort; title: string; help?: string }[] = [
  { key: 'key', title: '' }, { key: 'count', title: 'Spans' }, { key: 'errors', title: 'Errors' }, { key: 'self', title: 'Self time', help: 'Time in which nothing below ran' }, { key: 'total', title: 'Total time', help: 'Sum of durations; parallel work adds up' },
  { key: 'p50', title: 'p50' }, { key: 'p95', title: 'p95' }, { key: 'max', title: 'Longest' }, { key: 'tokens', title: 'Tokens' }, { key: 'cost', title: 'Cost' },
];

export function Statistics({ index, group, setGroup, select, selected }: { index: NavIndex; group: GroupBy; setGroup: (g: GroupBy) => void; select: (span: string) => void; selected: string | null }) {
  const [sort, setSort] = useState<{ key: Sort; down: boolean }>({ key: 'self', down: true });
  const { rows, without } = useMemo(() => statistics(index, group), [index, group]);
  const all = Math.max(1, rows.reduce((n, r) => n + r.self, 0));
  const sorted = useMemo(() => [...rows].sort((a, b) => {
    const x = a[sort.key], y = b[sort.key];
    const d = typeof x === 'string' || typeof y === 'string' ? String(x).localeCompare(String(y), undefined, { numeric: true }) : (x ?? -1) - (y ?? -1);
    return sort.down ? -d : d;
  }), [rows, sort]);
  const most = Math.max(1, ...rows.map((r) => r.self));
  return (
    <section className="stats" aria-label="Statistics">
      <header className="rtool"><span className="seg" role="group" aria-label="Group by">{(Object.keys(by) as GroupBy[]).map((g) => <button type="button" key={g} aria-pressed={g === group} onClick={() => setGroup(g)}>{by[g]}</button>)}</span>
        <span className="grow" /><span className="cap">{integer(rows.length)} groups{without > 0 && `; ${integer(without)} spans have no ${by[group].toLowerCase()}`}; click a row for its longest span</span></header>
      <div className="scroll stbody" tabIndex={0} role="region" aria-label="Statistics table">
        <table><thead><tr>{columns.map((c) => (
          <th key={c.key} scope="col" className={c.key === 'key' ? '' : 'num'} title={c.help} aria-sort={sort.key === c.key ? (sort.down ? 'descending' : 'ascending') : 'none'}>
            <button type="button" className="thb" onClick={() => setSort({ key: c.key, down: sort.key === c.key ? !sort.down : c.key !== 'key' })}>{c.title || by[group]}{sort.key === c.key && <span aria-hidden="true">{sort.down ? ' ↓' : ' ↑'}</span>}</button></th>))}</tr></thead>
          <tbody>{sorted.slice(0, 500).map((r) => (
            <tr key={r.key} className={selected === r.slowest ? 'selrow' : ''} onClick={() => select(r.slowest)}>
              <td className="stn"><span className="row">{r.kind && <KindIcon kind={r.kind} />}<button type="button" className="linkish trunc" title={r.key} onClick={(e) => { e.stopPropagation(); select(r.slowest); }}><Safe text={r.key} /></button></span></td>
              <td className="num">{integer(r.count)}</td><td className={`num ${r.errors > 0 ? 'danger strong' : 'dim'}`}>{r.errors > 0 ? integer(r.errors) : '–'}</td>
              <td className="num stself"><Dur ns={r.self} /> <span className="dim pc1">{percent(r.self / all)}</span><i style={{ width: `${(r.self / most) * 100}%` }} /></td>
              <td className="num"><Dur ns={r.total} /></td><td className="num"><Dur ns={r.p50} /></td><td className="num"><Dur ns={r.p95} /></td><td className="num"><Dur ns={r.max} /></td>
              <td className="num" title={r.tokens !== null ? `${integer(r.tokens)} tokens` : 'none reported'}>{r.tokens !== null ? compact(r.tokens) : <span className="dim">—</span>}</td>
              <td className="num">{r.cost !== null ? <>{r.unpriced > 0 && <span className="dim">≥ </span>}{money(r.cost)}</> : r.unpriced > 0 ? <span className="chip warn">unpriced</span> : <span className="dim">—</span>}</td>
            </tr>))}</tbody></table>
        {sorted.length > 500 && <p className="pad dim">{integer(sorted.length - 500)} more groups are not shown: sort by another column to see them.</p>}
      </div>
    </section>
  );
}
