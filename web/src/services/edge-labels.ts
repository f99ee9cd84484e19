// Where the labels of edges stand: each on its own edge, none over another or over a node.

export interface Box { x: number; y: number; w: number; h: number }
/** at: the point of the edge at a share of its length; text stands on it, centred. */
export interface EdgeLabel { key: string; text: string; at: (share: number) => [number, number] }

const height = 13, letter = 5.7, gap = 3;
// The middle first, then away from it on either side.
const shares = [0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74, 0.2, 0.8];
const box = (x: number, y: number, text: string): Box => ({ x: x - (text.length * letter) / 2, y: y - height + 3, w: text.length * letter, h: height });
const overlap = (a: Box, b: Box): number => Math.max(0, Math.min(a.x + a.w, b.x + b.w) - Math.max(a.x, b.x) + gap) * Math.max(0, Math.min(a.y + a.h, b.y + b.h) - Math.max(a.y, b.y) + 1);

/** The place of each label; where an edge has no free one, the one that covers least. */
export function placeLabels(labels: EdgeLabel[], nodes: Box[]): Map<string, [number, number]> {
  const taken = [...nodes], out = new Map<string, [number, number]>();
  for (const l of labels) {
    let best: [number, number] | null = null, least = Infinity;
    for (const share of shares) {
      for (const lift of [0, 16]) {
        const [x, y] = l.at(share), b = box(x, y + lift, l.text);
        const cover = taken.reduce((n, t) => n + overlap(b, t), 0);
        if (cover < least) { least = cover; best = [x, y + lift]; }
        if (least === 0) break;
      }
      if (least === 0) break;
    }
    if (best) { out.set(l.key, best); taken.push(box(best[0], best[1], l.text)); }
  }
  return out;
}

/** A point of a cubic curve. */
export function cubic(p: [number, number][], t: number): [number, number] {
  const u = 1 - t, w = [u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t];
  return [w.reduce((n, v, i) => n + v * p[i]![0], 0), w.reduce((n, v, i) => n + v * p[i]![1], 0)];
}
