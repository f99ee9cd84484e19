import { useEffect, useRef } from 'react';
import { useKeys } from '../ui/keys';

const groups: { title: string; keys: [string, string][] }[] = [
  { title: 'Everywhere', keys: [['?', 'this map'], ['ctrl k', 'anything by its name'], ['/', 'the search bar; in a trace, find'], ['esc', 'back one step'], ['g s', 'search'], ['g o', 'overview'], ['g e', 'sessions'], ['g u', 'users'], ['g c', 'compare'], ['g a', 'experiment arms'], ['g d', 'services'], ['g m', 'metrics of agents'], ['g p', 'prices'], ['g b', 'storage'], ['g x', 'explain'], ['g i', 'mapping rules'], ['g r', 'redaction'], ['g k', 'keys'], ['g h', 'health'], ['g t', 'light or dark']] },
  { title: 'Lists', keys: [['j k', 'next, previous row'], ['enter', 'open'], ['space', 'peek'], ['l', 'live on or off'], ['r', 'traces, spans or sessions as the row'], ['c', 'compare two: A, then B'], ['d', 'what is different in the chosen cloud']] },
  { title: 'Trace: answers', keys: [['1 2 3', 'what was slow, dear, wrong'], ['e E', 'next, previous error'], ['s S', 'next, previous slowest by self time'], ['$', 'next dearest'], ['t T', 'next, previous turn'], ['n N', 'next, previous hit of find']] },
  { title: 'Trace: tree', keys: [['j k', 'next, previous span'], ['h l  ← →', 'fold, open'], ['[ ]', 'fold, open one level'], ['H', 'plumbing spans hidden or shown'], ['home end', 'first, last row']] },
  { title: 'Trace: time and readings', keys: [['z', 'zoom to the span'], ['ctrl wheel', 'zoom time about the pointer'], ['f', 'fit the whole trace'], ['F', 'follow a run that still grows'], ['c', 'critical path on or off'], ['v V', 'next, previous reading'], ['J K', 'next, previous trace of the search'], ['y Y', 'copy the link, copy as …']] },
];

export function KeyHelp({ close }: { close: () => void }) {
  const dialog = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.focus();
    return () => { if (before instanceof HTMLElement) before.focus(); };
  }, []);
  useKeys({ Escape: close, '?': close }, { modal: true });
  return (
    <div className="scrim" onClick={(e) => { if (e.target === e.currentTarget) close(); }}>
      <div className="menu keymap" role="dialog" aria-modal="true" aria-label="Keyboard map" tabIndex={-1} ref={dialog} onKeyDown={(e) => { if (e.key === 'Tab') e.preventDefault(); }}>
        {groups.map((g) => (
          <section key={g.title}>
            <h2>{g.title}</h2>
            <dl>{g.keys.map(([k, what]) => <div key={k}><dt>{k.split(' ').filter(Boolean).map((x) => <kbd key={x}>{x}</kbd>)}</dt><dd>{what}</dd></div>)}</dl>
          </section>
        ))}
      </div>
    </div>
  );
}
