import { useEffect, useId, useMemo, useRef, useState } from 'react';
import { useQuery, useQueryClient, keepPreviousData } from '@tanstack/react-query';
import { ApiFailure, get } from '../api/client';
import type { KeyList, Sampled, ValueList } from '../api/types';
import { compact } from '../format/numbers';
import { oneLine } from '../text/safe';
import { SampledNote } from '../ui/bits';
import { Icon } from '../ui/icons';
import { fixedValues, indexOfByte, knownFields, quote, tokenize, wordAt } from './language';

interface Option { text: string; insert: string; hint: string; count: string }

/** The search bar: plain text, coloured behind, completed from what the store really has. */
export function SearchBar({ q, range, error, submit }: {
  q: string; range: { from: string; to: string }; error: ApiFailure | null; submit: (q: string) => void;
}) {
  const [text, setText] = useState(q);
  const [caret, setCaret] = useState(q.length);
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(-1);
  const [scroll, setScroll] = useState(0);
  const input = useRef<HTMLInputElement>(null);
  const list = useId();
  useEffect(() => { setText(q); }, [q]);
  const at = useMemo(() => wordAt(text, caret), [text, caret]);
  const { options, sampled } = useOptions(open ? at : null, range);
  useEffect(() => { setActive(-1); }, [at?.key, at?.prefix, at?.kind]);

  const take = (o: Option): void => {
    if (!at) return;
    const next = text.slice(0, at.from) + o.insert + text.slice(at.to);
    const place = at.from + o.insert.length;
    setText(next);
    setActive(-1);
    requestAnimationFrame(() => { input.current?.setSelectionRange(place, place); setCaret(place); });
  };
  const client = useQueryClient();
  // What was asked for to complete the words would only stand in the way of the rows now.
  const run = (value: string): void => { setOpen(false); for (const asked of ['keys', 'values']) void client.cancelQueries({ queryKey: [asked] }); submit(value.trim()); };
  const position = error?.position !== undefined && text === q ? indexOfByte(q, error.position) : null;

  return (
    <div className="sb">
      <form role="search" className={`q ${error ? 'bad' : ''}`} onSubmit={(e) => { e.preventDefault(); run(text); }}>
        <Icon name="search" />
        <div className="qin">
          <div className="qpaint mono" aria-hidden="true"><div className="qscroll" style={{ transform: `translateX(${-scroll}px)` }}><Painted text={text} mark={position} /></div></div>
          <input
            ref={input} id="search-input" className="mono" type="text" role="combobox" aria-label="Search" aria-autocomplete="list" aria-expanded={open && options.length > 0} aria-controls={list}
            aria-activedescendant={active >= 0 ? `${list}-${active}` : undefined} aria-invalid={error !== null} aria-errormessage={error ? 'query-error' : undefined}
            autoComplete="off" autoCorrect="off" autoCapitalize="off" spellCheck={false} value={text}
            placeholder="kind:llm model:claude-* duration>2s status:error  “refund policy”"
            onChange={(e) => { setText(e.target.value); setCaret(e.target.selectionStart ?? e.target.value.length); setOpen(true); }}
            onSelect={(e) => setCaret(e.currentTarget.selectionStart ?? 0)}
            onScroll={(e) => setScroll(e.currentTarget.scrollLeft)}
            onFocus={() => setOpen(true)} onBlur={() => setTimeout(() => setOpen(false), 120)}
            onKeyDown={(e) => {
              const has = open && options.length > 0;
              if (has && (e.key === 'ArrowDown' || e.key === 'ArrowUp')) {
                e.preventDefault();
                const d = e.key === 'ArrowDown' ? 1 : -1;
                setActive((n) => (n + d + options.length + (n < 0 && d < 0 ? 1 : 0)) % options.length);
              } else if (has && e.key === 'Tab' && !e.shiftKey && (active >= 0 || at?.prefix)) {
                e.preventDefault();
                take(options[Math.max(0, active)]!);
              } else if (has && active >= 0 && e.key === 'Enter' && !e.ctrlKey) {
                e.preventDefault();
                take(options[active]!);
              } else if (e.key === 'Enter') {
                e.preventDefault();
                run(text);
              } else if (e.key === 'Escape') {
                e.preventDefault();
                if (has) setOpen(false);
                else { setText(q); e.currentTarget.blur(); }
              }
            }}
          />
        </div>
        {text !== q && <span className="cap">enter runs it</span>}
        {text !== '' && <button type="button" className="btn quiet icon" aria-label="Clear the search" onClick={() => { setText(''); run(''); }}><Icon name="x" /></button>}
        <kbd>/</kbd>
      </form>
      {open && options.length > 0 && (
        <div className="menu pop">
          <ul role="listbox" id={list} aria-label="Completions">
            {options.map((o, i) => (
              <li key={o.insert} role="option" id={`${list}-${i}`} aria-selected={i === active} onMouseDown={(e) => { e.preventDefault(); take(o); }}>
                <b>{oneLine(o.text, 60)}</b><span className="dim trunc">{o.hint}</span><span className="grow" /><span className="dim">{o.count}</span>
              </li>
            ))}
          </ul>
          <footer><span className="row"><kbd>tab</kbd>take</span><span className="row"><kbd>↑</kbd><kbd>↓</kbd>choose</span><span className="row"><kbd>enter</kbd>run</span><span className="grow" /><SampledNote of={[sampled]} /><span className="mono dim">: != &gt; &lt; ~ exists and or not ( ) {'{a} >> {b}'}</span></footer>
        </div>
      )}
    </div>
  );
}

function Painted({ text, mark }: { text: string; mark: number | null }) {
  return <>{tokenize(text).map((t) => {
    const hit = mark !== null && mark >= t.at && mark < t.at + t.text.length;
    return <span key={t.at} className={`t-${t.type} ${hit ? 't-bad' : ''}`}>{t.text}</span>;
  })}{mark !== null && mark >= text.length && <span className="t-bad"> </span>}</>;
}

function useDebounced<T>(value: T, ms: number): T {
  const [held, setHeld] = useState(value);
  useEffect(() => { const t = setTimeout(() => setHeld(value), ms); return () => clearTimeout(t); }, [value, ms]);
  return held;
}

function useOptions(at: ReturnType<typeof wordAt>, range: { from: string; to: string }): { options: Option[]; sampled: Sampled | undefined } {
  const key = at?.kind === 'value' ? at.key : '';
  const prefix = useDebounced(at?.prefix ?? '', 90);
  const wantKeys = at?.kind === 'key', wantValues = at?.kind === 'value' && key !== '' && !fixedValues[key];
  const keys = useQuery({
    queryKey: ['keys', prefix, range.from, range.to], enabled: wantKeys, placeholderData: keepPreviousData, staleTime: 60_000, retry: false,
    queryFn: ({ signal }) => get<KeyList>('/keys', { prefix, ...range }, signal),
  });
  const values = useQuery({
    queryKey: ['values', key, prefix, range.from, range.to], enabled: wantValues, placeholderData: (had: ValueList | undefined, of) => (of?.queryKey[1] === key ? had : undefined), staleTime: 30_000, retry: false,
    queryFn: ({ signal }) => get<ValueList>('/values', { key, prefix, ...range }, signal),
  });
  const options = useMemo(() => {
    if (!at) return [];
    const p = at.prefix.toLowerCase();
    if (at.kind === 'value') {
      const fixed = fixedValues[at.key];
      const all = fixed ? fixed.map((value) => ({ value, count: null })) : (values.data?.values ?? []);
      return all.filter((v) => v.value.toLowerCase().includes(p) && v.value !== at.prefix).slice(0, 9)
        .map((v) => ({ text: v.value, insert: `${quote(v.value)} `, hint: '', count: v.count === null ? '' : compact(v.count) }));
    }
    const counts = new Map((keys.data?.keys ?? []).map((k) => [k.key, k]));
    const known = knownFields.filter((f) => f.key.startsWith(p)).map((f) => ({ text: f.key, insert: `${f.key}${f.type === 'time' || f.type === 'number' ? '>' : ':'}`, hint: f.hint, count: counts.has(f.key) ? compact(counts.get(f.key)!.count) : '' }));
    const attributes = p === '' ? [] : [...counts.values()].filter((k) => k.key.toLowerCase().includes(p) && !knownFields.some((f) => f.key === k.key))
      .map((k) => ({ text: k.key, insert: `${k.key}:`, hint: k.type, count: compact(k.count) }));
    return [...known, ...attributes].slice(0, 9);
  }, [at, keys.data, values.data]);
  return { options, sampled: at?.kind === 'value' ? values.data : keys.data };
}
