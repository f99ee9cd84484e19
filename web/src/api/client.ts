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

export type Params = Record<string, string | number | boolean | null | undefined>;

export function query(params: Params): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') search.set(key, String(value));
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

async function send(path: string, params: Params, signal?: AbortSignal): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}${query(params)}`, { headers: { accept: 'application/json' }, ...(signal ? { signal } : {}) });
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'AbortError') throw cause;
    throw new ApiFailure(0, 'unreachable', 'The server does not answer.');
  }
  if (!response.ok) throw await failure(response);
  return response;
}

/** GET /api/v1<path> as JSON. */
export async function get<T>(path: string, params: Params = {}, signal?: AbortSignal): Promise<T> {
  return (await (await send(path, params, signal)).json()) as T;
}

/** POST /api/v1<path> with JSON. */
export async function post<T>(path: string, body: unknown): Promise<T> {
  let response: Response;
  try {
    response = await fetch(`/api/v1${path}`, { method: 'POST', headers: { 'content-type': 'application/json', accept: 'application/json' }, body: JSON.stringify(body) });
  } catch { throw new ApiFailure(0, 'unreachable', 'The server does not answer.'); }
  if (!response.ok) throw await failure(response);
  return (await response.json()) as T;
}

/** GET /api/v1<path> as bytes: payload ranges. */
export async function getBytes(path: string, params: Params = {}, signal?: AbortSignal): Promise<ArrayBuffer> {
  return (await send(path, params, signal)).arrayBuffer();
}

/** One segment of a path. */
export const seg = (id: string): string => encodeURIComponent(id);
