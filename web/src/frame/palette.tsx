import { useEffect, useMemo, useRef, useState } from 'react';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { get } from '../api/client';
import type { TraceList } from '../api/types';
import { readViews } from '../search/menus';
import { quote } from '../search/language';
import { oneLine } from '../text/safe';
import { Safe } from '../text/text';
import { CostText, Dur, Time } from '../ui/bits';
import { pageCommands, type Command } from '../ui/commands';
import { Icon, KindIcon, type IconName } from '../ui/icons';
import { useKeys } from '../ui/keys';
import { navigate } from '../url/router';

interface Item { id: string; group: string; title: string; icon: IconName; keys?: string | undefined; note?: React.ReactNode; run: () => void }

/** Letters in order, the closer together and the nearer to a word's start the better; null: not in it. */
export function fuzzy(text: string, wanted: string): number | null {
  const t = text.toLowerCase(), w = wanted.toLowerCase().replace(/\s+/g, '');
  let at = -1, score = 0;
  for (const c of w) {
    const next = t.indexOf(c, at + 1);
    if (next < 0) return null;
    score += next === at + 1 ? 0 : next === 0 || /[\s·:/]/.test(t[next - 1]!) ? 1 : 3 + Math.min(6, next - at);
    at = next;
  }
  return score + t.length / 200;
}

/** Anything by its name: pages, what this page can do, saved views, traces by a word of them or by their id. */
export default function Palette({ close, commands }: { close: () => void; commands: Command[] }) {
  const [text, setText] = useState('');
  const [at, setAt] = useState(0);
  const [asked, setAsked] = useState('');
  useEffect(() => { const t = setTimeout(() => setAsked(text.trim()), 150); return () => clearTimeout(t); }, [text]);
  const input = useRef<HTMLInputElement>(null), list = useRef<HTMLUListElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    input.current?.focus();
    return () => { if (before instanceof HTMLElement) before.focus(); };
  }, []);
  useKeys({ Escape: close, 'ctrl+k': close }, { modal: true });
  const wanted = text.trim();
  const traces = useQuery({ queryKey: ['palette', asked], placeholderData: keepPreviousData, retry: false, queryFn: ({ signal }) => get<TraceList>('/traces', { q: asked === '' ? '' : quote(asked), from: 'now-7d', limit: 6 }, signal) });
  const items = useMemo<Item[]>(() => {
    const fixed: Item[] = [
      ...pageCommands().map((c, i): Item => ({ id: `here${i}`, group: 'On this page', title: c.title, icon: 'menu', keys: c.keys, run: c.run })),
      ...commands.map((c, i): Item => ({ id: `go${i}`, group: 'Go to', title: c.title, icon: 'right', keys: c.keys, run: c.run })),
      ...readViews().map((v, i): Item => ({ id: `view${i}`, group: 'Saved views', title: v.name, icon: 'bookmark', run: () => navigate(v.url) })),
    ];
    const ranked = wanted === '' ? fixed : fixed.flatMap((x) => { const s = fuzzy(x.title, wanted); return s === null ? [] : [{ x, s }]; }).sort((a, b) => a.s - b.s).slice(0, 8).map((r) => r.x);
    const found = (traces.data?.traces ?? []).map((t): Item => ({ id: t.trace_id, group: wanted === '' ? 'Latest traces' : 'Traces', title: oneLine(t.question ?? t.root?.name ?? t.trace_id, 120), icon: 'open', note: <>{t.errors > 0 && <KindIcon kind="error" />}<span className="dim"><Time t={t.start_unix_nano} /></span><span className="num pnum"><Dur ns={t.duration_ns} /></span><span className="num pnum"><CostText cost={t.cost} /></span></>, run: () => navigate(`/t/${t.trace_id}`) }));
    const id = /^[0-9a-f]{16,32}$/i.test(wanted) ? [{ id: 'id', group: 'Trace by id', title: wanted.toLowerCase(), icon: 'open', run: () => navigate(`/t/${wanted.toLowerCase()}`) } satisfies Item] : [];
    const search = wanted === '' ? [] : [{ id: 'search', group: 'Search', title: `Search for ${wanted}`, icon: 'search', run: () => navigate(`/search?q=${encodeURIComponent(wanted)}`) } satisfies Item];
    return [...id, ...ranked, ...found, ...search];
  }, [commands, wanted, traces.data]);
  const chosen = Math.min(at, items.length - 1);
  useEffect(() => { list.current?.querySelector('[aria-selected=true]')?.scrollIntoView({ block: 'nearest' }); }, [chosen, items]);
  const run = (x: Item | undefined): void => { if (!x) return; close(); x.run(); };
  return (
    <div className="scrim top3" onClick={(e) => { if (e.target === e.currentTarget) close(); }}>
      <div className="menu palette" role="dialog" aria-modal="true" aria-label="Go to anything">
        <div className="palq"><Icon name="search" /><input ref={input} role="combobox" aria-expanded="true" aria-controls="palette-list" aria-activedescendant={items[chosen] ? `pal-${chosen}` : undefined} aria-label="A page, an action, a trace" placeholder="A page, an action, a word of a trace, or its id" value={text} spellCheck={false} autoComplete="off"
          onChange={(e) => { setText(e.target.value); setAt(0); }}
          onKeyDown={(e) => {
            if (e.key === 'ArrowDown' || (e.ctrlKey && e.key === 'n')) { e.preventDefault(); setAt(Math.min(items.length - 1, chosen + 1)); }
            else if (e.key === 'ArrowUp' || (e.ctrlKey && e.key === 'p')) { e.preventDefault(); setAt(Math.max(0, chosen - 1)); }
            else if (e.key === 'Enter') { e.preventDefault(); run(items[chosen]); }
            else if (e.key === 'Tab') e.preventDefault();
          }} /><kbd>esc</kbd></div>
        <ul className="scroll" id="palette-list" role="listbox" aria-label="Choices" ref={list}>
          {items.map((x, i) => (
            <li key={x.id} role="presentation">{x.group !== items[i - 1]?.group && <div className="palg" aria-hidden="true">{x.group}</div>}
              <div role="option" id={`pal-${i}`} aria-selected={i === chosen} className="pali" onPointerMove={() => { if (i !== chosen) setAt(i); }} onClick={() => run(x)}><Icon name={x.icon} /><span className="trunc grow"><Safe text={x.title} /></span>{x.note}{x.keys && <span className="row">{x.keys.split(' ').map((k, n) => <kbd key={n}>{k}</kbd>)}</span>}</div></li>
          ))}
          {items.length === 0 && <li className="pad dim" role="presentation">Nothing of that name.</li>}
        </ul>
        <footer><span className="row"><kbd>↑</kbd><kbd>↓</kbd>choose</span><span className="row"><kbd>enter</kbd>go</span><span className="grow" /><span className="row"><kbd>?</kbd>all keys, when this is closed</span></footer>
      </div>
    </div>
  );
}
