import type { ApiError } from './types';

/** A refusal of the server, or no answer at all (status 0). */
export class ApiFailure extends Error {
  constructor(
    readonly status: number, readonly kind: string, message: string,
    readonly field?: string, readonly position?: number,
  ) {
    super(message);
    this.name = 'ApiFailure';
  }
}

export type Params = Record<string, string | number | boolean | null | undefined | readonly string[]>;

export function query(params: Params): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (Array.isArray(value)) for (const v of value as readonly string[]) search.append(key, v);
    else if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : '';
}

async function failure(response: Response): Promise<ApiFailure> {
  let body: Partial<ApiError> = {};
  try { body = (await response.json()) as Partial<ApiError>; } catch { /* not JSON: the status has to do */ }
  const e = body.error;
  return new ApiFailure(response.status, e?.kind ?? 'http', e?.message ?? `the server answered ${response.status} ${response.statusText}`, e?.field, e?.position);
}

async function send(path: string, init: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { ...init, headers: { accept: 'application/json', ...init.headers } });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiFailure(0, 'unreachable', 'The server does not answer.');
  }
  if (!response.ok) throw await failure(response);
  return response;
}

const getting = (signal?: AbortSignal): RequestInit => (signal ? { signal } : {});
/** GET /api/v1<path> as JSON. */
export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal, headers: Record<string, string> = {}): Promise<T> {
  return (await (await send(path + query(params), { ...getting(signal), headers })).json()) as T;
}

/** POST /api/v1<path> with JSON; a text is JSON already. */
export async function post<T>(path: string, body: unknown): Promise<T> {
  return (await (await send(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: typeof body === 'string' ? body : JSON.stringify(body) })).json()) as T;
}

/** GET /api/v1<path> as bytes: payload ranges. */
export async function getBytes(path: string, params: Params = {}, signal?: AbortSignal, headers: Record<string, string> = {}): Promise<ArrayBuffer> {
  return (await send(path + query(params), { ...getting(signal), headers })).arrayBuffer();
}

/** One segment of a path. */
export const seg = (id: string): string => encodeURIComponent(id);
