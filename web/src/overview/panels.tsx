import { useEffect, useRef, useState } from 'react';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { get, post } from '../api/client';
import type { Timeseries } from '../api/types';
import { Chart, Legend, type Line } from '../chart/chart';
import { Panel } from '../chart/panel';
import { compact, durationText, integer } from '../format/numbers';
import type { Range } from '../format/time';
import { and, quote } from '../search/language';
import { CopyButton, Failure } from '../ui/bits';
import { Icon } from '../ui/icons';
import { navigate, setParams } from '../url/router';
import { searchUrl } from '../url/search-url';
import { msOf, split } from './data';

/** A panel of people's own: a query, a figure, a field to split by. Kept by the server for all, or in an address to be looked at first. */
export interface Own { title: string; q: string; figure: 'spans' | 'traces' | 'errors' | 'p95' | 'tokens'; by: string }
const figures: Own['figure'][] = ['spans', 'traces', 'errors', 'p95', 'tokens'];
const fields = ['', 'model', 'service', 'agent', 'tool', 'kind', 'prompt_version', 'user', 'environment', 'status', 'variant'];
const key = 'turnscope.panels';
const valid = (x: unknown): x is Own => typeof x === 'object' && x !== null && typeof (x as Own).title === 'string' && typeof (x as Own).q === 'string' && figures.includes((x as Own).figure) && fields.includes((x as Own).by);
export function readPanels(text: string | null): Own[] { try { const v: unknown = JSON.parse(text ?? '[]'); return Array.isArray(v) ? v.filter(valid).slice(0, 12) : []; } catch { return []; } }

interface PanelSet { revision: number; panels: Own[] }

/** The panels that the server keeps. What an earlier version kept in this browser is handed over once. */
function useOwn(): { own: Own[]; keep: (change: (list: Own[]) => Own[]) => void; error: unknown } {
  const client = useQueryClient();
  const d = useQuery({ queryKey: ['panels'], staleTime: 10_000, queryFn: ({ signal }) => get<PanelSet>('/panels', {}, signal) });
  const [error, setError] = useState<unknown>(null);
  const set = d.data;
  const keep = (change: (list: Own[]) => Own[]): void => {
    void (async () => {
      try {
        // Read again first: somebody else may have changed them since this page was opened.
        const now = await get<PanelSet>('/panels');
        const panels = change(now.panels.filter(valid));
        const { revision } = await post<{ revision: number }>('/panels', { revision: now.revision, panels });
        client.setQueryData(['panels'], { revision, panels });
        setError(null);
      } catch (e) { setError(e); }
    })();
  };
  const handed = useRef(false);
  useEffect(() => {
    if (!set || handed.current) return;
    handed.current = true;
    let old: Own[] = [];
    try { old = readPanels(localStorage.getItem(key)); localStorage.removeItem(key); } catch { /* then there is nothing to hand over */ }
    if (old.length > 0) keep((list) => [...list, ...old.filter((o) => !list.some((x) => same(x, o)))]);
  });
  return { own: (set?.panels ?? []).filter(valid), keep, error };
}
const same = (a: Own, b: Own): boolean => a.title === b.title && a.q === b.q && a.figure === b.figure && a.by === b.by;

export function Panels({ range, q, open, setOpen }: { range: Range; q: string; open: boolean; setOpen: (o: boolean) => void }) {
  const shared = readPanels(new URLSearchParams(location.search).get('panels'));
  const { own, keep, error } = useOwn();
  const all = [...shared.map((p) => ({ p, from: 'shared' as const })), ...own.filter((o) => !shared.some((s) => same(s, o))).map((p) => ({ p, from: 'own' as const }))];
  return (
    <>
      {error !== null && <Failure error={error} title="The panels were not kept" />}
      {all.map(({ p, from }, i) => <OwnPanel key={`${from}${i}${p.title}`} p={p} range={range} q={q} shared={from === 'shared'} keep={() => { keep((list) => [...list, p]); setParams({ panels: null }); }} remove={() => (from === 'shared' ? setParams({ panels: null }) : keep((list) => list.filter((o) => !same(o, p))))} />)}
      {open && <Editor cancel={() => setOpen(false)} add={(p) => { keep((list) => [...list, p]); setOpen(false); }} />}
    </>
  );
}

function Editor({ add, cancel }: { add: (p: Own) => void; cancel: () => void }) {
  return (
    <form className="panel pedit" aria-label="A panel of your own" onSubmit={(e) => {
      e.preventDefault();
      const d = new FormData(e.currentTarget), p = { title: String(d.get('title')).trim().slice(0, 60), q: String(d.get('q')).trim(), figure: String(d.get('figure')), by: String(d.get('by')) };
      if (valid(p) && p.title) add(p);
    }}>
      <h2 className="h2" ref={(e) => e?.scrollIntoView({ block: 'nearest' })}>A panel of your own</h2>
      <label>Title<input name="title" required maxLength={60} /></label>
      <label>Search<input name="q" className="mono" placeholder="kind:tool status:error" spellCheck={false} /></label>
      <label>Figure<select name="figure">{figures.map((f) => <option key={f} value={f}>{f}</option>)}</select></label>
      <label>Split by<select name="by">{fields.map((f) => <option key={f} value={f}>{f || 'nothing'}</option>)}</select></label>
      <div className="row"><button type="submit" className="btn primary">Add</button><button type="button" className="btn" onClick={cancel}>Cancel</button></div>
    </form>
  );
}

function OwnPanel({ p, range, q, remove, shared, keep }: { p: Own; range: Range; q: string; remove: () => void; shared: boolean; keep: () => void }) {
  const full = and(q, p.q, p.figure === 'errors' ? 'status:error' : '');
  const d = useQuery({ queryKey: ['timeseries', 'own', p, full, range], placeholderData: keepPreviousData, retry: false, queryFn: ({ signal }) => get<Timeseries>('/timeseries', { q: full, ...range, row: p.figure === 'traces' ? 'traces' : 'spans', buckets: 60, by: p.by }, signal) });
  const pick = (x: Timeseries['points'][number]): number | null => (p.figure === 'p95' ? (x.count > 0 ? x.p95_ns : null) : p.figure === 'tokens' ? x.input_tokens + x.output_tokens : x.count);
  const text = p.figure === 'p95' ? durationText : p.figure === 'tokens' ? compact : integer;
  const lines: Line[] = !d.data ? [] : p.by ? split(d.data, pick, text, p.figure !== 'p95') : [{ key: 'all', label: p.figure, className: 'b-c-0', values: d.data.points.map(pick), total: '' }];
  const share = (): string => `${location.origin}/overview?panels=${encodeURIComponent(JSON.stringify([p]))}`;
  return (
    <Panel title={p.title} note={p.q} loading={d.isPending} empty={d.data && lines.every((l) => l.values.every((v) => !v)) ? 'Nothing in this range.' : null}
      tools={<>{shared && <button type="button" className="more" onClick={keep}>keep</button>}<CopyButton text={share} label="Copy a link that shows this panel" /><button type="button" className="btn quiet icon" aria-label={`Remove ${p.title}`} onClick={remove}><Icon name="x" /></button></>}>
      {d.isError ? <Failure error={d.error} /> : <>{p.by && <Legend lines={lines} />}<Chart word={p.title} times={msOf(d.data)} step={(d.data?.step_ns ?? 1e9) / 1e6} lines={lines} form={p.figure === 'p95' ? 'lines' : 'bars'} text={text} go={(l, a, b) => navigate(searchUrl(and(full, l && l !== 'all' && p.by ? `${p.by}:${quote(l)}` : ''), new Date(a).toISOString(), new Date(b).toISOString(), p.figure === 'traces' ? '' : '&row=spans'))} /></>}
    </Panel>
  );
}
