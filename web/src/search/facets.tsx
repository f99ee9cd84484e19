import { useState } from 'react';
import type { Facets } from '../api/types';
import { integer } from '../format/numbers';
import { Safe } from '../text/text';
import { Icon, KindIcon, type KindGlyph } from '../ui/icons';
import { Skeleton } from '../ui/bits';
import { ticked, toggle } from './language';

export const facetFields = ['status', 'kind', 'service', 'agent', 'model', 'tool', 'environment', 'prompt_version', 'user'];
const titles: Record<string, string> = { status: 'Status', kind: 'Kind', service: 'Service', agent: 'Agent', model: 'Model', tool: 'Tool', environment: 'Environment', prompt_version: 'Prompt version', user: 'User' };
const kinds = new Set(['agent', 'turn', 'llm', 'tool', 'retrieval', 'embedding', 'chain', 'other']);

export function FacetPanel({ facets, q, setQ, busy }: { facets: Facets | undefined; q: string; setQ: (q: string) => void; busy: boolean }) {
  const [closed, setClosed] = useState<Set<string>>(new Set());
  return (
    <aside className="fac scroll" aria-label="Facets" aria-busy={busy} tabIndex={-1}>
      {!facets && [5, 4, 6, 3].map((n, i) => <section key={i}>{Array.from({ length: n }, (_, j) => <div className="frow" key={j}><Skeleton w={`${70 - j * 8}%`} /></div>)}</section>)}
      {facets?.facets.map((f) => {
        const on = ticked(q, f.field);
        // What is ticked stays in sight even when nothing has it any more.
        const missing = [...on].filter((v) => !f.values.some((x) => x.value === v)).map((value) => ({ value, count: 0 }));
        const values = [...f.values.filter((v) => v.value !== ''), ...missing];
        if (values.length === 0) return null;
        const max = Math.max(1, ...values.map((v) => v.count));
        const isClosed = closed.has(f.field);
        return (
          <section key={f.field}>
            <h2><button type="button" aria-expanded={!isClosed} onClick={() => setClosed((c) => { const n = new Set(c); if (!n.delete(f.field)) n.add(f.field); return n; })}>{titles[f.field] ?? f.field}<Icon name={isClosed ? 'right' : 'down'} /></button></h2>
            {!isClosed && values.map((v) => (
              <label key={v.value} title={v.value}>
                <input type="checkbox" checked={on.has(v.value)} onChange={() => setQ(toggle(q, f.field, v.value))} />
                {f.field === 'kind' && kinds.has(v.value) && <KindIcon kind={v.value as KindGlyph} />}
                {f.field === 'status' && v.value === 'error' && <KindIcon kind="error" />}
                <span className="trunc grow">{f.field === 'status' && v.value === 'unset' ? <>unset <span className="dim">no error told</span></> : <Safe text={v.value} />}</span>
                <span className="dim fnum">{integer(v.count)}<i style={{ width: `${(v.count / max) * 100}%` }} /></span>
              </label>
            ))}
            {!isClosed && f.more && <div className="cap frow">more values: type {f.field}:</div>}
          </section>
        );
      })}
      {facets && facets.facets.every((f) => f.values.length === 0) && <p className="dim pad">Nothing to count.</p>}
    </aside>
  );
}
