import { useSyncExternalStore } from 'react';

// The URL is the state: a page reads its parameters from here and writes them back, and nothing else remembers them.
const changed = 'turnscope:url';
/** Calls `f` whenever the address changes; gives back how to stop that. */
export const onMove = (f: () => void): (() => void) => {
  window.addEventListener('popstate', f);
  window.addEventListener(changed, f);
  return () => {
    window.removeEventListener('popstate', f);
    window.removeEventListener(changed, f);
  };
};

export const useUrl = (): string => useSyncExternalStore(onMove, () => location.pathname + location.search);

export function navigate(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === location.pathname + location.search) return;
  if (how === 'push') history.pushState(null, '', to);
  else history.replaceState(null, '', to);
  window.dispatchEvent(new Event(changed));
}

/** Path and query; a question mark within the query is part of it. */
const parted = (url: string): [string, string] => { const at = url.indexOf('?'); return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)]; };

export type Patch = Record<string, string | null | undefined>;

/** The address with some parameters changed; null and '' leave a parameter out, so that links stay short. */
export function withParams(url: string, patch: Patch): string {
  const [path, search] = parted(url);
  const params = new URLSearchParams(search);
  for (const [key, value] of Object.entries(patch)) {
    if (value === null || value === undefined || value === '') params.delete(key);
    else params.set(key, value);
  }
  const text = params.toString().replace(/%3A/g, ':').replace(/%2C/g, ',').replace(/%2F/g, '/');
  return text ? `${path}?${text}` : path;
}

/** A parameter that may stand several times, so that values may hold anything; with other changes. */
export function setList(key: string, values: string[], patch: Patch = {}): void {
  const [path, search] = parted(withParams(location.pathname + location.search, patch));
  const params = new URLSearchParams(search);
  params.delete(key);
  for (const v of values) params.append(key, v);
  const text = params.toString();
  navigate(text ? `${path}?${text}` : path);
}

export const setParams = (patch: Patch, how: 'push' | 'replace' = 'replace'): void =>
  navigate(withParams(location.pathname + location.search, patch), how);

export interface Route { page: 'search' | 'trace' | 'services' | 'health' | 'overview' | 'session' | 'users' | 'compare' | 'storage' | 'prices' | 'explain' | 'redact' | 'mappings' | 'keys' | 'metrics' | 'unknown'; id: string; params: URLSearchParams }

export function parseRoute(url: string): Route {
  const [path, search] = parted(url);
  const params = new URLSearchParams(search);
  const parts = path.split('/').filter(Boolean);
  const [area, id] = parts;
  if (area === undefined || (area === 'search' && id === undefined)) return { page: 'search', id: '', params };
  if ((area === 't' || area === 'trace') && id !== undefined && /^[0-9a-f]{1,32}$/i.test(id)) return { page: 'trace', id: id.toLowerCase(), params };
  if (area === 'sessions' && id === undefined) { params.set('row', 'sessions'); return { page: 'search', id: '', params }; }
  // The id of a session is a stranger's text: it stands in the query, not in the path.
  if (area === 'session' && id === undefined && params.get('id')) return { page: 'session', id: params.get('id')!, params };
  for (const page of ['overview', 'users', 'compare', 'storage', 'prices', 'explain', 'redact', 'mappings', 'keys'] as const) if (area === page && id === undefined) return { page, id: '', params };
  // /metrics itself is the server's own, in Prometheus' format.
  if (area === 'agent-metrics' && id === undefined) return { page: 'metrics', id: '', params };
  if (area === 'services' && id === undefined) return { page: 'services', id: '', params };
  if (area === 'health' && id === undefined) return { page: 'health', id: '', params };
  return { page: 'unknown', id: '', params };
}
