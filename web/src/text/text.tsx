import { createContext, memo, useContext, useMemo, type ReactNode } from 'react';
import { blocks, pieces } from './safe';

/** What is being looked for on this page: every text marks it. */
export const FindContext = createContext('');

function Pieces({ text, find }: { text: string; find: string }) {
  return <>{pieces(text, find).map((p, i) => (p.type === 'text' ? p.text
    : p.type === 'hit' ? <mark key={i}>{p.text}</mark>
    : <span key={i} className={`sign ${p.title.includes('direction') ? 'warn' : ''}`} title={p.title}>{p.name}</span>))}</>;
}

/** A value of a stranger inside a line: isolated in direction, control characters as chips. */
export const Safe = memo(function Safe({ text }: { text: string }) {
  const find = useContext(FindContext);
  return <bdi><Pieces text={String(text)} find={find} /></bdi>;
});

/** Running text of a stranger, any length. */
export const SafeBlock = memo(function SafeBlock({ text, mono = false }: { text: string; mono?: boolean }) {
  const find = useContext(FindContext);
  const parts = useMemo(() => blocks(String(text)), [text]);
  const body: ReactNode = parts.length === 1
    ? <Pieces text={text} find={find} />
    : parts.map((b, i) => <div className="blk" key={i}><Pieces text={b} find={find} /></div>);
  return <div className={mono ? 'stext mono' : 'stext'} dir="auto">{body}</div>;
});
