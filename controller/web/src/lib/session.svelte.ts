// Who looks. Without a login a loopback address may read; elsewhere the page asks for one.
import { get, type Problem, ProblemError, send, setCsrf } from './api';

interface Session {
  user: string;
  role: 'viewer' | 'operator' | 'admin';
  scope: string | null;
  via: string;
  csrf_token: string | null;
}

class Who {
  state = $state<'asking' | 'known' | 'needed' | 'unreachable'>('asking');
  user = $state<string | null>(null);
  role = $state<'viewer' | 'operator' | 'admin'>('viewer');
  scope = $state<string | null>(null);
  via = $state('nobody');
  expired = $state(false); ///< was known, and is not any more

  async ask(): Promise<void> {
    try {
      this.take(await get<Session>('/v1/session'));
    } catch (error) {
      if (error instanceof ProblemError && error.problem.status === 401) {
        this.expired = this.via === 'session';
        this.via = 'nobody';
        this.user = null;
        this.role = 'viewer';
        setCsrf(null);
        this.state = 'needed';
      } else if (this.state === 'asking') {
        this.state = 'unreachable';
      }
    }
  }

  private take(session: Session): void {
    this.user = session.user;
    this.role = session.role;
    this.scope = session.scope;
    if (this.via === 'session' && session.via !== 'session') this.expired = true;
    if (session.via === 'session') this.expired = false;
    this.via = session.via;
    setCsrf(session.csrf_token);
    this.state = 'known';
  }

  async logIn(user: string, password: string): Promise<Problem | null> {
    try {
      await send('POST', '/v1/login', { user, password });
      await this.ask();
      return this.via === 'session' ? null : { status: 0, word: 'no-cookie', detail: location.origin };
    } catch (error) {
      return error instanceof ProblemError ? error.problem : { status: 0, word: 'unreachable', detail: String(error) };
    }
  }

  async logOut(): Promise<void> {
    try {
      await send('POST', '/v1/logout');
    } finally {
      this.via = 'nobody';
      this.expired = false;
      await this.ask();
    }
  }
}

export const session = new Who();
