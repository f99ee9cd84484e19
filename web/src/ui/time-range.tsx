import { useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { presets, rangeLabel, resolveTime, zone, type Range } from '../format/time';
import { setParams } from '../url/router';
import { Icon } from './icons';

const local = (ms: number): string => {
  const d = new Date(ms - new Date(ms).getTimezoneOffset() * 60_000);
  return d.toISOString().slice(0, 16);
};

/** The time range that a page's address tells, and the control that changes it; what is usual there is left out of the address. */
export function useRange(params: URLSearchParams, usual: string): { range: Range; rangeControl: ReactNode } {
  const from = params.get('from') ?? usual, to = params.get('to') ?? 'now';
  const range = useMemo<Range>(() => ({ from, to }), [from, to]);
  return { range, rangeControl: <TimeRange range={range} set={(r) => setParams({ from: r.from === usual ? null : r.from, to: r.to === 'now' ? null : r.to }, 'push')} /> };
}

export function TimeRange({ range, set }: { range: Range; set: (r: Range) => void }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null), opener = useRef<HTMLButtonElement>(null);
  const [wrong, setWrong] = useState(false);
  useEffect(() => {
    if (!open) return;
    const away = (e: MouseEvent): void => { if (!box.current?.contains(e.target as Node)) setOpen(false); };
    window.addEventListener('mousedown', away);
    return () => window.removeEventListener('mousedown', away);
  }, [open]);
  const choose = (r: Range): void => { set(r); setWrong(false); setOpen(false); opener.current?.focus(); };
  return (
    <div className="drop" ref={box} onKeyDown={(e) => { if (e.key === 'Escape' && open) { e.stopPropagation(); setOpen(false); opener.current?.focus(); } }}>
      <button type="button" ref={opener} className="btn" title={`Times are in ${zone}`} aria-expanded={open} aria-haspopup="dialog" onClick={() => setOpen(!open)}><Icon name="clock" />{rangeLabel(range)}<Icon name="down" /></button>
      {open && (
        <div className="menu timemenu" role="dialog" aria-label="Time range">
          <div className="plist">
            {presets.map((p) => <button type="button" key={p.from} aria-pressed={range.from === p.from && range.to === 'now'} onClick={() => choose({ from: p.from, to: 'now' })}>{p.label}</button>)}
          </div>
          <form onSubmit={(e) => {
            e.preventDefault();
            const data = new FormData(e.currentTarget);
            const from = Date.parse(String(data.get('from'))), to = Date.parse(String(data.get('to')));
            if (Number.isNaN(from) || Number.isNaN(to) || to <= from) { setWrong(true); return; }
            choose({ from: new Date(from).toISOString(), to: new Date(to).toISOString() });
          }}>
            <label>From<input name="from" type="datetime-local" required defaultValue={local(resolveTime(range.from) ?? Date.now() - 3600e3)} /></label>
            <label>To<input name="to" type="datetime-local" required defaultValue={local((resolveTime(range.to) ?? Date.now()) + 60_000)} /></label>
            <button type="submit" className="btn primary">Use this range</button>
            {wrong ? <span className="danger" role="alert">The end lies before the begin.</span> : <span className="cap">{zone}</span>}
          </form>
        </div>
      )}
    </div>
  );
}
