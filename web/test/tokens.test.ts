import { describe, expect, it } from 'vitest';
import css from '../src/styles/tokens.css?raw';

// The tokens promise contrast and tell kinds apart for readers who see fewer colours: measured here, not believed.
const theme = (name: 'light' | 'dark'): Record<string, string> => {
  const block = name === 'light' ? css.slice(css.indexOf('[data-theme="light"]'), css.indexOf('[data-theme="dark"]')) : css.slice(css.indexOf('[data-theme="dark"]'));
  return Object.fromEntries([...block.matchAll(/--([\w-]+):\s*(#[0-9A-Fa-f]{6})/g)].map((m) => [m[1]!, m[2]!]));
};
const rgb = (hex: string): [number, number, number] => [1, 3, 5].map((i) => parseInt(hex.slice(i, i + 2), 16) / 255) as [number, number, number];
const linear = (c: number): number => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
const luminance = (hex: string): number => { const [r, g, b] = rgb(hex).map(linear) as [number, number, number]; return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
const contrast = (a: string, b: string): number => { const [x, y] = [luminance(a), luminance(b)].sort((p, q) => q - p) as [number, number]; return (x + 0.05) / (y + 0.05); };
const lab = ([r, g, b]: number[]): number[] => {
  const l = Math.cbrt(0.4122214708 * r! + 0.5363325363 * g! + 0.0514459929 * b!), m = Math.cbrt(0.2119034982 * r! + 0.6806995451 * g! + 0.1073969566 * b!), s = Math.cbrt(0.0883024619 * r! + 0.2817188376 * g! + 0.6299787005 * b!);
  return [0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s, 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s, 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s];
};
// Viénot 1999 (protan, deutan) and a Brettel-like tritan, on linear light.
const sims: Record<string, number[][]> = {
  normal: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protan: [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
  deutan: [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
};
const seen = (hex: string, m: number[][]): number[] => { const c = rgb(hex).map(linear); return lab(m.map((r) => Math.max(0, Math.min(1, r[0]! * c[0]! + r[1]! * c[1]! + r[2]! * c[2]!)))); };
const kinds = ['agent', 'turn', 'llm', 'tool', 'retrieval', 'embedding', 'chain', 'error'];

describe.each(['light', 'dark'] as const)('%s theme', (name) => {
  const t = theme(name);
  it('has text of at least 4.5:1 on every surface it stands on', () => {
    for (const fg of ['fg-0', 'fg-1', 'fg-2']) for (const bg of ['bg-0', 'bg-1', 'bg-2']) expect(contrast(t[fg]!, t[bg]!), `${fg} on ${bg}`).toBeGreaterThanOrEqual(4.5);
    for (const [fg, bg] of [['danger', 'danger-soft'], ['warn', 'warn-soft'], ['ok', 'ok-soft'], ['accent', 'accent-soft'], ['on-accent', 'accent'], ['danger', 'bg-1'], ['warn', 'bg-1'], ['ok', 'bg-1'], ['accent', 'bg-1'], ['accent', 'bg-2'], ['fg-2', 'accent-soft']]) expect(contrast(t[fg!]!, t[bg!]!), `${fg} on ${bg}`).toBeGreaterThanOrEqual(4.5);
  });
  it('has glyphs of at least 3:1 on page, panel and well', () => {
    for (const k of [...kinds, 'other']) for (const bg of ['bg-0', 'bg-1', 'bg-2']) expect(contrast(t[`k-${k}`]!, t[bg]!), `${k} on ${bg}`).toBeGreaterThanOrEqual(3);
  });
  it.each(Object.keys(sims))('tells kinds apart for %s eyes', (sim) => {
    for (const a of kinds) for (const b of kinds) {
      if (a >= b) continue;
      const x = seen(t[`k-${a}`]!, sims[sim]!), y = seen(t[`k-${b}`]!, sims[sim]!);
      expect(Math.hypot(x[0]! - y[0]!, x[1]! - y[1]!, x[2]! - y[2]!) * 100, `${a} and ${b}`).toBeGreaterThanOrEqual(6);
    }
  });
});
