// A question to the API that is asked anew when something has happened. It keeps the last answer, says how old that is, and never waits
// without an end: each question has a limit of time, and the next one comes.
import { get, type Problem, ProblemError } from './api';
import { live } from './live.svelte';
import { session } from './session.svelte';

const turnMs = 1_000;

export interface QueryOptions {
  leastMs?: number; ///< not asked more often than this
  mostMs?: number; ///< asked anew after this even if nothing was heard
  read?: (path: string, signal: AbortSignal) => Promise<unknown>; ///< how, where it is no JSON
}

export class Query<T> {
  data = $state.raw<T | null>(null);
  problem = $state.raw<Problem | null>(null);
  receivedAt = $state(0); ///< performance.now() of the answer; 0: none yet
  path = $state<string | null>(null);
  private begun = 0;
  private beat = -1;
  private under: AbortController | null = null;
  private readonly options: Required<QueryOptions>;

  /// Lives as long as the component that makes it.
  constructor(where: () => string | null, options: QueryOptions = {}) {
    this.options = { leastMs: 5_000, mostMs: 15_000, read: get, ...options };
    $effect(() => {
      let path: string | null = null;
      try {
        path = where();
      } catch (error) {
        this.problem = error instanceof ProblemError ? error.problem : { status: 0, word: 'page', detail: String(error) };
      }
      if (path === this.path) return;
      this.path = path;
      this.data = null;
      this.receivedAt = 0;
      if (path) void this.ask();
    });
    $effect(() => {
      const timer = setInterval(() => this.turn(), turnMs);
      return () => {
        clearInterval(timer);
        this.under?.abort();
      };
    });
  }

  private turn(): void {
    if (!this.path || document.hidden || (this.under && performance.now() - this.begun < 20_000)) return;
    const since = performance.now() - this.begun;
    const heard = live.state !== 'live' || live.beat !== this.beat || this.problem !== null;
    if ((heard && since >= this.options.leastMs) || since >= this.options.mostMs) void this.ask();
  }

  async ask(): Promise<void> {
    const path = this.path;
    if (!path) return;
    this.under?.abort();
    const mine = new AbortController();
    this.under = mine;
    this.begun = performance.now();
    this.beat = live.beat;
    try {
      const answer = (await this.options.read(path, mine.signal)) as T;
      if (this.path !== path || mine.signal.aborted) return;
      this.data = answer;
      this.problem = null;
      this.receivedAt = performance.now();
    } catch (error) {
      if (mine.signal.aborted) return;
      this.problem = error instanceof ProblemError ? error.problem : { status: 0, word: 'page', detail: String(error) };
      if (this.problem.status === 401) void session.ask();
    } finally {
      if (this.under === mine) this.under = null;
    }
  }
}

/// The time of now in a component, by the clock that is never set; it moves on each second.
class Clock {
  now = $state(performance.now());
  constructor() {
    setInterval(() => {
      if (!document.hidden) this.now = performance.now();
    }, 1_000);
    document.addEventListener('visibilitychange', () => (this.now = performance.now()));
  }
}
export const clock = new Clock();
