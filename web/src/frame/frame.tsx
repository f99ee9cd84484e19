import { lazy, Suspense, useState, type ReactNode } from 'react';
import { navigate, useUrl } from '../url/router';
import { Link } from '../url/link';
import { Icon, type IconName } from '../ui/icons';
import { useKeys } from '../ui/keys';
import { toggleTheme, useTheme } from '../ui/theme';
import { KeyHelp } from './key-help';
import { useHealth } from '../health/use-health';
import type { Command } from '../ui/commands';

const Palette = lazy(() => import('./palette'));

const areas: { path: string; icon: IconName; label: string; key: string }[] = [
  { path: '/overview', icon: 'overview', label: 'Overview', key: 'g o' },
  { path: '/search', icon: 'search', label: 'Search', key: 'g s' },
  { path: '/sessions', icon: 'sessions', label: 'Sessions', key: 'g e' },
  { path: '/users', icon: 'users', label: 'Users', key: 'g u' },
  { path: '/compare', icon: 'compare', label: 'Compare', key: 'g c' },
  { path: '/services', icon: 'services', label: 'Services', key: 'g d' },
  { path: '/agent-metrics', icon: 'metrics', label: 'Metrics of agents', key: 'g m' },
];
const operators: typeof areas = [
  { path: '/prices', icon: 'prices', label: 'Prices', key: 'g p' },
  { path: '/storage', icon: 'storage', label: 'Storage', key: 'g b' },
  { path: '/explain', icon: 'diff', label: 'Explain a payload', key: 'g x' },
  { path: '/mappings', icon: 'mappings', label: 'Mapping rules', key: 'g i' },
  { path: '/redact', icon: 'shield', label: 'Test redaction', key: 'g r' },
  { path: '/keys', icon: 'key', label: 'Keys', key: 'g k' },
];

/** Everywhere that a key leads to. */
const places: { path: string; label: string; key: string }[] = [...areas, { path: '/compare?by=variant', label: 'Compare experiment arms', key: 'g a' }, ...operators, { path: '/health', label: 'Health, exporters, anomalies', key: 'g h' }];

export function Frame({ children }: { children: ReactNode }) {
  const path = useUrl().split('?')[0]!;
  const [help, setHelp] = useState(false);
  const [palette, setPalette] = useState(false);
  const theme = useTheme();
  const health = useHealth();
  useKeys({
    '?': () => setHelp((h) => !h), 'ctrl+k': () => setPalette(true), 'g t': () => toggleTheme(),
    ...Object.fromEntries(places.map((a) => [a.key, () => navigate(a.path)])),
  });
  const current = (p: string): 'page' | undefined => ((p === '/search' ? path === '/' || path === '/search' || path.startsWith('/t/') : p === '/sessions' ? path.startsWith('/session') : path === p) ? 'page' : undefined);
  const commands: Command[] = places.map((a) => ({ title: a.label, keys: a.key, run: () => navigate(a.path) }));
  commands.push({ title: theme === 'dark' ? 'Light theme' : 'Dark theme', keys: 'g t', run: toggleTheme }, { title: 'Keyboard map', keys: '?', run: () => setHelp(true) });
  const state = health.isError ? 'unreachable' : health.data?.status;
  const troubled = state !== undefined && state !== 'ok';
  return (
    <div className="app">
      <nav className="rail" aria-label="Main">
        <Link className="logo" to="/search" aria-label="Turnscope, start page" title="Turnscope">
          <svg viewBox="0 0 20 20"><path d="M2 4h9" stroke="currentColor" strokeWidth="2.6" /><path d="M6 8.2h12" className="st-accent" strokeWidth="2.6" /><path d="M9 12.4h6" stroke="currentColor" strokeWidth="2.6" opacity=".55" /><path d="M13 16.6h5" stroke="currentColor" strokeWidth="2.6" /></svg>
        </Link>
        {areas.map((a) => <Link key={a.path} to={a.path} title={`${a.label} (${a.key})`} aria-label={a.label} aria-current={current(a.path)}><Icon name={a.icon} /></Link>)}
        <span className="grow" />
        {operators.map((a) => <Link key={a.path} to={a.path} title={`${a.label} (${a.key})`} aria-label={a.label} aria-current={current(a.path)}><Icon name={a.icon} /></Link>)}
        <Link to="/health" title={troubled ? `Health (g h): ${state}` : 'Health (g h)'} aria-label={troubled ? `Health: ${state}` : 'Health'} aria-current={current('/health')}>
          <Icon name="health" />{troubled && <span className={`dot ${state === 'degraded' ? '' : 'bad'}`} />}
        </Link>
        <button type="button" title="Go to anything (ctrl k)" aria-label="Go to anything" onClick={() => setPalette(true)}><Icon name="menu" /></button>
        <button type="button" title="Keyboard map (?)" aria-label="Keyboard map" onClick={() => setHelp(true)}><Icon name="keys" /></button>
        <button type="button" title="Light or dark (g t)" aria-label={theme === 'dark' ? 'Switch to light theme' : 'Switch to dark theme'} onClick={toggleTheme}><Icon name="theme" /></button>
      </nav>
      {children}
      {palette && <Suspense fallback={null}><Palette close={() => setPalette(false)} commands={commands} /></Suspense>}
      {help && <KeyHelp close={() => setHelp(false)} />}
    </div>
  );
}

/** The status bar: keys that work here, and one fact at the right. */
export function StatusBar({ keys, left, right }: { keys: [string[], string][]; left?: ReactNode; right?: ReactNode }) {
  return (
    <footer className="status">
      {left !== undefined && <span className="row" role="status">{left}</span>}
      {keys.map(([k, what]) => <span className="row wide-row" key={what}>{k.map((x) => <kbd key={x}>{x}</kbd>)}{what}</span>)}
      <span className="grow" />
      {right !== undefined && <span className="row wide">{right}</span>}
    </footer>
  );
}
