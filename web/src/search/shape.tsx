import { memo } from 'react';
import type { ShapeSegment } from '../api/types';

const lane: Partial<Record<ShapeSegment['kind'], number>> = { llm: 0, tool: 1, retrieval: 1, embedding: 1, chain: 1, other: 1 };

/** The run in little: model calls above, tools below, red for what failed. One scale for the page, so that lengths compare. */
export const Shape = memo(function Shape({ shape, duration, scale, width = 148 }: { shape: ShapeSegment[]; duration: number; scale: number; width?: number }) {
  // A run of several steps stays readable, however short.
  const w = Math.max(shape.length > 1 ? 28 : 3, Math.min(1, duration / Math.max(1, scale)) * width);
  const k = w / Math.max(1, duration);
  return (
    <svg className="mini" width={width} height="16" viewBox={`0 0 ${width} 16`} aria-hidden="true">
      <rect x="0" y="14" width={w} height="2" className="f-track" />
      {shape.map((s, i) => {
        if (s.kind === 'agent' && !s.error) return null;
        if (s.kind === 'turn') return <rect key={i} x={Math.min(w - 1, s.offset_ns * k)} y="0" width="1" height="13" className="f-line2" />;
        const y = 2 + (lane[s.kind] ?? 0) * 6;
        const sw = Math.max(1.5, Math.min(w - s.offset_ns * k, s.duration_ns * k) - .5);
        return <rect key={i} x={Math.min(w - 1, Math.max(0, s.offset_ns * k))} y={y} width={sw} height={5} rx="1" className={s.error ? 'f-k-error' : `f-k-${s.kind}`} />;
      })}
    </svg>
  );
});
