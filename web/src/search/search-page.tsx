import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState, type CSSProperties } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { ApiFailure, get } from '../api/client';
import type { Facets, Scatter, ScatterPoint, SpanSummary, Timeseries, TraceSummary } from '../api/types';
import { integer } from '../format/numbers';
import { rangeLabel, resolveTime, type Range } from '../format/time';
import { StatusBar } from '../frame/frame';
import { Failure, SampledNote, Skeleton } from '../ui/bits';
import { useKeys } from '../ui/keys';
import { useVirtual } from '../ui/virtual';
import { navigate, setParams } from '../url/router';
import { FirstTrace, NothingFound, QueryHelp, useNothingYet } from './empty';
import { DifferencePanel } from './difference';
import { FacetPanel, facetFields } from './facets';
import { Histogram } from './histogram';
import { useLastGood } from './last-good';
import { and, indexOfByte, quote } from './language';
import { ColumnChooser, SavedViews } from './menus';
import { Peek } from './peek';
import { readCloud, ScatterPlot, writeCloud, type Cloud, type Figure } from './scatter';
import { SearchBar } from './search-bar';
import { fitColumns, sessionColumns, spanColumns, TableRow, templateOf, traceColumns, type Column } from './table';
import { TimeRange } from '../ui/time-range';
import { idOf, isSession, isTrace, useRows, type Row, type RowKind } from './use-rows';
import { useSize } from '../ui/size';
import './search.css';

const rowHeight = 34;
const defaultRange: Range = { from: 'now-24h', to: 'now' };

export function SearchPage({ params }: { params: URLSearchParams }) {
  const q = params.get('q') ?? '';
  const from = params.get('from') ?? defaultRange.from, to = params.get('to') ?? defaultRange.to;
  const row: RowKind = (['spans', 'sessions'] as const).find((r) => r === params.get('row')) ?? 'traces';
  const counted = row === 'spans' ? 'spans' : 'traces';
  const cloud = useMemo(() => (row === 'sessions' ? null : readCloud(params.get('cloud'))), [params, row]);
  const askedPlot = (['count', 'duration', 'cost', 'tokens'] as const).find((x) => x === params.get('plot')) ?? null;
  const chosenColumns = params.get('cols');
  const live = params.get('live') === '1';
  const peek = params.get('peek') === '1';
  const range = useMemo(() => ({ from, to }), [from, to]);
  const search = useMemo(() => ({ q, from, to, row }), [q, from, to, row]);
  const { query, rows, live: liveState } = useRows(search, live);
  const tick = liveState.last;

  // Rows first: what is counted beside them would have the server do it all at once.
  const error = query.error instanceof ApiFailure ? query.error : null;
  const syntax = error?.kind === 'invalid_argument' ? error : null;
  const counting = syntax === null && (query.isError || (query.data !== undefined && !query.isPlaceholderData));
  const countedAt = useRef({ facets: { at: 0, n: 0 }, series: { at: 0, n: 0 }, scatter: { at: 0, n: 0 } }).current;
  const facets = useQuery({
    queryKey: ['facets', search, countedAt.facets.n], enabled: counting, placeholderData: keepPreviousData,
    queryFn: ({ signal }) => get<Facets>('/facets', { q, from, to, row: counted, fields: facetFields.join(',') }, signal),
  });
  const nothingYet = useNothingYet();
  const facetData = useLastGood(facets.data, facets.isError);
  beat(countedAt.facets, tick, 5000, facets.data?.took_ms);
  const series = useQuery({
    queryKey: ['timeseries', search, countedAt.series.n], enabled: counting, placeholderData: keepPreviousData,
    queryFn: ({ signal }) => get<Timeseries>('/timeseries', { q, from, to, row: counted, buckets: 96 }, signal),
  });
  const seriesData = useLastGood(series.data, series.isError);
  beat(countedAt.series, tick, 2000, series.data?.took_ms);
  beat(countedAt.scatter, tick, 3000, 2 * (series.data?.took_ms ?? 0));
  const ends = useMemo(() => {
    const now = Date.now();
    return { from: resolveTime(from, now) ?? now - 86_400e3, to: resolveTime(to, now) ?? now };
    // The window of a relative range moves with the data that was read for it.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [from, to, series.dataUpdatedAt]);

  const total = seriesData?.count;
  // Points say more than bars, while there are not too many of them to be told apart.
  const plot: 'count' | Figure = askedPlot ?? (total !== undefined && total <= 5000 && total > 0 ? 'duration' : 'count');
  const scatter = useQuery({
    queryKey: ['scatter', { q, from, to, row: counted }, countedAt.scatter.n], enabled: counting && plot !== 'count', placeholderData: keepPreviousData, retry: false,
    queryFn: ({ signal }) => get<Scatter>('/scatter', { q, from, to, row: counted }, signal),
  });
  const scatterData = useLastGood(scatter.data, scatter.isError);
  const setCloud = useCallback((c: Cloud | null) => setParams({ cloud: c ? writeCloud(c) : null }, 'push'), []);
  const everything = q === '' && from === defaultRange.from;
  const setQ = useCallback((next: string) => setParams({ q: next }, 'push'), []);
  const setRange = useCallback((r: Range) => setParams({ from: r.from === defaultRange.from ? null : r.from, to: r.to === 'now' ? null : r.to }, 'push'), []);

  // Selection is by id, so that rows that come in above do not move it.
  const [selectedId, setSelectedId] = useState<string | null>(null);
  const selected = selectedId === null ? -1 : rows.findIndex((r) => idOf(r) === selectedId);
  const scroller = useRef<HTMLDivElement>(null);
  const loading = query.isPending || (query.isPlaceholderData && query.isFetching && rows.length === 0);
  const nothing = !loading && rows.length === 0 && query.error === null;
  const view = useVirtual(scroller, rows.length, rowHeight, 12, nothing);
  const { scrollTo } = view;

  // Live rows are put in above what one reads, never under one's eyes.
  const firstIds = useRef<{ key: string; ids: string[] }>({ key: '', ids: [] });
  const [freshIds, setFreshIds] = useState<Set<string>>(new Set());
  const [unseen, setUnseen] = useState(0);
  const key = JSON.stringify(search);
  useLayoutEffect(() => {
    const before = firstIds.current;
    const ids = rows.map(idOf);
    firstIds.current = { key, ids };
    if (before.key !== key || before.ids.length === 0 || !live) return;
    const had = new Set(before.ids);
    const added = ids.filter((id) => !had.has(id));
    if (added.length === 0) return;
    const anchor = before.ids.find((id) => ids.includes(id));
    const above = anchor === undefined ? 0 : ids.indexOf(anchor) - before.ids.indexOf(anchor);
    const el = scroller.current;
    if (el && el.scrollTop > rowHeight / 2 && above > 0) {
      el.scrollTop += above * rowHeight;
      setUnseen((n) => n + above);
    }
    // Of a stream nothing is marked: everything would be, all the time.
    if (added.length <= 8) setFreshIds(new Set(added));
  }, [rows, key, live]);
  useEffect(() => { if (view.top < rowHeight / 2) setUnseen(0); }, [view.top]);
  useEffect(() => { if (freshIds.size === 0) return; const t = setTimeout(() => setFreshIds(new Set()), 2000); return () => clearTimeout(t); }, [freshIds]);
  useEffect(() => { setUnseen(0); if (scroller.current) scroller.current.scrollTop = 0; }, [key]);

  const { hasNextPage, isFetchingNextPage, fetchNextPage, isFetchNextPageError } = query;
  useEffect(() => {
    if (hasNextPage && !isFetchingNextPage && !isFetchNextPageError && view.height > 0 && view.last >= rows.length - 20) void fetchNextPage();
  }, [view.last, view.height, rows.length, hasNextPage, isFetchingNextPage, isFetchNextPageError, fetchNextPage]);

  const openRow = useCallback((r: Row | undefined) => {
    if (!r) return;
    try { sessionStorage.setItem('turnscope.results', JSON.stringify({ url: location.pathname + location.search, ids: [...new Set(rows.flatMap((x) => (isSession(x) ? [] : [x.trace_id])))].slice(0, 1000) })); } catch { /* then there is no next and previous */ }
    navigate(isTrace(r) ? `/t/${r.trace_id}` : isSession(r) ? `/session?id=${encodeURIComponent(r.session)}` : `/t/${r.trace_id}?s=${r.span_id}`);
  }, [rows]);
  const openPoint = useCallback((p: ScatterPoint) => navigate(p.span_id ? `/t/${p.trace_id}?s=${p.span_id}` : `/t/${p.trace_id}`), []);
  const [marked, setMarked] = useState<string | null>(null);
  // Two rows, one after the other: the first is A.
  const compare = (): void => {
    const r = selected >= 0 ? rows[selected] : undefined;
    if (!r || isSession(r)) return;
    const id = isTrace(r) ? r.trace_id : `${r.trace_id}.${r.span_id}`;
    if (marked === null || marked === id) setMarked(marked === id ? null : id);
    else navigate(`/compare?a=${marked}&b=${id}`);
  };
  const move = (d: number): void => {
    if (rows.length === 0) return;
    const next = Math.max(0, Math.min(rows.length - 1, selected < 0 ? (d > 0 ? 0 : rows.length - 1) : selected + d));
    setSelectedId(idOf(rows[next]!));
    scrollTo(next);
  };
  useKeys({
    j: () => move(1), k: () => move(-1), ArrowDown: () => move(1), ArrowUp: () => move(-1), PageDown: () => move(15), PageUp: () => move(-15),
    Home: () => { const r = rows[0]; if (r) { setSelectedId(idOf(r)); scrollTo(0); } },
    Enter: () => openRow(rows[selected]),
    space: () => { if (selected < 0) move(1); setParams({ peek: peek ? null : '1' }); },
    c: compare, d: () => { if (cloud) setCloud(null); else if (scatterData && plot !== 'count') setCloud(dearest(scatterData, plot)); },
    Escape: () => { if (cloud) setCloud(null); else if (marked !== null) setMarked(null); else if (peek) setParams({ peek: null }); else if (selectedId !== null) setSelectedId(null); else return false; return true; },
    '/': () => { const i = document.getElementById('search-input'); i?.focus(); if (i instanceof HTMLInputElement) i.select(); },
    l: () => setParams({ live: live ? null : '1' }), r: () => setParams({ row: row === 'traces' ? 'spans' : row === 'spans' ? 'sessions' : null, cloud: null, cols: null }, 'push'),
  });

  // One scale for the page: the longest of what is shown, but not of one outlier alone.
  const scale = useMemo(() => {
    const d = rows.filter(isTrace).map((r) => r.duration_ns).sort((a, b) => a - b);
    return d.length === 0 ? 1 : Math.min(d[d.length - 1]!, d[Math.floor(d.length * 0.9)]! * 2.5);
  }, [rows]);
  const open = useCallback((i: number) => openRow(rows[i]), [openRow, rows]);
  const pick = useCallback((i: number) => { const r = rows[i]; if (r) setSelectedId(idOf(r)); }, [rows]);
  const every = (row === 'traces' ? traceColumns : row === 'spans' ? spanColumns : sessionColumns) as Column<Row>[];
  const [tableBox, tableSize] = useSize<HTMLDivElement>();
  const wanted = useMemo(() => new Set(chosenColumns ? chosenColumns.split(',') : every.filter((c) => !c.extra).map((c) => c.key)), [chosenColumns, every]);
  const columns = useMemo(() => fitColumns(every, wanted, tableSize.width), [every, wanted, tableSize.width]);
  const template = templateOf(columns);
  const firstPage = query.data?.pages[0], took = firstPage?.took_ms;
  const word = row === 'traces' ? 'Traces' : row === 'spans' ? 'Spans' : 'Sessions';
  const at = selected >= 0 ? rows[selected]! : null;
  const peeked = at && !isSession(at) ? at.trace_id : null;

  return (
    <main className="page search">
      <h1 className="sr">Search</h1>
      <button type="button" className="skip" onClick={() => document.getElementById('results')?.focus()}>Skip to the results</button>
      <SearchBar q={q} range={range} error={syntax} submit={setQ} />
      <div className="tool">
        <span className="seg" role="group" aria-label="A row is">
          {(['traces', 'spans', 'sessions'] as const).map((r) => <button type="button" key={r} aria-pressed={row === r} onClick={() => setParams({ row: r === 'traces' ? null : r, cloud: null, cols: null }, 'push')}>{r[0]!.toUpperCase() + r.slice(1)}</button>)}
        </span>
        {syntax && <p className="qerr trunc" id="query-error" role="alert" title={syntax.message}><span className="danger">{syntax.position !== undefined && `Character ${[...q.slice(0, indexOfByte(q, syntax.position))].length + 1}: `}{syntax.message}</span>{rows.length > 0 && <span className="dim"> The last good result stays below.</span>}</p>}
        <span className="row" role="status">{total !== undefined && !syntax && <><b className={row !== 'sessions' && series.isPlaceholderData ? 'dim' : 'strong'}>{row === 'sessions' ? integer(rows.length) : integer(total)}</b><span className="dim">{word.toLowerCase()}{took !== undefined && `, ${took < 10 ? took.toFixed(1) : Math.round(took)} ms`}</span><SampledNote of={[row !== 'sessions' ? seriesData : firstPage && 'sessions' in firstPage ? firstPage : undefined]} /></>}</span>
        <span className="grow" />
        {marked !== null && <span className="chip accent">compare with … <kbd>c</kbd></span>}
        <TimeRange range={range} set={setRange} />
        <SavedViews />
        <ColumnChooser all={every} shown={wanted} set={(k) => setParams({ cols: k === null ? null : k.join(',') })} />
        <button type="button" className="btn" aria-pressed={live} title="New rows appear on top (l)" onClick={() => setParams({ live: live ? null : '1' })}>
          <span className={live ? (liveState.state === 'listening' ? 'ok pulse' : 'warn') : 'dim'}>●</span>{live && liveState.state === 'connecting' ? 'Connecting' : live && liveState.state === 'lost' ? 'Live lost' : 'Live'}
        </button>
      </div>
      <div className={`body ${peek && peeked ? 'with-peek' : ''}`}>
        <FacetPanel facets={facetData ?? (facets.isError ? { facets: [], took_ms: 0 } : undefined)} q={q} setQ={setQ} busy={facets.isFetching} />
        <div className="main">
          <div className={`plots ${cloud ? 'with-dif' : ''} ${plot === 'count' ? 'low' : ''}`}>
            <div className="plotbox"><span className="seg plotseg" role="group" aria-label="Plot">{(['count', 'duration', 'cost', 'tokens'] as const).map((x) => <button type="button" key={x} aria-pressed={plot === x} onClick={() => setParams({ plot: x, cloud: null })}>{x[0]!.toUpperCase() + x.slice(1)}</button>)}</span>
          {plot !== 'count' ? <ScatterPlot data={scatterData} from={ends.from} to={ends.to} figure={plot} cloud={cloud} setCloud={setCloud} open={openPoint} word={counted} selected={at && !isSession(at) ? idOf(at) : null} /> : <Histogram series={seriesData} from={ends.from} to={ends.to} word={counted === 'spans' ? 'Spans' : 'Traces'} narrow={(a, b) => setRange({ from: new Date(a).toISOString(), to: new Date(b).toISOString() })} />}</div>
            {cloud && <DifferencePanel search={{ q, from, to, row: counted }} cloud={cloud} close={() => setCloud(null)} add={(k, v) => setParams({ q: and(q, `${quote(k)}:${quote(v)}`) }, 'push')}
              keep={() => setParams({ from: new Date(cloud.from).toISOString(), to: new Date(cloud.to).toISOString(), q: cloud.figure === 'duration' ? and(q, `duration>=${Math.floor(cloud.least / 1e6)}ms`) : q, cloud: null }, 'push')} />}
          </div>
          {error && !syntax && <Failure error={error} retry={() => void query.refetch()} />}
          {syntax && rows.length === 0 ? <div className="centered"><QueryHelp use={setQ} /></div> : nothing ? (
            <div className="centered">{nothingYet && q === '' ? <FirstTrace /> : everything && row === 'traces' && total === 0 ? <FirstTraceOrOlder widen={() => setRange({ from: 'now-30d', to: 'now' })} /> : <NothingFound q={q} sessions={row === 'sessions'} range={rangeLabel(range)} clear={() => setQ('')} widen={from === 'now-30d' ? null : () => setRange({ from: 'now-30d', to: 'now' })} />}</div>
          ) : (
            <div className="tablebox" ref={tableBox} style={{ '--cols': template } as CSSProperties}>
              <div role="grid" id="results" aria-label={word} aria-rowcount={query.hasNextPage ? -1 : rows.length + 1} aria-busy={query.isFetching} aria-activedescendant={selected >= view.first && selected < view.last ? `row-${selected}` : undefined} tabIndex={0} className={`table ${row} ${query.isPlaceholderData ? 'stale' : ''}`}>
                <div role="row" className="th" aria-rowindex={1}>{columns.map((c) => <div role="columnheader" key={c.key} className={`td c-${c.key} ${c.className ?? ''}`} title={c.help}>{c.title}</div>)}</div>
                <div className="tbody scroll" ref={scroller} role="rowgroup" tabIndex={query.hasNextPage ? -1 : 0}>
                  {loading && Array.from({ length: 14 }, (_, i) => <div className="tr skrow" aria-hidden="true" key={i} style={{ transform: `translateY(${i * rowHeight}px)` }}>{columns.map((c, j) => <div className={`td c-${c.key} ${c.className ?? ''}`} key={c.key}><Skeleton w={c.className === 'c-grow' ? `${60 - ((i * 7 + j) % 4) * 12}%` : '70%'} /></div>)}</div>)}
                  {!loading && <div className="spacer" role="presentation" style={{ height: rows.length * rowHeight + (rows.length > 0 ? 44 : 0) }}>
                    {rows.slice(view.first, view.last).map((r, i) => {
                      const index = view.first + i, id = idOf(r);
                      return <TableRow key={id} id={`row-${index}`} row={r} index={index} columns={columns} scale={scale} selected={index === selected} fresh={freshIds.has(id)}
                        error={isTrace(r) ? (r as TraceSummary).errors > 0 : isSession(r) ? false : (r as SpanSummary).status === 'error'} open={open} pick={pick} />;
                    })}
                    {rows.length > 0 && <div className="tend" role="row" style={{ transform: `translateY(${rows.length * rowHeight}px)` }}><div role="gridcell">
                      {isFetchNextPageError ? <button type="button" className="btn" onClick={() => void fetchNextPage()}>Reading on failed. Try again</button>
                        : hasNextPage ? <button type="button" className="btn quiet" disabled={isFetchingNextPage} onClick={() => void fetchNextPage()}>{isFetchingNextPage ? 'Reading on…' : 'Load more'}</button>
                        : <span className="dim">All {integer(rows.length)} {word.toLowerCase()} of this range are shown.</span>}
                    </div></div>}
                  </div>}
                </div>
              </div>
              {unseen > 0 && <button type="button" className="btn primary newrows" onClick={() => { if (scroller.current) scroller.current.scrollTop = 0; }}>{integer(unseen)} new above</button>}
            </div>
          )}
        </div>
        {peek && peeked && <Peek id={peeked} close={() => setParams({ peek: null })} />}
      </div>
      <StatusBar left={<>{integer(rows.length)}{hasNextPage ? ' read so far' : ' shown'}{selected >= 0 && <>, row {integer(selected + 1)}</>}</>}
        keys={[[['j', 'k'], 'move'], [['enter'], 'open'], [['space'], 'peek'], [['/'], 'search'], [['c'], 'compare two'], [['d'], 'what is different'], [['r'], 'traces, spans, sessions'], [['l'], 'live'], [['?'], 'all keys']]}
        right={live ? (liveState.state === 'listening' ? 'live: new rows appear on top' : 'live: waiting for the server') : undefined} />
    </main>
  );
}

/** While live, what is counted is counted again after a while, and the later the longer it takes. */
function beat(last: { at: number; n: number }, now: number | null, least: number, took = 0): void {
  if (now === null || now - last.at < Math.max(least, 20 * took)) return;
  last.at = now;
  last.n++;
}

/** The dearest or slowest tenth: what `d` asks about when nothing is chosen by hand. */
function dearest(data: Scatter, figure: Figure): Cloud | null {
  const points = data.points.flatMap((p) => { const v = figure === 'duration' ? p.duration_ns : figure === 'cost' ? p.cost_nano_usd : p.tokens; return v === null || v <= 0 ? [] : [{ v, ms: Number(BigInt(p.t) / 1_000_000n) }]; });
  if (points.length < 5) return null;
  const sorted = points.map((p) => p.v).sort((a, b) => a - b), times = points.map((p) => p.ms);
  return { figure, from: Math.min(...times) - 1000, to: Math.max(...times) + 1000, least: sorted[Math.floor(sorted.length * 0.9)]!, most: sorted.at(-1)! };
}

/** An empty store teaches how to fill it; a store with older traces says that they are older. */
function FirstTraceOrOlder({ widen }: { widen: () => void }) {
  const older = useQuery({ queryKey: ['any'], queryFn: ({ signal }) => get<{ traces: unknown[] }>('/traces', { from: 'now-30d', limit: 1 }, signal) });
  if (older.data && older.data.traces.length > 0) return <NothingFound q="" range="last 24 hours" clear={() => undefined} widen={widen} />;
  return <FirstTrace />;
}
