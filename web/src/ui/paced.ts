/** Does `f` when it is asked to, one at a time; what is asked meanwhile is done once more, after a pause of as long as it took. */
export function paced(f: () => Promise<unknown>, { least = 40, factor = 1 }: { least?: number; factor?: number } = {}): { ask: () => void; stop: () => void } {
  let busy = false, again = false, stopped = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const run = async (): Promise<void> => {
    busy = true;
    const began = performance.now();
    try { await f(); } catch { /* what is shown stays; the next asking tries again */ }
    const rest = Math.max(least, factor * (performance.now() - began));
    if (stopped) return;
    timer = setTimeout(() => {
      busy = false;
      if (again) { again = false; void run(); }
    }, rest);
  };
  return {
    ask: () => { if (busy) again = true; else if (!stopped) void run(); },
    stop: () => { stopped = true; clearTimeout(timer); },
  };
}
