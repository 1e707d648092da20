// One change at a time, and what came of it.
import { type Problem, ProblemError } from './api';

export class Deed {
  busy = $state(false);
  problem = $state.raw<Problem | null>(null);
  done = $state('');

  async run(carryOut: () => Promise<string>): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    this.problem = null;
    this.done = '';
    try {
      this.done = await carryOut();
    } catch (error) {
      this.problem = error instanceof ProblemError ? error.problem : { status: 0, word: 'page', detail: String(error) };
    } finally {
      this.busy = false;
    }
  }
}
