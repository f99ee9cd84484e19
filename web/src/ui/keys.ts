import { useEffect, useRef } from 'react';

// Single letters are off while typing; the last page or panel that asked for a key gets it first.
export type KeyMap = Record<string, (e: KeyboardEvent) => unknown>;
interface Layer { map: KeyMap; modal: boolean }
const layers: { current: Layer }[] = [];
let prefix = '';
let prefixTimer = 0;

export const isTyping = (t: EventTarget | null): boolean =>
  t instanceof HTMLElement && (t.isContentEditable || t.tagName === 'TEXTAREA' || t.tagName === 'SELECT'
    || (t instanceof HTMLInputElement && !['checkbox', 'radio', 'button', 'range'].includes(t.type)));

/** "ctrl+k", "Enter", "g s": what a key press is called in a KeyMap. */
function nameOf(e: KeyboardEvent): string {
  const key = e.key === ' ' ? 'space' : e.key;
  return (e.ctrlKey || e.metaKey ? 'ctrl+' : '') + (e.altKey ? 'alt+' : '') + key;
}

function onKey(e: KeyboardEvent): void {
  if (e.defaultPrevented || e.isComposing || ['Shift', 'Control', 'Alt', 'Meta'].includes(e.key)) return;
  const name = nameOf(e);
  if (isTyping(e.target) && e.key !== 'Escape' && name !== 'ctrl+k') return;
  // A focused control keeps its own keys.
  if ((name === 'Enter' || name === 'space') && e.target instanceof HTMLElement && e.target.closest('button,a,input,summary,[role=option],[role=tab]')) return;
  if (name === 'space' && e.target instanceof HTMLElement && e.target.closest('[role=button]')) return;
  const full = prefix ? `${prefix} ${name}` : name;
  prefix = '';
  clearTimeout(prefixTimer);
  for (let i = layers.length - 1; i >= 0; i--) {
    const { map, modal } = layers[i]!.current;
    const action = map[full];
    if (action && action(e) !== false) {
      e.preventDefault();
      return;
    }
    if (modal) return;
  }
  if (name === 'g') {
    prefix = 'g';
    prefixTimer = window.setTimeout(() => { prefix = ''; }, 1200);
  }
}

export function useKeys(map: KeyMap, { modal = false, enabled = true } = {}): void {
  const layer = useRef<Layer>({ map, modal });
  layer.current = { map, modal };
  useEffect(() => {
    if (!enabled) return;
    if (layers.length === 0) window.addEventListener('keydown', onKey);
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
      if (layers.length === 0) window.removeEventListener('keydown', onKey);
    };
  }, [enabled]);
}
