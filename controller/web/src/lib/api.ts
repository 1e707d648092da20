// Questions to the controller: plain fetch, problem details as errors, a limit of time on each.

export interface Problem {
  status: number; ///< 0: nothing came back
  word: string; ///< the last word of type, or what went wrong on the way
  detail: string;
}

export class ProblemError extends Error {
  readonly problem: Problem;
  constructor(problem: Problem) {
    super(problem.detail);
    this.problem = problem;
  }
}

const limitMs = 15_000;
let csrf: string | null = null;

/// The token that is shown with each change (of /v1/session).
export function setCsrf(token: string | null): void {
  csrf = token;
}

function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

async function problemOf(response: Response): Promise<Problem> {
  try {
    const body = (await response.json()) as { type?: string; detail?: string };
    return { status: response.status, word: (body.type ?? '').split(':').pop() ?? '', detail: body.detail ?? '' };
  } catch {
    return { status: response.status, word: 'no-details', detail: `HTTP ${response.status}` };
  }
}

async function ask(path: string, init: RequestInit, signal?: AbortSignal): Promise<Response> {
  const limit = AbortSignal.timeout(limitMs);
  const both = signal ? AbortSignal.any([signal, limit]) : limit;
  let response: Response;
  try {
    response = await fetch(path, { credentials: 'same-origin', ...init, signal: both });
  } catch (error) {
    if (signal?.aborted) throw error;
    const late = limit.aborted;
    throw new ProblemError({ status: 0, word: late ? 'late' : 'unreachable', detail: late ? `${limitMs / 1000} s` : path });
  }
  if (!response.ok) throw new ProblemError(await problemOf(response));
  return response;
}

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await ask(path, { headers: { Accept: 'application/json' }, cache: 'no-cache' }, signal);
  try {
    return (await response.json()) as T;
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ProblemError({ status: 0, word: 'cut-short', detail: path });
  }
}

export async function getText(path: string, signal?: AbortSignal): Promise<string> {
  return (await ask(path, { cache: 'no-cache' }, signal)).text();
}

/// A change, or a question with a body. Sent again by the caller it is another change.
export async function send<T>(method: 'POST' | 'DELETE', path: string, body?: unknown): Promise<T> {
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'Idempotency-Key': randomKey() };
  if (csrf) headers['X-CSRF-Token'] = csrf;
  const response = await ask(path, { method, headers, body: JSON.stringify(body ?? {}) });
  return (await response.json()) as T;
}

/// A path with its query; what is empty is left out.
export function path(base: string, params: Record<string, string | number | null | undefined>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return text ? `${base}?${text}` : base;
}

/// A comparison of a dimension with a text, null being what is not declared. A quote inside a text is written as two.
export function equals(dimension: string, text: string | null): string {
  return `${dimension} = "${(text ?? '').replaceAll('"', '""')}"`;
}
