import { useCallback, useLayoutEffect, useRef, useState, type RefObject } from 'react';

export interface Window { first: number; last: number; top: number; height: number }

/** Which rows of fixed height are in sight, with some beyond. Rows are placed by transform; the scrollbar comes from the total.
 *  `remount` changes whenever the scroller is another element. */
export function useVirtual(scroller: RefObject<HTMLElement | null>, total: number, row: number, over = 12, remount: unknown = null): Window & { scrollTo: (index: number, align?: 'near' | 'anchor') => void } {
  const [view, setView] = useState({ top: 0, height: 0 });
  useLayoutEffect(() => {
    const el = scroller.current;
    if (!el) return;
    let frame = 0;
    const read = (): void => { frame = 0; setView((v) => (v.top === el.scrollTop && v.height === el.clientHeight ? v : { top: el.scrollTop, height: el.clientHeight })); };
    const later = (): void => { frame ||= requestAnimationFrame(read); };
    read();
    el.addEventListener('scroll', later, { passive: true });
    const observer = new ResizeObserver(later);
    observer.observe(el);
    return () => { el.removeEventListener('scroll', later); observer.disconnect(); cancelAnimationFrame(frame); };
  }, [scroller, remount]);
  const rowRef = useRef(row);
  rowRef.current = row;
  const scrollTo = useCallback((index: number, align: 'near' | 'anchor' = 'near') => {
    const el = scroller.current;
    if (!el) return;
    const y = index * rowRef.current, h = el.clientHeight, margin = Math.min(3 * rowRef.current, h / 4);
    if (align === 'anchor') {
      // 40 % of the screen before what one jumps to.
      if (y < el.scrollTop + margin || y > el.scrollTop + h - margin - rowRef.current) el.scrollTop = Math.max(0, y - h * 0.4);
    } else if (y < el.scrollTop + margin) el.scrollTop = Math.max(0, y - margin);
    else if (y + rowRef.current > el.scrollTop + h - margin) el.scrollTop = y + rowRef.current - h + margin;
  }, [scroller]);
  const first = Math.max(0, Math.min(total, Math.floor(view.top / row) - over));
  const last = Math.max(first, Math.min(total, Math.ceil((view.top + view.height) / row) + over));
  return { first, last, top: view.top, height: view.height, scrollTo };
}
