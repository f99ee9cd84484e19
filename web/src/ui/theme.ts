import { useSyncExternalStore } from 'react';

export type Theme = 'light' | 'dark';
const event = 'turnscope:theme';
const read = (): Theme => (document.documentElement.dataset['theme'] === 'dark' ? 'dark' : 'light');

export function setTheme(theme: Theme): void {
  document.documentElement.dataset['theme'] = theme;
  try { localStorage.setItem('turnscope.theme', theme); } catch { /* storage may be off: holds for this page */ }
  window.dispatchEvent(new Event(event));
}
export const toggleTheme = (): void => setTheme(read() === 'dark' ? 'light' : 'dark');
export const useTheme = (): Theme => useSyncExternalStore((f) => {
  const media = matchMedia('(prefers-color-scheme: dark)');
  const follow = (): void => {
    let chosen: string | null = null;
    try { chosen = localStorage.getItem('turnscope.theme'); } catch { /* as above */ }
    if (chosen === null) document.documentElement.dataset['theme'] = media.matches ? 'dark' : 'light';
    f();
  };
  media.addEventListener('change', follow);
  window.addEventListener(event, f);
  return () => { media.removeEventListener('change', follow); window.removeEventListener(event, f); };
}, read);

/** Colours of the tokens, for canvas. */
export function tokens<K extends string>(names: readonly K[]): Record<K, string> {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(names.map((n) => [n, style.getPropertyValue(`--${n}`).trim()])) as Record<K, string>;
}
