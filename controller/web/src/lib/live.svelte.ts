// What happens, as it happens: one event stream for all tabs of this browser through a shared worker, or an own one where there is none.
import { follow, type Heard } from './event-stream';
import workerUrl from './event-worker?worker&url';
import { session } from './session.svelte';

interface Policies {
  createPolicy(name: string, rules: { createScriptURL: (url: string) => string }): { createScriptURL(url: string): unknown };
}

/// The page's policy lets no text become the address of a script, but this one, which the build wrote.
function trusted(url: string): unknown {
  const policies = (globalThis as unknown as { trustedTypes?: Policies }).trustedTypes;
  return policies ? (policy ??= policies.createPolicy('capmap-worker', { createScriptURL: (same) => same })).createScriptURL(url) : url;
}
let policy: ReturnType<Policies['createPolicy']> | null = null;

class Live {
  /// 'live': the stream is open; 'cut': it was, or could not be opened; 'asking': not known yet.
  state = $state<'asking' | 'live' | 'cut'>('asking');
  beat = $state(0); ///< grows with each event
  last = $state<{ kind: string; at: string; text: string } | null>(null);
  private close: (() => void) | null = null;

  /// (Re)opens the stream: who asks, and so what may be told, has changed.
  open(): void {
    this.close?.();
    this.state = 'asking';
    this.close = this.byWorker() ?? this.bySource();
  }

  private hear(heard: Heard): void {
    if (heard.what === 'open') this.state = 'live';
    if (heard.what === 'cut') this.state = 'cut';
    if (heard.what !== 'event') return;
    this.state = 'live';
    this.beat += 1;
    if (heard.kind !== 'map.totals' && heard.kind !== 'snapshot') this.last = { kind: heard.kind, at: heard.at, text: heard.text };
    if (heard.kind === 'end') void session.ask();
  }

  private byWorker(): (() => void) | null {
    if (typeof SharedWorker === 'undefined') return null;
    try {
      const worker = new SharedWorker(trusted(workerUrl) as string, { type: 'module', name: `capmap ${session.user ?? ''}` });
      worker.port.onmessage = (message: MessageEvent<Heard>) => this.hear(message.data);
      worker.port.start();
      const leave = (): void => worker.port.postMessage('leave');
      addEventListener('pagehide', leave);
      return () => {
        removeEventListener('pagehide', leave);
        leave();
        worker.port.close();
      };
    } catch {
      return null;
    }
  }

  private bySource(): () => void {
    const source = new EventSource('/v1/events');
    follow(source, (heard) => this.hear(heard));
    return () => source.close();
  }
}

export const live = new Live();
