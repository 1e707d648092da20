// Sites with their place and what a metric says of each, from two answers in columns.
import { Columns, columnsType } from './columns';
import type { Metric, Resource } from './measures';
import { ProblemError } from './api';

export interface Places {
  names: string[];
  regions: (string | null)[];
  x: Float32Array;
  y: Float32Array;
  without: number; ///< sites that declare no place
}

export async function readColumns(path: string, signal: AbortSignal): Promise<Columns[]> {
  const out: Columns[] = [];
  let cursor: string | null = null;
  do {
    const to: string = cursor ? `${path}&cursor=${encodeURIComponent(cursor)}` : path;
    let response: Response;
    try {
      response = await fetch(to, { headers: { Accept: columnsType }, signal: AbortSignal.any([signal, AbortSignal.timeout(30_000)]) });
    } catch (error) {
      if (signal.aborted) throw error;
      throw new ProblemError({ status: 0, word: 'unreachable', detail: to });
    }
    if (!response.ok) {
      const body = (await response.json().catch(() => ({}))) as { detail?: string };
      throw new ProblemError({ status: response.status, word: 'refused', detail: body.detail ?? `HTTP ${response.status}` });
    }
    const page = new Columns(await response.arrayBuffer());
    out.push(page);
    cursor = typeof page.rest.next === 'string' ? page.rest.next : null;
  } while (cursor && out.length < 20);
  return out;
}

/// What the metric says of each site, by name: the amount, and what colours it.
export function valuesOf(pages: Columns[], metric: Metric, resource: Resource, precision: string): Map<string, number> {
  const out = new Map<string, number>();
  for (const page of pages) {
    const names = page.texts('key', 'site');
    const pair = (a: (number | null)[], b: (number | null)[], join: (x: number, y: number) => number) =>
      a.map((value, at) => (value === null || b[at] === null || b[at] === undefined ? null : join(value, b[at])));
    const add = (a: (number | null)[], b: (number | null)[]) =>
      a.map((value, at) => (value === null && (b[at] ?? null) === null ? null : (value ?? 0) + (b[at] ?? 0)));
    const rate = `${precision}_mflops`;
    let values: (number | null)[];
    if (metric === 'installed') values = add(page.numbers('peak', 'cpu', rate), page.numbers('peak', 'accelerators', rate));
    else if (metric === 'available')
      values = add(page.numbers('peak', 'available', 'cpu', rate), page.numbers('peak', 'available', 'accelerators', rate));
    else if (metric === 'problems')
      values = pair(page.numbers('nodes', 'installed'), page.numbers('nodes', 'fresh'), (all, fresh) => (all ? (all - fresh) / all : 0));
    else if (metric === 'age') values = page.numbers('age_ms', 'mean');
    else {
      const [used, free] = {
        accelerators: [page.numbers('accelerators', 'used'), page.numbers('accelerators', 'free')],
        cores: [page.numbers('cpu', 'busy_millicores'), page.numbers('cpu', 'free_millicores')],
        memory: [page.numbers('memory', 'used_bytes'), page.numbers('memory', 'free_bytes')],
        storage: [page.numbers('storage', 'used_bytes'), page.numbers('storage', 'free_bytes')],
      }[resource] as [(number | null)[], (number | null)[]];
      values = pair(metric === 'used' ? used : free, metric === 'used' ? free : used, (a, b) => (a + b ? a / (a + b) : NaN));
    }
    names.forEach((name, at) => {
      const value = values[at];
      if (name !== null && value !== null && value !== undefined && !Number.isNaN(value)) out.set(name, value);
    });
  }
  return out;
}
