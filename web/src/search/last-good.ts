import { useRef } from 'react';

/** What was last read well: a query that fails leaves it on the screen. */
export function useLastGood<T>(data: T | undefined, failed: boolean): T | undefined {
  const last = useRef<T | undefined>(undefined);
  if (data !== undefined) last.current = data;
  return data ?? (failed ? last.current : undefined);
}
