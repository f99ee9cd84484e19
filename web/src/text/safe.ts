// Span text is written by strangers. What a reader cannot see, or what turns the direction of other text, is cut out of the
// flow here and named instead, so that the screen shows what is really there.
export type Piece = { type: 'text'; text: string } | { type: 'sign'; name: string; title: string } | { type: 'hit'; text: string };

const names: Record<number, string> = {
  0x00: 'NUL', 0x07: 'BEL', 0x08: 'BS', 0x0b: 'VT', 0x0c: 'FF', 0x0d: 'CR', 0x1b: 'ESC', 0x7f: 'DEL', 0x85: 'NEL', 0xad: 'SHY', 0x61c: 'ALM',
  0x180e: 'MVS', 0x200b: 'ZWSP', 0x200c: 'ZWNJ', 0x200e: 'LRM', 0x200f: 'RLM', 0x2028: 'LS', 0x2029: 'PS', 0x202a: 'LRE', 0x202b: 'RLE', 0x202c: 'PDF',
  0x202d: 'LRO', 0x202e: 'RLO', 0x2060: 'WJ', 0x2066: 'LRI', 0x2067: 'RLI', 0x2068: 'FSI', 0x2069: 'PDI', 0xfeff: 'BOM', 0xfffd: 'not UTF-8',
};
// ANSI sequences first, so that one of them is one sign. ZWJ (200D) stays: emoji and several scripts need it; so does ZWNJ between letters.
const hidden = /\u001b\[[0-9;?]*[ -/]*[@-~]|\u001b\][^\u0007\u001b]{0,256}(?:\u0007|\u001b\\)?|\r\n|[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufffd\ufff9-\ufffb]|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]|\udb40[\udc00-\udc7f]/g;

function sign(match: string): Piece | null {
  if (match === '\r\n') return { type: 'text', text: '\n' };
  const code = match.codePointAt(0)!;
  if (match.length > 1 && code === 0x1b) {
    const rest = match.slice(1).replace(/[\u0000-\u001f\u007f]/g, '');
    return { type: 'sign', name: `ESC${rest.length > 24 ? `${rest.slice(0, 24)}…` : rest}`, title: 'terminal control sequence, shown and not obeyed' };
  }
  const hex = `U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  if (code >= 0xd800 && code <= 0xdfff) return { type: 'sign', name: hex, title: 'half of a surrogate pair: not a character' };
  return { type: 'sign', name: names[code] ?? hex, title: `${hex}, ${code >= 0x202a && code <= 0x2069 ? 'turns the direction of text; ' : ''}shown and not obeyed` };
}

/** Splits text into visible text, signs for what is hidden, and hits of `find` (case-insensitive). */
export function pieces(text: string, find = ''): Piece[] {
  const out: Piece[] = [];
  const plain = (s: string): void => {
    if (!s) return;
    if (!find) { out.push({ type: 'text', text: s }); return; }
    const low = s.toLowerCase(), needle = find.toLowerCase();
    // Lower-casing may change lengths (İ): then hits cannot be placed and are not marked.
    if (low.length !== s.length) { out.push({ type: 'text', text: s }); return; }
    let from = 0, hits = 0;
    for (let at = low.indexOf(needle); at >= 0 && hits < 2000; at = low.indexOf(needle, from), hits++) {
      if (at > from) out.push({ type: 'text', text: s.slice(from, at) });
      out.push({ type: 'hit', text: s.slice(at, at + needle.length) });
      from = at + needle.length;
    }
    if (from < s.length) out.push({ type: 'text', text: s.slice(from) });
  };
  let last = 0, signs = 0;
  for (const m of text.matchAll(hidden)) {
    plain(text.slice(last, m.index));
    last = m.index + m[0].length;
    const p = sign(m[0]);
    if (p) out.push(p);
    // A page of nothing but control characters stays a page: the rest is one count.
    if (p?.type === 'sign' && ++signs >= 2000) {
      const rest = text.slice(last);
      out.push({ type: 'sign', name: '…', title: 'more control characters follow; they are left out here' });
      plain(rest.replace(hidden, ''));
      return out;
    }
  }
  plain(text.slice(last));
  return out;
}

/** Text cut into blocks at line ends (or hard, for a line without end), so that the browser lays out only what is seen. */
export function blocks(text: string, size = 8192): string[] {
  if (text.length <= size) return [text];
  const out: string[] = [];
  let from = 0;
  while (from < text.length) {
    let to = Math.min(text.length, from + size);
    if (to < text.length) {
      const line = text.lastIndexOf('\n', to);
      if (line > from + size / 2) to = line + 1;
      else if (/[\ud800-\udbff]/.test(text[to - 1]!)) to--;
    }
    out.push(text.slice(from, to));
    from = to;
  }
  return out;
}

/** One line for a list: signs as their names, no line breaks. */
export const oneLine = (text: string, max = 300): string => {
  const cut = text.length > max ? `${text.slice(0, max)}…` : text;
  return pieces(cut).map((p) => (p.type === 'sign' ? `[${p.name}]` : p.text)).join('').replace(/\s+/g, ' ').trim();
};
