import { useEffect, useRef, useState, type ReactNode } from 'react';
import { Icon, type IconName } from '../ui/icons';
import { navigate } from '../url/router';

/** A button with a panel below it: closed by escape and by a click elsewhere. */
export function Drop({ icon, label, title, children }: { icon: IconName; label: string; title: string; children: (close: () => void) => ReactNode }) {
  const [open, setOpen] = useState(false);
  const box = useRef<HTMLDivElement>(null), opener = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (!open) return;
    const away = (e: PointerEvent): void => { if (e.target instanceof Node && !box.current?.contains(e.target)) setOpen(false); };
    window.addEventListener('pointerdown', away);
    return () => window.removeEventListener('pointerdown', away);
  }, [open]);
  return (
    <div className="drop" ref={box} onKeyDown={(e) => { if (e.key === 'Escape' && open) { e.stopPropagation(); setOpen(false); opener.current?.focus(); } }}>
      <button type="button" ref={opener} className="btn" title={title} aria-haspopup="dialog" aria-expanded={open} onClick={() => setOpen(!open)}><Icon name={icon} /><span className="wide">{label}</span></button>
      {open && <div className="menu dropbody" role="dialog" aria-label={title}>{children(() => setOpen(false))}</div>}
    </div>
  );
}

export interface SavedView { name: string; url: string }
const key = 'turnscope.views';
export const readViews = (): SavedView[] => {
  try {
    const v: unknown = JSON.parse(localStorage.getItem(key) ?? '[]');
    return Array.isArray(v) ? v.filter((x): x is SavedView => typeof x === 'object' && x !== null && typeof (x as SavedView).name === 'string' && typeof (x as SavedView).url === 'string' && (x as SavedView).url.startsWith('/search')) : [];
  } catch { return []; }
};
const writeViews = (v: SavedView[]): void => { try { localStorage.setItem(key, JSON.stringify(v.slice(0, 100))); } catch { /* storage may be off: the address is the view all the same */ } };

/** Views by name, kept in this browser; to share one, share its address. */
export function SavedViews() {
  return <Drop icon="bookmark" label="Saved views" title="Saved views">{(close) => <Views close={close} />}</Drop>;
}

function Views({ close }: { close: () => void }) {
  const [views, setViews] = useState(readViews);
  const [name, setName] = useState('');
  const save = (): void => {
    const n = name.trim().slice(0, 80);
    if (!n) return;
    const next = [...views.filter((v) => v.name !== n), { name: n, url: location.pathname + location.search }];
    writeViews(next);
    setViews(next);
    setName('');
  };
  return (
    <div className="views">
      {views.length === 0 && <p className="dim">No view is saved yet. A view is the address: query, time range, rows, columns and plot.</p>}
      {views.map((v) => <div className="row" key={v.name}><button type="button" className="linkish trunc grow" onClick={() => { navigate(v.url); close(); }}><bdi>{v.name}</bdi></button><button type="button" className="btn quiet icon" aria-label={`Forget ${v.name}`} onClick={() => { const next = views.filter((x) => x.name !== v.name); writeViews(next); setViews(next); }}><Icon name="x" /></button></div>)}
      <form className="row" onSubmit={(e) => { e.preventDefault(); save(); }}><div className="field grow"><input type="text" aria-label="Name of the view" placeholder="Name" value={name} maxLength={80} onChange={(e) => setName(e.target.value)} /></div><button type="submit" className="btn primary" disabled={name.trim() === ''}>Save this view</button></form>
    </div>
  );
}

/** Which columns are shown; kept in the address. */
export function ColumnChooser({ all, shown, set }: { all: { key: string; title: string; always?: boolean }[]; shown: Set<string>; set: (keys: string[] | null) => void }) {
  return (
    <Drop icon="columns" label={`Columns ${shown.size}`} title="Columns">{() => (
      <div className="colmenu">
        {all.map((c) => <label key={c.key} className="row"><input type="checkbox" checked={shown.has(c.key)} disabled={c.always === true} onChange={() => { const next = new Set(shown); if (!next.delete(c.key)) next.add(c.key); set(all.filter((x) => next.has(x.key)).map((x) => x.key)); }} />{c.title}</label>)}
        <button type="button" className="more" onClick={() => set(null)}>the usual ones</button>
      </div>)}
    </Drop>
  );
}
