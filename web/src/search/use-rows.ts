import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { keepPreviousData, useInfiniteQuery } from '@tanstack/react-query';
import { get } from '../api/client';
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
const pageSize = 100;

export interface Search { q: string; from: string; to: string; row: RowKind }

/** Pages by keyset; while live, new rows go on top and rows already shown are renewed where they stand. */
export function useRows(search: Search, live: boolean) {
  const query = useInfiniteQuery({
    queryKey: ['rows', search], initialPageParam: '', placeholderData: keepPreviousData, refetchOnMount: true, staleTime: 30_000, gcTime: 60_000,
    queryFn: ({ pageParam, signal }) => get<Page>(`/${search.row}`, { q: search.q, from: search.from, to: search.to, limit: search.row === 'sessions' ? 500 : pageSize, cursor: pageParam }, signal),
    getNextPageParam: (last) => ('next_cursor' in last ? last.next_cursor : null) ?? undefined,
  });
  const [fresh, setFresh] = useState<Row[]>([]);
  const key = JSON.stringify(search);
  useEffect(() => { setFresh([]); }, [key, live]);

  // Rows of the kind that is shown now: traces do not fit the columns of spans.
  const good = useLastGood(query.data, query.isError);
  const paged = useMemo(() => (good?.pages ?? []).flatMap(rowsOf).filter((r) => kindOf(r) === search.row), [good, search.row]);
  const rows = useMemo(() => {
    const seen = new Set<string>();
    const newer = new Map(fresh.map((r) => [idOf(r), r]));
    const old = new Set(paged.map(idOf));
    const out: Row[] = [];
    for (const r of [...fresh.filter((f) => !old.has(idOf(f))), ...paged.map((r) => newer.get(idOf(r)) ?? r)]) {
      const id = idOf(r);
      if (!seen.has(id)) { seen.add(id); out.push(r); }
    }
    return out;
  }, [fresh, paged]);

  const refresh = useCallback(async () => {
    const page = await get<Page>(`/${search.row}`, { q: search.q, from: search.from, to: search.to, limit: pageSize });
    setFresh((had) => {
      const got = rowsOf(page);
      const ids = new Set(got.map(idOf));
      return [...got, ...had.filter((r) => !ids.has(idOf(r)))].slice(0, 2000);
    });
  }, [search.row, search.q, search.from, search.to]);
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
    let busy = false, again = false, closed = false, timer = 0;
    const read = async (): Promise<void> => {
      if (busy) { again = true; return; }
      busy = true;
      const began = performance.now();
      try { await act.current(); setLast(Date.now()); } catch { /* the list keeps what it has; the next event tries again */ }
      busy = false;
      if (again && !closed) { again = false; timer = window.setTimeout(() => void read(), Math.max(120, 1.5 * (performance.now() - began))); }
    };
    const source = new EventSource(`/api/v1/live?q=${encodeURIComponent(q)}`);
    source.addEventListener('hello', () => { setState('listening'); void read(); });
    source.addEventListener('traces', (e) => {
      const data = JSON.parse((e as MessageEvent<string>).data) as LiveEvent;
      setState('listening');
      if (data.spans > 0 || data.more) void read();
    });
    source.onopen = () => setState('listening');
    source.onerror = () => setState(source.readyState === EventSource.CLOSED ? 'lost' : 'connecting');
    return () => { closed = true; clearTimeout(timer); source.close(); };
  }, [on, q]);
  return { state, last };
}
