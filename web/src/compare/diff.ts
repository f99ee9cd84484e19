/** Differences of two texts: by lines, and by words within lines that changed. */
export type Piece = { type: 'same' | 'add' | 'del'; text: string };
export type DiffRow = { type: 'same'; count: number; lines: string[]; at: number } | { type: 'change'; a: Piece[] | null; b: Piece[] | null; na: number | null; nb: number | null };

/** Myers' O(ND); past `most` differences the middle is one change. */
export function sequence(a: string[], b: string[], most = 1200): { type: 'same' | 'del' | 'add'; i: number; j: number }[] {
  let start = 0, endA = a.length, endB = b.length;
  while (start < endA && start < endB && a[start] === b[start]) start++;
  while (endA > start && endB > start && a[endA - 1] === b[endB - 1]) { endA--; endB--; }
  const out: { type: 'same' | 'del' | 'add'; i: number; j: number }[] = [];
  for (let k = 0; k < start; k++) out.push({ type: 'same', i: k, j: k });
  const n = endA - start, m = endB - start, max = Math.min(n + m, most);
  const trace: Int32Array[] = [];
  let v = new Int32Array(2 * max + 3).fill(-1), found = n === 0 && m === 0 ? 0 : -1;
  v[max + 1] = 0;
  for (let d = 0; d <= max && found < 0; d++) {
    trace.push(v.slice());
    for (let k = -d; k <= d; k += 2) {
      let x = k === -d || (k !== d && v[max + k - 1]! < v[max + k + 1]!) ? v[max + k + 1]! : v[max + k - 1]! + 1;
      let y = x - k;
      while (x < n && y < m && a[start + x] === b[start + y]) { x++; y++; }
      v[max + k] = x;
      if (x >= n && y >= m) { found = d; break; }
    }
    v = v.slice();
  }
  if (n === 0 && m === 0) { /* nothing between */ }
  else if (found < 0) {
    for (let k = 0; k < n; k++) out.push({ type: 'del', i: start + k, j: start });
    for (let k = 0; k < m; k++) out.push({ type: 'add', i: endA, j: start + k });
  } else {
    const back: typeof out = [];
    let x = n, y = m;
    for (let d = found; d > 0; d--) {
      const w = trace[d]!, k = x - y, down = k === -d || (k !== d && w[max + k - 1]! < w[max + k + 1]!);
      const px = down ? w[max + k + 1]! : w[max + k - 1]!, py = px - (down ? k + 1 : k - 1);
      while (x > px && y > py && x > 0 && y > 0 && (down ? x > px : x > px + 1)) { x--; y--; back.push({ type: 'same', i: start + x, j: start + y }); }
      if (down) { y--; back.push({ type: 'add', i: start + x, j: start + y }); } else { x--; back.push({ type: 'del', i: start + x, j: start + y }); }
    }
    while (x > 0 && y > 0) { x--; y--; back.push({ type: 'same', i: start + x, j: start + y }); }
    out.push(...back.reverse());
  }
  for (let k = 0; k < a.length - endA; k++) out.push({ type: 'same', i: endA + k, j: endB + k });
  return out;
}

export const words = (text: string): string[] => text.match(/\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu) ?? [];

function inside(a: string, b: string): { a: Piece[]; b: Piece[] } {
  const wa = words(a), wb = words(b);
  if (wa.length + wb.length > 6000) return { a: [{ type: 'del', text: a }], b: [{ type: 'add', text: b }] };
  const pa: Piece[] = [], pb: Piece[] = [];
  const put = (list: Piece[], type: Piece['type'], text: string): void => { const last = list.at(-1); if (last?.type === type) last.text += text; else list.push({ type, text }); };
  for (const s of sequence(wa, wb)) {
    if (s.type === 'same') { put(pa, 'same', wa[s.i]!); put(pb, 'same', wb[s.j]!); }
    else if (s.type === 'del') put(pa, 'del', wa[s.i]!);
    else put(pb, 'add', wb[s.j]!);
  }
  return { a: pa, b: pb };
}

/** Rows side by side; runs of equal lines are one row with their count. */
export function diffTexts(a: string, b: string): DiffRow[] {
  const la = a === '' ? [] : a.split('\n'), lb = b === '' ? [] : b.split('\n');
  const out: DiffRow[] = [];
  let dels: number[] = [], adds: number[] = [];
  const flush = (): void => {
    for (let k = 0; k < Math.max(dels.length, adds.length); k++) {
      const i = dels[k], j = adds[k];
      if (i !== undefined && j !== undefined) { const p = inside(la[i]!, lb[j]!); out.push({ type: 'change', a: p.a, b: p.b, na: i + 1, nb: j + 1 }); }
      else if (i !== undefined) out.push({ type: 'change', a: [{ type: 'del', text: la[i]! }], b: null, na: i + 1, nb: null });
      else out.push({ type: 'change', a: null, b: [{ type: 'add', text: lb[j!]! }], na: null, nb: j! + 1 });
    }
    dels = [];
    adds = [];
  };
  for (const s of sequence(la, lb)) {
    if (s.type === 'del') dels.push(s.i);
    else if (s.type === 'add') adds.push(s.j);
    else {
      flush();
      const last = out.at(-1);
      if (last?.type === 'same') { last.count++; last.lines.push(la[s.i]!); }
      else out.push({ type: 'same', count: 1, lines: [la[s.i]!], at: s.i + 1 });
    }
  }
  flush();
  return out;
}

export function counts(rows: DiffRow[]): { added: number; removed: number; same: number } {
  const c = { added: 0, removed: 0, same: 0 };
  const n = (t: string): number => words(t).filter((w) => /[\p{L}\p{N}]/u.test(w)).length;
  for (const r of rows) {
    if (r.type === 'same') { c.same += r.lines.reduce((k, l) => k + n(l), 0); continue; }
    for (const p of r.a ?? []) if (p.type === 'del') c.removed += n(p.text); else c.same += n(p.text);
    for (const p of r.b ?? []) if (p.type === 'add') c.added += n(p.text);
  }
  return c;
}
