import { get, seg, type Params } from '../api/client';
import type { TraceWindow, WindowRow } from '../api/types';

/** What decides which rows there are; the server folds, filters and counts. */
export interface WindowParams { folded: string[]; unfolded: string[]; depth: number | null; plumbing: boolean; find: string; group: boolean; ungrouped: string[] }

const page = 200;
export type Fetch = (trace: string, params: Params, signal?: AbortSignal) => Promise<TraceWindow>;
const fromServer: Fetch = (trace, params, signal) => get<TraceWindow>(`/traces/${seg(trace)}/window`, params, signal);

/**
 * The rows of one trace, by range, for the current fold set. Never the whole trace: pages of 200 rows are asked for as they
 * come in sight. While a new fold set is being read the old rows stay, then all change at once, so that nothing flickers.
 */
export class WindowSource {
  total = 0;
  spans = 0;
  revision = '';
  start = '0';
  end = '0';
  minimap: TraceWindow['minimap'] = null;
  error: unknown = null;
  ready = false;
  version = 0;
  private rows = new Map<number, WindowRow>();
  private index = new Map<string, number>();
  private asked = new Set<number>();
  private generation = 0;
  private abort = new AbortController();
  private listeners = new Set<() => void>();
  private range: [number, number] = [0, page];

  constructor(readonly trace: string, private params: WindowParams, private readonly fetch: Fetch = fromServer) {}

  subscribe = (f: () => void): (() => void) => { this.listeners.add(f); return () => this.listeners.delete(f); };
  snapshot = (): number => this.version;
  row(i: number): WindowRow | undefined { return this.rows.get(i); }
  indexOf(span: string): number { return this.index.get(span) ?? -1; }
  loaded(): Iterable<WindowRow> { return this.rows.values(); }
  get state(): WindowParams { return this.params; }

  /** Reads the first rows, around `span` if there is one. */
  async start_(span: string | null): Promise<number> {
    if (span) {
      const at = await this.locate(span);
      if (at >= 0) return at;
    }
    await this.load(0, { minimap: 1 });
    return 0;
  }

  /** Another fold set or find text: the rows on screen stay until the new ones are here. */
  async setParams(params: WindowParams): Promise<void> {
    if (same(params, this.params)) return;
    this.params = params;
    await this.reload();
  }

  /** The same rows again: the trace has grown. */
  async reload(): Promise<void> {
    this.abort.abort();
    this.abort = new AbortController();
    const generation = ++this.generation;
    const first = Math.floor(this.range[0] / page) * page;
    const count = Math.min(2000, Math.ceil((this.range[1] - first) / page + 1) * page);
    try {
      const w = await this.fetch(this.trace, this.query({ first, count, minimap: 1 }), this.abort.signal);
      if (generation !== this.generation) return;
      this.rows = new Map();
      this.index = new Map();
      this.asked = new Set();
      this.take(w);
      for (let p = first / page; (p + 1) * page <= w.first + w.rows.length || (p * page < w.first + w.rows.length && w.first + w.rows.length >= w.total_rows); p++) this.asked.add(p);
      this.changed();
    } catch (e) { this.failed(e, generation); }
  }

  /** Asks for what is in sight and not here yet. */
  ensure(first: number, last: number): void {
    this.range = [first, last];
    if (!this.ready) return;
    for (let p = Math.floor(first / page); p * page < Math.min(last, this.total); p++) {
      if (!this.asked.has(p)) void this.load(p);
    }
  }

  async rowAt(i: number): Promise<WindowRow | undefined> {
    if (i < 0 || i >= this.total) return undefined;
    if (!this.rows.has(i)) {
      this.asked.delete(Math.floor(i / page));
      await this.load(Math.floor(i / page));
    }
    return this.rows.get(i);
  }

  /**
   * The row of a span; when it lies in a folded part, the ancestors are opened: then `onOpened` gets the new fold set.
   * -1: the trace has no such span.
   */
  async locate(span: string, onOpened?: (p: WindowParams) => void): Promise<number> {
    const known = this.indexOf(span);
    if (known >= 0) return known;
    const generation = this.generation;
    let w: TraceWindow;
    try {
      w = await this.fetch(this.trace, this.query({ around: span, count: page, ...(this.ready ? {} : { minimap: 1 }) }), this.abort.signal);
    } catch (e) {
      if (!this.ready) this.failed(e, generation);
      return -1;
    }
    if (generation !== this.generation) return this.indexOf(span);
    const found = w.rows.find((r) => r.span_id === span);
    if (!found) return -1;
    const opened = this.closed(w.opened ?? (await this.ancestors(found, w.rows)), w.total_spans);
    if (generation !== this.generation) return this.indexOf(span);
    const loose = (w.ungrouped ?? []).filter((id) => !this.params.ungrouped.includes(id));
    if (opened.length > 0 || loose.length > 0) {
      const open = new Set(opened);
      const folded = this.params.folded.filter((id) => !open.has(id));
      const wereFolded = new Set(this.params.folded);
      this.params = { ...this.params, ungrouped: [...this.params.ungrouped, ...loose], folded, unfolded: [...new Set([...this.params.unfolded, ...opened.filter((id) => !wereFolded.has(id))])] };
      this.generation++;
      this.rows = new Map();
      this.index = new Map();
      this.asked = new Set();
      onOpened?.(this.params);
    }
    this.take(w);
    this.changed();
    return found.row;
  }

  /** Of a span's ancestors, root first, those that the current fold set closes. */
  private closed(ancestors: string[], spans: number): string[] {
    const p = this.params;
    const depth = p.depth ?? (spans > 2000 ? 2 : Infinity);
    return ancestors.filter((id, i) => p.folded.includes(id) || (i + 1 >= depth && !p.unfolded.includes(id)));
  }

  /** What a server that does not say it must have opened: the ancestors that the current fold set may have closed. */
  private async ancestors(of: WindowRow, rows: WindowRow[]): Promise<string[]> {
    const p = this.params;
    if (p.folded.length === 0 && p.depth === null && this.ready && this.spans <= 2000) return [];
    const parents = new Map(rows.map((r) => [r.span_id, r.parent_span_id]));
    const out: string[] = [];
    for (let id = of.parent_span_id; id && out.length < 64 && !out.includes(id);) {
      out.push(id);
      let up = parents.get(id);
      if (up === undefined) { try { up = (await get<{ parent_span_id: string | null }>(`/traces/${seg(this.trace)}/spans/${seg(id)}`, { preview_bytes: 0 })).parent_span_id; } catch { up = null; } }
      id = up;
    }
    return out.reverse();
  }

  private async load(p: number, extra: Params = {}): Promise<void> {
    if (this.asked.has(p)) return;
    this.asked.add(p);
    const generation = this.generation;
    try {
      const w = await this.fetch(this.trace, this.query({ first: p * page, count: page, ...extra }), this.abort.signal);
      if (generation !== this.generation) return;
      // The trace has grown since the other pages were read: read all of them again, so that rows do not mix.
      if (this.ready && this.revision !== '' && w.revision !== this.revision) { this.revision = w.revision; void this.reload(); return; }
      this.take(w);
      this.changed();
    } catch (e) {
      this.asked.delete(p);
      this.failed(e, generation);
    }
  }

  private query(extra: Params): Params {
    const p = this.params;
    return { folded: p.folded.join(','), unfolded: p.unfolded.join(','), depth: p.depth, plumbing: p.plumbing ? 'hide' : null, find: p.find, group: p.group ? '1' : null, ungrouped: p.ungrouped.join(','), ...extra };
  }

  private take(w: TraceWindow): void {
    for (const r of w.rows) { this.rows.set(r.row, r); this.index.set(r.span_id, r.row); }
    this.total = w.total_rows;
    this.spans = w.total_spans;
    this.revision = w.revision;
    this.start = w.start_unix_nano;
    this.end = w.end_unix_nano;
    if (w.minimap) this.minimap = w.minimap;
    this.ready = true;
    this.error = null;
  }

  private failed(e: unknown, generation: number): void {
    if (e instanceof DOMException && e.name === 'AbortError') return;
    if (generation !== this.generation) return;
    this.error = e;
    this.changed();
  }

  private changed(): void {
    this.version++;
    for (const f of this.listeners) f();
  }
}

const same = (a: WindowParams, b: WindowParams): boolean =>
  a.depth === b.depth && a.plumbing === b.plumbing && a.find === b.find && a.group === b.group && a.ungrouped.join() === b.ungrouped.join() && a.folded.join() === b.folded.join() && a.unfolded.join() === b.unfolded.join();

/** A run of like siblings opened or closed again. */
export function withGroup(p: WindowParams, id: string, close: boolean): WindowParams {
  const others = p.ungrouped.filter((x) => x !== id);
  return { ...p, ungrouped: close ? others : [...others, id] };
}

/** The fold set after a row was folded or opened by hand. */
export function withFold(p: WindowParams, row: Pick<WindowRow, 'span_id' | 'folded'>, fold: boolean): WindowParams {
  if (row.folded === fold) return p;
  const drop = (ids: string[]): string[] => ids.filter((id) => id !== row.span_id);
  if (fold) return p.unfolded.includes(row.span_id) ? { ...p, unfolded: drop(p.unfolded) } : { ...p, folded: [...p.folded, row.span_id] };
  return p.folded.includes(row.span_id) ? { ...p, folded: drop(p.folded) } : { ...p, unfolded: [...p.unfolded, row.span_id] };
}
