import type { Kind } from '../api/types';

export type KindGlyph = Kind | 'error';
// 16-px glyphs. Kinds differ by silhouette, not by colour alone.
export function KindIcon({ kind, className = '' }: { kind: KindGlyph; className?: string }) {
  return (
    <svg className={`g k-${kind} ${className}`} viewBox="0 0 16 16" aria-hidden="true">
      {kind === 'agent' && <path d="M8 1.6 13.6 4.8v6.4L8 14.4 2.4 11.2V4.8z" fill="currentColor" />}
      {kind === 'turn' && <><path d="M13 8a5 5 0 1 1-1.6-3.7" fill="none" stroke="currentColor" strokeWidth="2" /><path d="M13.6 1.6v4.2H9.4z" fill="currentColor" /></>}
      {kind === 'llm' && <path d="M8 1.2 10 6l4.8 2L10 10l-2 4.8L6 10 1.2 8 6 6z" fill="currentColor" />}
      {kind === 'tool' && <><rect x="2.2" y="2.5" width="11.6" height="11" rx=".8" fill="currentColor" /><path d="m5 6 2 2-2 2M8.5 10.5H11" fill="none" className="st-bg" strokeWidth="1.5" /></>}
      {kind === 'retrieval' && <><circle cx="6.8" cy="6.8" r="4.3" fill="none" stroke="currentColor" strokeWidth="2.2" /><path d="m10 10 4 4" stroke="currentColor" strokeWidth="2.4" /></>}
      {kind === 'embedding' && <g fill="currentColor"><circle cx="3.5" cy="3.5" r="1.9" /><circle cx="3.5" cy="12.5" r="1.9" /><circle cx="12.5" cy="3.5" r="1.9" /><circle cx="12.5" cy="12.5" r="1.9" /><circle cx="8" cy="8" r="1.9" /></g>}
      {kind === 'chain' && <path d="M2 5h9M5 11h9" stroke="currentColor" strokeWidth="3.2" />}
      {kind === 'error' && <><path d="M8 1.5 15 14H1z" fill="currentColor" /><path d="M8 6v3.5M8 11v1.3" className="st-bg" strokeWidth="1.6" /></>}
      {kind === 'other' && <circle cx="8" cy="8" r="4" fill="currentColor" />}
    </svg>
  );
}

const paths = {
  search: <><circle cx="7" cy="7" r="4.5" /><path d="m10.5 10.5 3.5 3.5" /></>,
  services: <><circle cx="3.5" cy="8" r="2" /><circle cx="12.5" cy="3.5" r="2" /><circle cx="12.5" cy="12.5" r="2" /><path d="m5.3 7.1 5.4-2.7M5.3 8.9l5.4 2.7" /></>,
  metrics: <path d="M2 13.5h12M2.5 10.5 6 6.500l3 2.500 4.500-6" />,
  mappings: <path d="M2.5 4h3.500l4 8h3.500M2.500 12h3.500l1.200-2.400M8.800 6.400 10 4h3.500" />,
  key: <><circle cx="5" cy="10.500" r="2.800" /><path d="m7 8.500 6-6M10.500 5l2 2" /></>,
  health: <path d="M2 8h3l2-5 3 10 2-5h2.5" />,
  keys: <path d="M1.5 4.5h13v7h-13zM4 7h.5M7 7h.5M10 7h.5M5 9.3h6" />,
  theme: <><circle cx="8" cy="8" r="5.5" /><path d="M8 2.5v11a5.5 5.5 0 0 0 0-11z" fill="currentColor" /></>,
  copy: <path d="M5.5 5.5h8v8h-8zM2.5 10.5v-8h8" />,
  down: <path d="m4 6 4 4 4-4" />, right: <path d="m6 4 4 4-4 4" />, up: <path d="m4 10 4-4 4 4" />,
  x: <path d="m4 4 8 8M12 4l-8 8" />,
  link: <path d="M6.5 9.5 9.5 6.5M7 4.5l1.5-1.5a3 3 0 0 1 4.3 4.3L11.3 8.8M9 11.5 7.5 13a3 3 0 0 1-4.3-4.3l1.5-1.5" />,
  clock: <><circle cx="8" cy="8" r="5.8" /><path d="M8 4.5V8l2.5 1.5" /></>,
  fold: <path d="M3 8h10M8 2v3.5M6 4l2 2 2-2M8 14v-3.5M6 12l2-2 2 2" />,
  filter: <path d="M2.5 4h11M4.5 8h7M6.5 12h3" />,
  check: <path d="M3 8.5 6.5 12 13 4.5" />,
  download: <path d="M8 2.5v7.5M5 7.5l3 3 3-3M3 12.5h10" />,
  thread: <path d="M2 3.5h5v4.5h5v4.5h2.5" />,
  open: <path d="M9 2.5h4.5V7M13.5 2.5 7.5 8.5M11.5 9.5v4h-9v-9h4" />,
  compare: <path d="M2.5 3h4.5v10H2.5zM9 3h4.5v10H9z" />,
  overview: <path d="M2.5 13.5v-5M6.2 13.5v-9M9.9 13.5v-6M13.5 13.5v-11" />,
  sessions: <path d="M2.5 3.5h11v7.5H7l-3 2.5v-2.5H2.5z" />,
  users: <><circle cx="8" cy="5.5" r="2.6" /><path d="M3 13.5c.6-2.6 2.5-4 5-4s4.4 1.4 5 4" /></>,
  prices: <path d="M8 2v12M11 4.5C10.3 3.7 9.3 3.5 8 3.5c-1.7 0-2.8.8-2.8 2.100 0 3 5.8 1.600 5.8 4.7 0 1.4-1.2 2.2-3 2.2-1.4 0-2.5-.4-3.2-1.3" />,
  columns: <path d="M2.5 3h11v10h-11zM6.2 3v10M9.900 3v10" />,
  bookmark: <path d="M4.5 2.5h7v11L8 10.7l-3.5 2.8z" />,
  live: <><circle cx="8" cy="8" r="2" /><path d="M4.8 4.8a4.5 4.5 0 0 0 0 6.4M11.2 4.8a4.5 4.5 0 0 1 0 6.4" /></>,
  plus: <path d="M8 3v10M3 8h10" />, menu: <path d="M3 4.5h10M3 8h10M3 11.5h6" />,
  shield: <path d="M8 1.8 13 3.6v4.1c0 3-2 5.300-5 6.5-3-1.200-5-3.500-5-6.500V3.600z" />,
  diff: <path d="M8 2.5v6M5 5.5h6M5 12.5h6" />,
  storage: <><ellipse cx="8" cy="4" rx="5" ry="1.8" /><path d="M3 4v8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8V4M3 8c0 1 2.2 1.8 5 1.8s5-.8 5-1.8" /></>,
  retry: <path d="M13 8a5 5 0 1 1-1.5-3.6M12 1.8v3H9" />,
};
export type IconName = keyof typeof paths;
export function Icon({ name }: { name: IconName }) {
  return (
    <svg viewBox="0 0 16 16" fill="none" stroke="currentColor" strokeWidth="1.4" strokeLinejoin="round" strokeLinecap="round" aria-hidden="true">{paths[name]}</svg>
  );
}
