import { describe, expect, it } from 'vitest';
import { blocks, oneLine, pieces } from '../src/text/safe';

const visible = (t: string): string => pieces(t).map((p) => (p.type === 'sign' ? `[${p.name}]` : p.text)).join('');

describe('text of strangers', () => {
  it('names what cannot be seen', () => {
    expect(visible('a\u0000b\u202Etxt.exe\u200B')).toBe('a[NUL]b[RLO]txt.exe[ZWSP]');
    expect(visible('x\u001b[31mred\u001b[0m')).toBe('x[ESC[31m]red[ESC[0m]');
    expect(visible('\u001b]8;;http://x\u0007link')).toBe('[ESC]8;;http://x]link');
    expect(visible('cut \uFFFD half \uD800!')).toBe('cut [not UTF-8] half [U+D800]!');
    expect(visible('a\u2028b\u2029c\u0085')).toBe('a[LS]b[PS]c[NEL]');
  });
  it('keeps lines, tabs, emoji, accents and joined scripts', () => {
    const text = 'a\tb\nc 👩‍👩‍👧 é नमस्ते هل 日本語';
    expect(visible(text)).toBe(text);
    expect(visible('one\r\ntwo\rthree')).toBe('one\ntwo[CR]three');
  });
  it('marks hits without changing the text', () => {
    const p = pieces('Refund the refund', 'REFUND');
    expect(p.filter((x) => x.type === 'hit')).toHaveLength(2);
    expect(p.map((x) => ('text' in x ? x.text : '')).join('')).toBe('Refund the refund');
    expect(pieces('İstanbul refund', 'refund').map((x) => ('text' in x ? x.text : '')).join('')).toBe('İstanbul refund');
  });
  it('stays small on a page of control characters', () => {
    expect(pieces('\u0001'.repeat(100_000)).length).toBeLessThan(2100);
  });
  it('cuts long text into blocks and loses nothing, surrogates whole', () => {
    for (const text of ['x'.repeat(1_000_000), 'line\n'.repeat(50_000), '😀'.repeat(20_001)]) {
      const b = blocks(text);
      expect(b.join('')).toBe(text);
      expect(Math.max(...b.map((s) => s.length))).toBeLessThanOrEqual(8192);
      for (const s of b) expect(/^[\uDC00-\uDFFF]/.test(s)).toBe(false);
    }
  });
  it('makes one line of anything', () => {
    expect(oneLine('a\n\n b\u202E')).toBe('a b[RLO]');
  });
});
