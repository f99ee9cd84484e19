import { lazy, Suspense, useCallback, useEffect, useMemo, useRef, useState, useSyncExternalStore } from 'react';
import { keepPreviousData, useQuery, useQueryClient } from '@tanstack/react-query';
import { get, seg } from '../api/client';
import type { TraceFind, TraceHeader, TraceLogs, WindowRow } from '../api/types';
import { durationText, integer, some } from '../format/numbers';
import { nanos, timeLong } from '../format/time';
import { StatusBar } from '../frame/frame';
import { oneLine } from '../text/safe';
import { FindContext, Safe } from '../text/text';
import { copyText, Failure, Skeleton } from '../ui/bits';
import { useCommands } from '../ui/commands';
import { Icon } from '../ui/icons';
import { useKeys } from '../ui/keys';
import { paced } from '../ui/paced';
import { useSize } from '../ui/size';
import { useVirtual } from '../ui/virtual';
import { Link } from '../url/link';
import { navigate, onMove, setParams, withParams } from '../url/router';
import { ContextPanel } from './context-panel';
import { Conversation } from './conversation';
import { CopyMenu } from './copy-menu';
import { Details, type Tab } from './details';
import { Facts } from './facts';
import { Findings } from './findings';
import { Minimap } from './minimap';
import { loadIndex, nextInOrder, nextInRank, type NavIndex } from './nav-index';
import { RunningTotal } from './running-total';
import { useScores } from './scores';
import { isGroupBy, type GroupBy } from './statistics';
import { colourings, rowHeight, Waterfall, type ColourBy } from './waterfall';
import { WindowSource, withFold, withGroup, type WindowParams } from './window-source';
import './trace.css';

// The readings that few need at once are read when they are asked for.
const Flame = lazy(() => import('./flame/flame').then((m) => ({ default: m.Flame })));
const TraceGraph = lazy(() => import('./graph/graph').then((m) => ({ default: m.TraceGraph })));
const Statistics = lazy(() => import('./statistics').then((m) => ({ default: m.Statistics })));
const Logs = lazy(() => import('./logs').then((m) => ({ default: m.Logs })));

const readings = ['waterfall', 'conversation', 'flame', 'graph', 'statistics', 'logs'] as const;
type Reading = (typeof readings)[number];
const titles: Record<Reading, string> = { waterfall: 'Waterfall', conversation: 'Conversation', flame: 'Flame', graph: 'Graph', statistics: 'Statistics', logs: 'Logs' };
const ids = (text: string | null): string[] => (text ? text.split(',').filter((x) => /^[0-9a-f]{1,16}$/i.test(x)) : []);
const stored = (key: string, fallback: number): number => { try { const v = Number(localStorage.getItem(key)); return v > 0 ? v : fallback; } catch { return fallback; } };
const store = (key: string, v: number): void => { try { localStorage.setItem(key, String(v)); } catch { /* then it holds for this page */ } };

interface UrlState { span: string | null; from: number | null; to: number | null; find: string; window: WindowParams; tab: Tab | null; critical: boolean; reading: Reading; colour: ColourBy; merged: boolean; calls: boolean; down: boolean; by: GroupBy; side: 'context' | 'span' }
function readUrl(): UrlState {
  const p = new URLSearchParams(location.search);
  const num = (k: string): number | null => { const v = p.get(k); return v !== null && /^\d{1,19}$/.test(v) ? Number(v) : null; };
  const depth = num('depth');
  return {
    span: ids(p.get('s'))[0] ?? null, from: num('from'), to: num('to'), find: p.get('find') ?? '', tab: p.get('d') as Tab | null, critical: p.get('cp') !== '0',
    reading: readings.find((r) => r === p.get('r')) ?? 'waterfall', colour: colourings.find((c) => c === p.get('colour')) ?? 'kind',
    merged: p.get('flame') === 'merged', calls: p.get('graph') === 'calls', down: p.get('dir') === 'down', by: ((g) => (isGroupBy(g) ? g : 'name'))(p.get('by')), side: p.get('side') === 'span' ? 'span' : 'context',
    window: { folded: ids(p.get('fold')), unfolded: ids(p.get('open')), depth: depth === null ? null : Math.max(1, depth), plumbing: p.get('plumbing') === 'hide', find: p.get('find') ?? '', group: p.get('group') !== '0', ungrouped: ids(p.get('ungroup')) },
  };
}

/** A run whose spans still come: since when, and for how long nothing has come. Silence tells a stuck agent. */
function Running({ start, end }: { start: string; end: string }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => { const i = setInterval(() => setNow(Date.now()), 1000); return () => clearInterval(i); }, []);
  const ms = (t: string): number => Number(nanos(t) / 1_000_000n);
  const since = Math.max(0, now - ms(start)), silent = Math.max(0, now - ms(end));
  const text = (x: number): string => durationText(Math.max(1000, Math.floor(x / 1000) * 1000) * 1e6).replace('.00', '');
  if (silent > 1_800_000) return <span className="chip warn" title={`Its last span ended ${timeLong(end)}; what has not arrived by now may never`}>not ended, silent for {durationText(silent * 1e6)}</span>;
  return <span className={`chip ${silent > 30_000 ? 'warn' : 'accent'}`} role="timer"><span className={silent > 30_000 ? '' : 'pulse'}>●</span> running {text(since)}{silent > 5000 && `, silent for ${text(silent)}`}</span>;
}

export default function TracePage({ id }: { id: string }) {
  const [url, setUrl] = useState(readUrl);
  const source = useMemo(() => new WindowSource(id, readUrl().window), [id]);
  const version = useSyncExternalStore(source.subscribe, source.snapshot);
  const client = useQueryClient();

  // What the URL says is read once and on back and forward; what is done here is written to it a little later, because
  // browsers limit how often that may happen while a key is held.
  const pending = useRef<Record<string, string | null>>({});
  const timer = useRef(0);
  const writing = useRef(false);
  const mine = useCallback((f: () => void) => { writing.current = true; f(); writing.current = false; }, []);
  const write = useCallback((patch: Record<string, string | null>, now = false) => {
    Object.assign(pending.current, patch);
    clearTimeout(timer.current);
    const flush = (): void => { const p = pending.current; pending.current = {}; if (Object.keys(p).length > 0) mine(() => setParams(p)); };
    if (now) flush();
    else timer.current = window.setTimeout(flush, 120);
  }, [mine]);
  useEffect(() => {
    // Back, forward, or a link to another place of this trace.
    const moved = (): void => {
      if (writing.current || !location.pathname.toLowerCase().endsWith(`/${id}`)) return;
      clearTimeout(timer.current);
      pending.current = {};
      const u = readUrl();
      setUrl(u);
      setFindText(u.find);
      void source.setParams(u.window);
      if (u.span) void source.locate(u.span).then((at) => { if (at >= 0) requestAnimationFrame(() => scrollTo(at, 'anchor')); });
    };
    const stop = onMove(moved);
    return () => { stop(); clearTimeout(timer.current); };
  }, [source, id]); // eslint-disable-line react-hooks/exhaustive-deps

  const header = useQuery({
    queryKey: ['trace', id], queryFn: ({ signal }) => get<TraceHeader>(`/traces/${seg(id)}`, {}, signal),
    refetchInterval: (q) => { const t = q.state.data; if (!t) return false; const age = Date.now() - Number(nanos(t.end_unix_nano) / 1_000_000n); return age < 60_000 || !t.complete || (t.unfinished ?? 0) > 0 ? 2000 : age < 600_000 ? 10_000 : false; },
  });
  const t = header.data;
  const growing = t !== undefined && (!t.complete || t.root === null || (t.unfinished ?? 0) > 0);

  // A trace that grows tells so; the rows in sight are read again in place.
  useEffect(() => {
    // The rows first and often; the facts above them, which take longer, at their own pace.
    const rows = paced(() => (source.ready ? source.reload() : Promise.resolve()), { factor: 0.5 }), facts = paced(() => client.invalidateQueries({ queryKey: ['trace', id] }), { least: 400 });
    const read = (): void => { rows.ask(); facts.ask(); };
    const events = new EventSource(`/api/v1/live?q=${encodeURIComponent(`trace:${id}`)}`);
    let connected = 0;
    // Connected again: what came in between was not told.
    events.addEventListener('hello', () => { if (connected++ > 0) read(); });
    events.addEventListener('traces', read);
    return () => { rows.stop(); facts.stop(); events.close(); };
  }, [id, client, source]);
  const revision = t?.revision ?? '';
  const [follow, setFollow] = useState(false);
  // The rows may be newer than the header: each revision of it is answered once.
  const answered = useRef('');
  useEffect(() => {
    if (!revision || !source.ready || answered.current === revision) return;
    answered.current = revision;
    if (source.revision !== revision) void source.reload();
  }, [revision, source, version]);

  const scroller = useRef<HTMLDivElement>(null);
  const [ready, setReady] = useState(false);
  const [box, size] = useSize<HTMLDivElement>();
  const missing = (header.isError && !t) || (source.error !== null && !source.ready);
  const view = useVirtual(scroller, source.total, rowHeight, 20, missing);
  const { scrollTo } = view;
  const [nameWidth, setNameWidthState] = useState(() => stored('turnscope.name-width', 322));
  const setNameWidth = useCallback((w: number) => { setNameWidthState(w); store('turnscope.name-width', w); }, []);
  const [say, setSay] = useState('');

  useEffect(() => {
    let gone = false;
    void source.start_(readUrl().span).then((row) => {
      if (gone) return;
      setReady(true);
      setUrl((u) => ({ ...u, window: source.state }));
      requestAnimationFrame(() => scrollTo(row, 'anchor'));
    });
    return () => { gone = true; };
  }, [source, scrollTo]);
  // Following ends by itself when one scrolls away from the end.
  const rowCount = useRef(0);
  useEffect(() => { if (follow && growing && source.total > rowCount.current) scrollTo(source.total - 1); rowCount.current = source.total; }, [follow, growing, source, version, scrollTo]);
  useEffect(() => { source.ensure(view.first, view.last); }, [source, view.first, view.last, version]);

  const total = Math.max(1, Number(nanos(source.end) - nanos(source.start)));
  const range = useMemo<[number, number]>(() => {
    const pad = total * 0.004;
    const whole: [number, number] = [-pad, total + pad * 3];
    if (url.from === null && url.to === null) return whole;
    const from = url.from ?? 0, to = url.to ?? total;
    return to > from ? [from, to] : whole;
  }, [url.from, url.to, total]);
  const zoomed = url.from !== null || url.to !== null;

  const setView = useCallback((v: [number, number] | null) => {
    const from = v ? Math.max(0, Math.round(v[0])) : null, to = v ? Math.round(v[1]) : null;
    setUrl((u) => ({ ...u, from, to }));
    write({ from: from === null ? null : String(from), to: to === null ? null : String(to) });
  }, [write]);
  const setWindow = useCallback((w: WindowParams) => {
    setUrl((u) => ({ ...u, window: w }));
    write({ fold: w.folded.join(',') || null, open: w.unfolded.join(',') || null, depth: w.depth === null ? null : String(w.depth), plumbing: w.plumbing ? 'hide' : null, group: w.group ? null : '0', ungroup: w.ungrouped.join(',') || null });
    return source.setParams(w);
  }, [source, write]);

  const selectRow = useCallback((r: WindowRow) => {
    setUrl((u) => ({ ...u, span: r.span_id }));
    write({ s: r.span_id });
  }, [write]);
  /** Goes to a span wherever it is, opening what hides it. */
  const goTo = useCallback(async (span: string | null, what?: string) => {
    if (!span) { if (what) setSay(`no ${what} in this trace`); return; }
    setUrl((u) => ({ ...u, span }));
    write({ s: span });
    const at = await source.locate(span, (w) => {
      setUrl((u) => ({ ...u, window: w }));
      write({ fold: w.folded.join(',') || null, open: w.unfolded.join(',') || null, ungroup: w.ungrouped.join(',') || null });
    });
    if (at < 0) { setSay('that span is not in this trace'); return; }
    const r = source.row(at);
    setSay(what && r ? `${what}: ${oneLine(r.name, 60)}` : '');
    requestAnimationFrame(() => scrollTo(at, 'anchor'));
    // A span outside the part of time that is in view brings the view along.
    if (r) setUrl((u) => {
      if (u.from === null && u.to === null) return u;
      const from = u.from ?? 0, to = u.to ?? total;
      if (r.offset_ns + r.duration_ns >= from && r.offset_ns <= to) return u;
      const half = (to - from) / 2, mid = r.offset_ns + r.duration_ns / 2;
      const a = Math.max(0, Math.round(mid - half)), b = Math.round(a + 2 * half);
      write({ from: String(a), to: String(b) });
      return { ...u, from: a, to: b };
    });
  }, [source, scrollTo, total, write]);
  const fold = useCallback((r: WindowRow, on: boolean) => { if (r.children > 0 || r.folded || r.hidden > 0) void setWindow(withFold(source.state, r, on)); }, [setWindow, source]);

  const group = useCallback((r: WindowRow, close: boolean) => { void setWindow(withGroup(source.state, r.span_id, close)); }, [setWindow, source]);

  // The jump keys need the spans in order: read when the first of them is pressed, or at once for a small trace.
  const [wantIndex, setWantIndex] = useState(false);
  const index = useQuery({ queryKey: ['nav', id, revision], queryFn: ({ signal }) => loadIndex(id, signal), enabled: wantIndex || url.colour === 'score' || (url.reading !== 'waterfall' && url.reading !== 'logs' && source.spans > 0) || (source.spans > 0 && source.spans <= 3000), staleTime: Infinity, gcTime: 30_000, placeholderData: keepPreviousData });
  const withIndex = useCallback(async (f: (i: NavIndex) => void) => {
    setWantIndex(true);
    try {
      const i: NavIndex = index.data ?? (await client.fetchQuery({ queryKey: ['nav', id, revision], queryFn: ({ signal }) => loadIndex(id, signal), staleTime: Infinity }));
      f(i);
    } catch { setSay('the spans could not be read'); }
  }, [client, id, index.data, revision]);
  const slowest = t?.findings.find((f) => f.type === 'slow')?.span_id ?? (index.data && index.data.slow.length > 0 ? index.data.spans[index.data.slow[0]!]!.id : null);
  const turns = useMemo(() => (index.data ? index.data.turns.map((i, n) => { const s = index.data.spans[i]!; return { n: s.turn ?? n + 1, start: s.start, end: s.start + s.duration, id: s.id }; }) : []), [index.data]);

  // The model call before the selected one, of the same agent: what it sent is resent context now.
  const previous = useMemo(() => {
    const i = index.data && url.span !== null ? index.data.place.get(url.span) : undefined;
    if (i === undefined || !index.data) return null;
    const s = index.data.spans[i]!;
    if (s.kind !== 'llm') return null;
    for (let j = i - 1; j >= 0; j--) { const b = index.data.spans[j]!; if (b.kind === 'llm' && !b.error && b.start + b.duration <= s.start && b.parent !== s.id) return b.id; }
    return null;
  }, [index.data, url.span]);

  const lastCall = useMemo(() => { const all = index.data?.spans.filter((s) => s.kind === 'llm' && !s.error && s.usage?.role !== 'duplicate') ?? []; return all.reduce<(typeof all)[number] | null>((m, s) => (m === null || s.start + s.duration >= m.start + m.duration ? s : m), null)?.id ?? null; }, [index.data]);

  const scored = useScores(id, index.data, revision, url.colour === 'score');

  // Find in trace: the server looks through names, attributes and content.
  const findInput = useRef<HTMLInputElement>(null);
  const [findText, setFindText] = useState(url.find);
  const find = useQuery({ queryKey: ['find', id, url.find, revision], enabled: url.find !== '', placeholderData: keepPreviousData, queryFn: ({ signal }) => get<TraceFind>(`/traces/${seg(id)}/find`, { q: url.find }, signal) });
  const hits = url.find && find.data ? find.data.span_ids : [];
  const wantHit = useRef<1 | -1 | 0>(0);
  useEffect(() => {
    const at = setTimeout(() => {
      if (findText === url.find) return;
      setUrl((u) => ({ ...u, find: findText }));
      write({ find: findText || null });
      const w = { ...source.state, find: findText };
      setUrl((u) => ({ ...u, window: w }));
      void source.setParams(w);
    }, wantHit.current ? 0 : 200);
    return () => clearTimeout(at);
  }, [findText, url.find, source, write]);
  const hitAt = url.span ? hits.indexOf(url.span) : -1;
  const searching = findText !== url.find || (url.find !== '' && (find.isFetching || find.isPlaceholderData));
  const nextHit = (d: 1 | -1): void => { if (searching) { wantHit.current = d; return; } wantHit.current = 0; if (hits.length === 0) { setSay(url.find ? 'nothing found' : 'press / to look for something'); return; } void goTo(hits[(hitAt + d + hits.length + (hitAt < 0 && d < 0 ? 1 : 0)) % hits.length]!); };

  // Enter that came before the answer is kept until the answer is here.
  useEffect(() => { if (wantHit.current && !searching) nextHit(wantHit.current); });

  const results = useMemo(() => { try { const r = JSON.parse(sessionStorage.getItem('turnscope.results') ?? 'null') as { url: string; ids: string[] } | null; return r && r.ids.includes(id) ? r : null; } catch { return null; } }, [id]);
  const resultAt = results ? results.ids.indexOf(id) : -1;
  const sibling = (d: 1 | -1): void => { const to = results?.ids[resultAt + d]; if (to) navigate(`/t/${to}`); };
  const backTo = results?.url ?? '/search';

  const selectedIndex = url.span ? source.indexOf(url.span) : -1;
  const step = (d: number): void => {
    const to = Math.max(0, Math.min(source.total - 1, (selectedIndex < 0 ? (d > 0 ? -1 : 0) : selectedIndex) + d));
    scrollTo(to);
    void source.rowAt(to).then((r) => { if (r) selectRow(r); });
  };
  const toEdge = (i: number): void => { scrollTo(i); void source.rowAt(i).then((r) => { if (r) selectRow(r); }); };
  const current = selectedIndex >= 0 ? source.row(selectedIndex) : undefined;
  const foldKey = (): void => {
    if (!current) return;
    if (current.group && !current.group.closed && (current.children === 0 || current.folded)) { group(current, true); return; }
    if ((current.children > 0 || current.hidden > 0) && !current.folded) fold(current, true);
    else if (current.parent_span_id) void goTo(current.parent_span_id);
  };
  const openKey = (): void => {
    if (!current) return;
    if (current.group?.closed) group(current, false);
    else if (current.folded) fold(current, false);
    else if (current.children > 0) step(1);
  };
  const level = (d: 1 | -1): void => {
    if (!source.ready) return;
    let deepest = 0;
    for (const r of source.loaded()) if (r.depth > deepest) deepest = r.depth;
    // depth N shows N levels; without one, as many as are in sight.
    const depth = Math.max(1, (url.window.depth ?? deepest + 1) + d);
    setSay(`open to level ${depth}`);
    void setWindow({ ...source.state, folded: [], unfolded: [], depth }).then(() => { if (url.span) { const at = source.indexOf(url.span); if (at >= 0) scrollTo(at, 'anchor'); } });
  };
  const zoomTo = (r: WindowRow | undefined): void => { if (r) { const pad = Math.max(1, r.duration_ns * 0.05); setView([Math.max(0, r.offset_ns - pad), r.offset_ns + r.duration_ns + pad]); } };
  // ctrl and wheel zoom time about the pointer, as maps do; not passive, or the browser would zoom the page.
  const zoomAt = useRef<(share: number, factor: number) => void>(() => undefined);
  zoomAt.current = (share, factor) => {
    const [a, b] = range, at = a + (b - a) * share, width = Math.max(1000, (b - a) * factor);
    if (width >= total) setView(null);
    else { const from = Math.max(0, Math.min(total - width, at - width * share)); setView([from, from + width]); }
  };
  useEffect(() => {
    const el = scroller.current;
    if (!el) return;
    const wheel = (e: WheelEvent): void => {
      if (!e.ctrlKey) return;
      e.preventDefault();
      const axis = el.querySelector('.barcell')?.getBoundingClientRect();
      if (axis) zoomAt.current(Math.max(0, Math.min(1, (e.clientX - axis.left) / axis.width)), e.deltaY > 0 ? 1.25 : 0.8);
    };
    el.addEventListener('wheel', wheel, { passive: false });
    return () => el.removeEventListener('wheel', wheel);
  }, [missing]);
  const permalink = useCallback((span: string) => withParams(location.pathname + location.search, { ...pending.current, s: span }), []);
  const finding = (type: string): void => {
    const show = (h: TraceHeader): void => { const f = h.findings.find((x) => x.type === type); if (f) void goTo(f.span_id, type); else setSay(`nothing ${type} stands out`); };
    if (t) show(t);
    else void header.refetch({ cancelRefetch: false }).then((r) => { if (r.data) show(r.data); });
  };
  const setReading = (r: Reading): void => { setUrl((u) => ({ ...u, reading: r })); write({}, true); mine(() => setParams({ r: r === 'waterfall' ? null : r }, 'push')); };
  const nextReading = (d: 1 | -1): void => setReading(readings[(readings.indexOf(url.reading) + d + readings.length) % readings.length]!);
  const setOption = <K extends 'colour' | 'merged' | 'calls' | 'down' | 'by' | 'side'>(key: K, value: UrlState[K], patch: Record<string, string | null>): void => { setUrl((u) => ({ ...u, [key]: value })); write(patch); };
  const [copyOpen, setCopyOpen] = useState(false);
  const logs = useQuery({ queryKey: ['logs', id, revision], enabled: revision !== '', staleTime: 30_000, placeholderData: keepPreviousData, queryFn: ({ signal }) => get<TraceLogs>(`/traces/${seg(id)}/logs`, {}, signal) });
  const hitSet = useMemo(() => (url.find && find.data ? new Set(find.data.span_ids) : null), [url.find, find.data]);
  // Without rows on screen the keys go through the spans in order.
  const walk = (d: 1 | -1): void => void withIndex((i) => { const all = i.spans.map((_, n) => n); void goTo(url.span === null ? (i.spans[d > 0 ? 0 : i.spans.length - 1]?.id ?? null) : i.place.has(url.span) && (i.place.get(url.span)! + d < 0 || i.place.get(url.span)! + d >= i.spans.length) ? url.span : nextInOrder(i, all, url.span, d)); });
  const rowsInSight = url.reading === 'waterfall';
  const steps = (d: number): void => { if (rowsInSight) step(d); else if (url.reading === 'conversation') void withIndex((i) => void goTo(nextInOrder(i, i.spans.flatMap((s, n) => (s.kind === 'llm' || s.kind === 'tool' || s.kind === 'retrieval' ? [n] : [])), url.span, d > 0 ? 1 : -1))); else walk(d > 0 ? 1 : -1); };
  const setTab = useCallback((d: Tab) => { setUrl((u) => ({ ...u, tab: d })); write({ d }); }, [write]);
  const toggleCritical = (): void => { setUrl((u) => ({ ...u, critical: !u.critical })); write({ cp: url.critical ? '0' : null }); };
  const togglePlumbing = (): void => { void setWindow({ ...source.state, plumbing: !source.state.plumbing }); };

  useKeys({
    j: () => steps(1), k: () => steps(-1), ArrowDown: () => (rowsInSight ? step(1) : false), ArrowUp: () => (rowsInSight ? step(-1) : false), PageDown: () => (rowsInSight ? step(20) : false), PageUp: () => (rowsInSight ? step(-20) : false),
    Home: () => (rowsInSight ? toEdge(0) : false), End: () => (rowsInSight ? toEdge(Math.max(0, source.total - 1)) : false),
    h: foldKey, l: openKey, ArrowLeft: foldKey, ArrowRight: openKey, '[': () => level(-1), ']': () => level(1), H: togglePlumbing,
    1: () => finding('slow'), 2: () => finding('dear'), 3: () => finding('wrong'),
    e: () => void withIndex((i) => void goTo(nextInOrder(i, i.errors, url.span, 1), 'error')), E: () => void withIndex((i) => void goTo(nextInOrder(i, i.errors, url.span, -1), 'error')),
    s: () => void withIndex((i) => void goTo(nextInRank(i, i.slow, url.span, 1), 'slow span')), S: () => void withIndex((i) => void goTo(nextInRank(i, i.slow, url.span, -1), 'slow span')),
    $: () => void withIndex((i) => void goTo(nextInRank(i, i.dear, url.span, 1), 'priced call')),
    t: () => void withIndex((i) => void goTo(nextInOrder(i, i.turns, url.span, 1), 'turn')), T: () => void withIndex((i) => void goTo(nextInOrder(i, i.turns, url.span, -1), 'turn')),
    n: () => nextHit(1), N: () => nextHit(-1), '/': () => { findInput.current?.focus(); findInput.current?.select(); },
    F: () => setFollow((f) => !f), z: () => zoomTo(current), f: () => setView(null), c: toggleCritical, v: () => nextReading(1), V: () => nextReading(-1), Y: () => setCopyOpen(true),
    J: () => sibling(1), K: () => sibling(-1),
    y: () => { void copyText(url.span ? location.origin + permalink(url.span) : location.origin + withParams(location.pathname + location.search, pending.current)).then(() => setSay('link copied')); },
    Escape: () => { if (zoomed) setView(null); else if (url.find) setFindText(''); else if (url.span) { setUrl((u) => ({ ...u, span: null })); write({ s: null }); } else navigate(backTo); },
  });

  useCommands(() => [
    { title: 'What was slow', keys: '1', run: () => finding('slow') }, { title: 'What was dear', keys: '2', run: () => finding('dear') }, { title: 'What was wrong', keys: '3', run: () => finding('wrong') },
    ...readings.map((r) => ({ title: `Reading: ${titles[r].toLowerCase()}`, ...(r === readings[(readings.indexOf(url.reading) + 1) % readings.length] ? { keys: 'v' } : {}), run: () => setReading(r) })),
    { title: 'Next error', keys: 'e', run: () => void withIndex((i) => void goTo(nextInOrder(i, i.errors, url.span, 1), 'error')) },
    { title: 'Critical path on or off', keys: 'c', run: toggleCritical }, { title: 'Hide or show plumbing spans', keys: 'H', run: togglePlumbing }, { title: 'Fit the whole trace', keys: 'f', run: () => setView(null) },
    { title: 'Copy as …', keys: 'Y', run: () => setCopyOpen(true) }, { title: 'Find in trace', keys: '/', run: () => findInput.current?.focus() }, { title: 'Compare this trace with another', run: () => navigate(`/compare?a=${id}`) },
  ]);

  const title = t?.question ?? t?.root?.name ?? null;
  useEffect(() => { document.title = `${title ? oneLine(title, 60) : 'Trace'} · Turnscope`; return () => { document.title = 'Turnscope'; }; }, [title]);
  const hiddenCount = source.spans - source.total;

  const details = <Details trace={id} span={url.span} revision={revision} tab={url.tab} setTab={setTab} select={(s) => void goTo(s)} permalink={permalink} traceStart={source.start} header={t} previous={previous} lastCall={lastCall} firstToken={current?.first_token_ns ?? null} />;
  const waiting = <div className="pad stack"><Skeleton w="60%" h={18} /><Skeleton w="85%" h={18} /><Skeleton w="40%" h={18} /></div>;
  if (missing) {
    return (
      <main className="page trace"><header className="top"><span className="crumb"><Link to={backTo}>Traces</Link><b>/</b></span><h1>{id}</h1></header>
        <div className="center"><Failure error={header.error ?? source.error} title="This trace cannot be shown" more={<Link className="btn" to={`/search?q=trace:${id}&from=now-30d`}><Icon name="search" />Search for it in 30 days</Link>} retry={() => { void header.refetch(); void source.reload(); }} /></div></main>
    );
  }
  return (
    <FindContext.Provider value={url.find}>
      <main className="page trace">
        <header className="top">
          <span className="crumb"><Link to={backTo}>Traces</Link><b>/</b>{t && <><Safe text={t.agent ?? t.root?.service ?? t.services[0] ?? ''} /><b>/</b></>}</span>
          <h1 className="trunc">{t ? (t.question ? <>“<Safe text={oneLine(t.question, 220)} />”</> : <Safe text={title ?? 'root not here yet'} />) : ' '}</h1>
          {growing && t && <Running start={t.start_unix_nano} end={t.end_unix_nano} />}
          {growing && <button type="button" className="btn" aria-pressed={follow} title="Keep the last row in sight while spans arrive (F)" onClick={() => setFollow(!follow)}>Follow</button>}
          <span className="grow" />
          {results && <><span className="cap wide">{resultAt + 1} of {integer(results.ids.length)} in search</span><span className="row pair"><button type="button" className="btn quiet icon" aria-label="Previous trace (shift k)" disabled={resultAt <= 0} onClick={() => sibling(-1)}><Icon name="up" /></button><button type="button" className="btn quiet icon" aria-label="Next trace (shift j)" disabled={resultAt >= results.ids.length - 1} onClick={() => sibling(1)}><Icon name="down" /></button></span></>}
          <Link className="btn wide" to={`/compare?a=${id}`} title="Compare with another trace"><Icon name="compare" />Compare</Link>
          <CopyMenu trace={id} span={url.span} header={t} open={copyOpen} setOpen={setCopyOpen} say={setSay} link={() => location.origin + withParams(location.pathname + location.search, pending.current)} />
          <a className="btn" href={`/api/v1/traces/${seg(id)}/otlp`} download={`${id}.otlp.json`}><Icon name="download" />OTLP</a>
        </header>
        <Facts t={t} lastCall={lastCall} />
        {t ? <Findings findings={t.findings} selected={url.span} select={(s) => void goTo(s)} /> : <section className="findings" aria-hidden="true">{[0, 1, 2].map((i) => <div className="finding" key={i}><span className="sk skf" /></div>)}</section>}
        <div className="tool">
          <div className="tabs" role="tablist" aria-label="Reading">
            {readings.map((r) => <button type="button" key={r} role="tab" id={`reading-${r}`} aria-controls="reading" aria-selected={url.reading === r} tabIndex={url.reading === r ? 0 : -1} onClick={() => setReading(r)}
              onKeyDown={(e) => { const d = e.key === 'ArrowRight' ? 1 : e.key === 'ArrowLeft' ? -1 : 0; if (d) { e.preventDefault(); e.stopPropagation(); const to = readings[(readings.indexOf(r) + d + readings.length) % readings.length]!; setReading(to); document.getElementById(`reading-${to}`)?.focus(); } }}>
              {titles[r]}{r === 'logs' && logs.data && <span className="n">{integer(logs.data.logs.length)}{logs.data.more ? '+' : ''}</span>}</button>)}
          </div>
          <span className="grow" />
          {zoomed && <button type="button" className="btn" title="Show the whole trace (f)" onClick={() => setView(null)}>{durationText(range[1] - range[0])} of {durationText(total)}<Icon name="x" /></button>}
          {url.reading === 'waterfall' && url.colour === 'score' && scored.data && <span className="cap wide">{scored.data.scores.size === 0 ? 'no span carries a score' : `${integer(scored.data.scores.size)} scored${scored.data.more ? ' of the first 120 calls' : ''}`}</span>}
          {url.reading === 'waterfall' && <label className="btn pick wide"><span className="dim">Colour</span><select aria-label="Colour bars by" value={url.colour} onChange={(e) => setOption('colour', e.target.value as ColourBy, { colour: e.target.value === 'kind' ? null : e.target.value })}>{colourings.map((c) => <option key={c} value={c}>{c}</option>)}</select></label>}
          {(url.reading === 'waterfall' || url.reading === 'flame') && <button type="button" className="btn wide" aria-pressed={url.window.plumbing} title="HTTP and database spans below model and tool calls (H)" onClick={togglePlumbing}><Icon name="fold" />{url.window.plumbing && hiddenCount > 0 ? `${integer(hiddenCount)} spans hidden` : 'Hide plumbing'}</button>}
          {url.reading === 'waterfall' && <button type="button" className="btn" aria-pressed={url.critical} title="The path that decided the duration (c)" onClick={toggleCritical}><Icon name="thread" />Critical path</button>}
          <div className="field find"><Icon name="search" /><input ref={findInput} type="search" placeholder="Find in trace" aria-label="Find in trace" value={findText} onChange={(e) => setFindText(e.target.value)}
            onKeyDown={(e) => { if (e.key === 'Enter') { e.preventDefault(); nextHit(e.shiftKey ? -1 : 1); } else if (e.key === 'Escape') { e.stopPropagation(); if (findText) setFindText(''); e.currentTarget.blur(); } }} />
            {url.find && find.data ? <span className="cap" role="status">{hits.length === 0 ? 'none' : `${hitAt >= 0 ? `${hitAt + 1} of ` : ''}${integer(hits.length)}${find.data.more ? '+' : ''}`}</span> : <kbd>/</kbd>}</div>
        </div>
        <div className={`tbodyx r-${url.reading}`} role="tabpanel" id="reading" aria-labelledby={`reading-${url.reading}`}>
          <div className={url.reading === 'waterfall' ? 'left' : 'left hiddenx'} ref={box}>
            <Minimap bars={source.minimap?.bars ?? null} total={total} view={[Math.max(0, range[0]), Math.min(total, range[1])]} setView={setView} turns={turns} needle={current ? current.offset_ns : null} />
            {source.error !== null && source.ready && <Failure error={source.error} retry={() => void source.reload()} />}
            <Waterfall source={source} version={version} view={view} range={range} width={size.width} nameWidth={Math.min(nameWidth, Math.max(180, size.width - 420))} setNameWidth={setNameWidth} selected={url.span} select={selectRow} fold={fold}
              critical={url.critical} slowest={slowest} scroller={scroller} busy={!ready} colour={url.colour} group={group} scores={scored.data?.scores ?? null} />
            {index.data && turns.length > 0 && <RunningTotal index={index.data} range={range} left={Math.min(nameWidth, Math.max(180, size.width - 420)) + 188} select={(s) => void goTo(s)} />}
          </div>
          {url.reading === 'conversation' ? <Conversation trace={id} index={index.data} whole={index.data?.whole ?? true} load={() => setWantIndex(true)} selected={url.span} select={(s) => void goTo(s)} header={t} revision={revision}
            side={<div className="cside">
              <div className="seg ctxseg" role="group" aria-label="Beside the conversation"><button type="button" aria-pressed={url.side === 'context'} onClick={() => setOption('side', 'context', { side: null })}>Context</button><button type="button" aria-pressed={url.side === 'span'} onClick={() => setOption('side', 'span', { side: 'span' })}>Selected span</button></div>
              {url.side === 'context' ? <ContextPanel trace={id} revision={revision} chosen={url.span} choose={(s) => void goTo(s)} /> : details}</div>} />
            : url.reading === 'waterfall' ? details
            : <>
              <div className="left rd"><Suspense fallback={waiting}>
                {url.reading === 'logs' ? <Logs logs={logs} traceStart={source.start} index={index.data} selected={url.span} select={(s) => void goTo(s)} />
                  : !index.data ? (index.isError ? <Failure error={index.error} retry={() => void index.refetch()} /> : waiting)
                  : url.reading === 'flame' ? <Flame index={index.data} total={total} range={range} setView={setView} selected={url.span} select={(s) => void goTo(s)} hits={hitSet} plumbing={url.window.plumbing} merged={url.merged} setMerged={(m) => setOption('merged', m, { flame: m ? 'merged' : null })} below={!url.merged && <RunningTotal index={index.data} range={[Math.max(0, range[0]), Math.min(total, range[1])]} left={null} select={(s) => void goTo(s)} />} />
                  : url.reading === 'graph' ? <TraceGraph index={index.data} header={t} selected={url.span} select={(s) => void goTo(s)} whole={url.calls} setWhole={(w) => setOption('calls', w, { graph: w ? 'calls' : null })} direction={url.down ? 'DOWN' : 'RIGHT'} setDirection={(d) => setOption('down', d === 'DOWN', { dir: d === 'DOWN' ? 'down' : null })} />
                  : <Statistics index={index.data} group={url.by} setGroup={(g) => setOption('by', g, { by: g === 'name' ? null : g })} select={(s) => void goTo(s)} selected={url.span} />}
              </Suspense>{index.data && !index.data.whole && <p className="cap pad">This trace is large: its first 100,000 spans are read here.</p>}</div>
              {details}
            </>}
        </div>
        <StatusBar left={<>{growing ? <span className="warn">●</span> : <span className="ok">●</span>}{!t ? 'reading' : !t.complete ? 'some parents have not arrived' : t.unfinished ? `${some(t.unfinished, 'span')} not ended` : 'complete'}, {integer(source.spans)} spans{source.total !== source.spans && `, ${integer(source.total)} shown`}</>}
          keys={[[['j', 'k'], 'move'], [['h', 'l'], 'fold, open'], [['e'], 'next error'], [['s'], 'next slowest'], [['$'], 'next dearest'], [['z', 'f'], 'zoom, fit'], [['?'], 'all keys']]}
          right={say || (t && t.critical_path.llm_ns + t.critical_path.tool_ns + t.critical_path.other_ns > 0 ? `${durationText(t.duration_ns)} = models ${durationText(t.critical_path.llm_ns)} + tools ${durationText(t.critical_path.tool_ns)} + other ${durationText(t.critical_path.other_ns)}` : undefined)} />
        <span className="sr" aria-live="polite">{say}</span>
      </main>
    </FindContext.Provider>
  );
}
