import { useEffect, useRef } from 'react';

/** What the page at hand can do, for the palette: it asks when it opens. */
export interface Command { title: string; keys?: string; run: () => void }
const sources: { current: () => Command[] }[] = [];

export function useCommands(list: () => Command[]): void {
  const ref = useRef(list);
  ref.current = list;
  useEffect(() => {
    sources.push(ref);
    return () => { sources.splice(sources.indexOf(ref), 1); };
  }, []);
}
export const pageCommands = (): Command[] => sources.flatMap((s) => s.current());
