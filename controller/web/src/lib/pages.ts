// All rows of an answer that comes in pages, for files: one page after the other from the first on, up to a bound.
import { get, ProblemError } from './api';

export const mostRows = 200_000;
const tries = 5;

export type Page = Record<string, unknown> & { next?: string | null };
export interface Read {
  rows: number;
  cut: boolean; ///< there are more than the bound
  moved: boolean; ///< how many there are has changed while they were read
}

/// A controller that has its hands full (503) is asked again, later each time.
async function patient(path: string, signal: AbortSignal): Promise<Page> {
  for (let turn = 1; ; turn += 1) {
    try {
      return await get<Page>(path, signal);
    } catch (error) {
      if (turn === tries || !(error instanceof ProblemError) || error.problem.status !== 503) throw error;
      await new Promise((done) => setTimeout(done, 500 * turn));
      signal.throwIfAborted();
    }
  }
}

/// Hands out each page's rows. `total` names what an answer says of how many there are, where it does.
export async function readPages<Row>(
  path: string,
  list: string,
  total: string | undefined,
  signal: AbortSignal,
  take: (rows: Row[], so_far: number, of: number | null) => void,
): Promise<Read> {
  let cursor: string | null = null;
  let first: unknown;
  let [rows, moved] = [0, false];
  for (;;) {
    const more: string = cursor === null ? '' : `${path.includes('?') ? '&' : '?'}cursor=${encodeURIComponent(cursor)}`;
    const page = await patient(path + more, signal);
    const of = total === undefined ? null : (page[total] as number);
    first ??= of;
    moved ||= of !== first;
    const all = page[list] as Row[];
    const these = all.slice(0, mostRows - rows);
    rows += these.length;
    take(these, rows, of);
    const next: string | null = page.next ?? null;
    if (next === null || next === cursor || rows === mostRows) {
      const cut = these.length < all.length || (next !== null && next !== cursor);
      return { rows, cut, moved: moved || (of !== null && !cut && rows !== of) };
    }
    cursor = next;
  }
}

/// As one word of a shell's line.
export const quoted = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;

/// The line that gets all of it, without a bound.
export function commandOf(words: string, filter: string | null | undefined): string {
  return `capmapctl ${words}${filter ? ` --filter ${quoted(filter)}` : ''} -o csv`;
}
