import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import { paced } from '../ui/paced';
import { useLastGood } from './last-good';
import type { LiveEvent, SessionList, SessionSummary, SpanList, SpanSummary, TraceList, TraceSummary } from '../api/types';

export type RowKind = 'traces' | 'spans' | 'sessions';
export type Row = TraceSummary | SpanSummary | SessionSummary;
export const isTrace = (r: Row): r is TraceSummary => 'shape' in r;
export const isSession = (r: Row): r is SessionSummary => 'first_question' in r;
export const idOf = (r: Row): string => (isTrace(r) ? r.trace_id : isSession(r) ? r.session : `${r.trace_id}/${r.span_id}`);
type Page = TraceList | SpanList | SessionList;
const rowsOf = (page: Page): Row[] => ('sessions' in page ? page.sessions : 'traces' in page ? page.traces : page.spans);
const kindOf = (r: Row): RowKind => (isTrace(r) ? 'traces' : isSession(r) ? 'sessions' : 'spans');
const pageSize = 100, quick = 40, most = 5000;
/** The first page is what a screen holds and what is read ahead of it: a search is answered in half the time. */
const firstPage = (): number => Math.min(pageSize, Math.ceil(window.innerHeight / 34) + 24);
const none: Row[] = [];

export interface Search { q: string; from: string; to: string; row: RowKind }

/** Rows that came in above those that were read, each once, as they were told last. */
export function joined(fresh: Row[], paged: Row[]): Row[] {
  const seen = new Set<string>();
  const newer = new Map(fresh.map((r) => [idOf(r), r]));
  const old = new Set(paged.map(idOf));
  const out: Row[] = [];
  for (const r of [...fresh.filter((f) => !old.has(idOf(f))), ...paged.map((r) => newer.get(idOf(r)) ?? r)]) {
    const id = idOf(r);
    if (!seen.has(id)) { seen.add(id); out.push(r); }
  }
  return out;
}

/** Pages by keyset; while live, new rows go on top and rows already shown are renewed where they stand. */
export function useRows(search: Search, live: boolean) {
  const query = useInfiniteQuery({
    queryKey: ['rows', search], initialPageParam: '', placeholderData: keepPreviousData, refetchOnMount: true, staleTime: 30_000, gcTime: 60_000,
    queryFn: ({ pageParam, signal }) => get<Page>(`/${search.row}`, { q: search.q, from: search.from, to: search.to, limit: search.row === 'sessions' ? 500 : pageParam === '' ? firstPage() : pageSize, cursor: pageParam }, signal),
    getNextPageParam: (last) => ('next_cursor' in last ? last.next_cursor : null) ?? undefined,
  });
  const [came, setCame] = useState<{ key: string; rows: Row[] }>({ key: '', rows: [] });
  const key = JSON.stringify(search);
  const asked = useRef(key);
  asked.current = key;
  // What came in for another search is not of this one.
  const fresh = came.key === key ? came.rows : none;

  // Rows of the kind that is shown now: traces do not fit the columns of spans.
  const good = useLastGood(query.data, query.isError);
  const paged = useMemo(() => (good?.pages ?? []).flatMap(rowsOf).filter((r) => kindOf(r) === search.row), [good, search.row]);
  const rows = useMemo(() => joined(fresh, paged), [fresh, paged]);

  const { refetch } = query;
  const known = useRef(rows);
  known.current = rows;
  const readings = useRef(0);
  const refresh = useCallback(async () => {
    const read = async (limit: number): Promise<{ got: Row[]; ids: Set<string>; joins: boolean }> => {
      const got = rowsOf(await get<Page>(`/${search.row}`, { q: search.q, from: search.from, to: search.to, limit })), ids = new Set(got.map(idOf));
      return { got, ids, joins: got.length < limit || known.current.length === 0 || known.current.some((r) => ids.has(idOf(r))) };
    };
    // The top of the list each time, what lies below it now and then.
    let next = await read(readings.current++ % 8 === 0 ? pageSize : quick);
    if (!next.joins) next = await read(pageSize);
    if (asked.current !== key) return;
    const { got, ids, joins } = next;
    // More came than one page has, as after a pause: the pages are read again, so that the list has no hole.
    if (!joins || known.current.length > most) { setCame({ key, rows: none }); await refetch(); return; }
    setCame((had) => ({ key, rows: [...got, ...(had.key === key ? had.rows : none).filter((r) => !ids.has(idOf(r)))] }));
  }, [search.row, search.q, search.from, search.to, key, refetch]);
  const state = useLive(live, search.q, refresh);
  return { query, rows, live: state };
}

export type LiveState = 'off' | 'connecting' | 'listening' | 'lost';

/** Server-sent events, answered by one read at a time; a server that takes long is asked less often. */
function useLive(on: boolean, q: string, refresh: () => Promise<void>): { state: LiveState; last: number | null } {
  const [state, setState] = useState<LiveState>('off');
  const [last, setLast] = useState<number | null>(null);
  const act = useRef(refresh);
  act.current = refresh;
  useEffect(() => {
    if (!on) { setState('off'); return; }
    setState('connecting');
    const read = paced(async () => { await act.current(); setLast(Date.now()); }, { least: 60 });
    const source = new EventSource(`/api/v1/live?q=${encodeURIComponent(q)}`);
    source.addEventListener('hello', () => { setState('listening'); read.ask(); });
    source.addEventListener('traces', (e) => {
      const data = JSON.parse((e as MessageEvent<string>).data) as LiveEvent;
      setState('listening');
      if (data.spans > 0 || data.more) read.ask();
    });
    source.onopen = () => setState('listening');
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? 'lost' : 'connecting');
    return () => { read.stop(); source.close(); };
  }, [on, q]);
  return { state, last };
}
