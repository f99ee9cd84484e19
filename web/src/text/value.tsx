import { createContext, useContext, useMemo, useRef, useState } from 'react';
import { getBytes, seg } from '../api/client';
import { bytes } from '../format/numbers';
import { CopyButton } from '../ui/bits';
import { JsonView, asJson } from './json-view';
import { Markdown } from './markdown';
import { SafeBlock } from './text';

const first = 6000; // characters shown before "show all"
const step = 1 << 20; // bytes asked for at once

/** Headers that the rest of a cut value is asked for with. */
export const ReadAs = createContext<Record<string, string>>({});

/** Where the rest of a cut value can be read. */
export interface Source { trace: string; span: string; path: string }

/** A long value: shown in part, then whole; the part that was not sent is fetched in ranges. */
export function Value({ text, size, cut = false, source, load, as = 'auto' }: {
  text: string; size?: number | undefined; cut?: boolean | undefined; source?: Source | undefined; load?: (() => Promise<string>) | undefined; as?: 'auto' | 'read' | 'code';
}) {
  const [all, setAll] = useState(false);
  const [plain, setPlain] = useState(false);
  const [loaded, setLoaded] = useState<{ text: string; at: number; done: boolean } | null>(null);
  const [state, setState] = useState<'idle' | 'loading' | 'failed'>('idle');
  const headers = useContext(ReadAs);
  const decoder = useRef(new TextDecoder());
  const whole = loaded?.text ?? text;
  const isCut = cut && !loaded?.done;
  const json = useMemo(() => (isCut || as === 'read' ? undefined : asJson(whole)), [whole, isCut, as]);
  const total = size ?? whole.length;
  const long = whole.length > first;
  const visible = all || !long ? whole : whole.slice(0, first);

  const more = async (): Promise<void> => {
    if (!source && !load) return;
    setState('loading');
    try {
      if (load) {
        const got = await load();
        setLoaded({ text: got, at: total, done: true });
        setAll(true);
        setState('idle');
        return;
      }
      if (!source) return;
      // Ranges are bytes: a character cut at the border is completed by the next range.
      const at = loaded?.at ?? 0;
      const chunk = await getBytes(`/traces/${seg(source.trace)}/spans/${seg(source.span)}/content`, { path: source.path, offset: at, length: step }, undefined, headers);
      if (at === 0) decoder.current = new TextDecoder();
      const next = at + chunk.byteLength;
      const done = chunk.byteLength === 0 || next >= total;
      setLoaded({ text: (loaded?.text ?? '') + decoder.current.decode(chunk, { stream: !done }), at: next, done });
      setAll(true);
      setState('idle');
    } catch {
      setState('failed');
    }
  };

  return (
    <div className="value">
      {json !== undefined && !plain ? <JsonView value={json} /> : as === 'read' ? <Markdown text={visible} /> : <SafeBlock mono text={visible} />}
      {(json !== undefined || long || isCut || state === 'failed') && (
        <div className={`vact ${long || isCut || state === 'failed' ? '' : 'quiet'}`}>
          {(json === undefined || plain) && long && !all && <button type="button" className="more" onClick={() => setAll(true)}>Show {isCut ? 'the first' : 'all'} {bytes(isCut ? Math.min(total, 65536) : total)}</button>}
          {(json === undefined || plain) && long && all && <button type="button" className="more" onClick={() => setAll(false)}>Show less</button>}
          {isCut && (source || load) && <button type="button" className="more" disabled={state === 'loading'} onClick={() => void more()}>{state === 'loading' ? 'Reading…' : loaded ? `Read on: ${bytes(loaded.at)} of ${bytes(total)} shown` : `${bytes(total)}, first ${bytes(Math.min(total, 65536))} here. Read the rest`}</button>}
          {isCut && !source && !load && <span className="chip out">{bytes(total)}, cut</span>}
          {state === 'failed' && <span className="danger">could not be read</span>}
          {json !== undefined && <button type="button" className="more" onClick={() => setPlain(!plain)}>{plain ? 'As a tree' : 'As text'}</button>}
          <CopyButton text={whole} label="Copy this value" className="more" />
        </div>
      )}
    </div>
  );
}
