// What an event stream of the API says, in short.

export type Heard = { what: 'open' } | { what: 'cut' } | { what: 'event'; kind: string; at: string; text: string };

/// Tells what an event stream says; kinds it does not know are passed on too.
export function follow(source: EventSource, tell: (heard: Heard) => void): void {
  const kinds = [
    'snapshot',
    'resync',
    'end',
    'map.totals',
    'node.joined',
    'node.left',
    'node.moved',
    'node.changed',
    'node.service',
    'node.verdict',
    'node.stale',
    'node.lost',
    'node.back',
    'nodes.many',
    'clone.found',
    'clone.settled',
    'double.found',
    'double.settled',
    'double.gone',
    'site.added',
    'site.changed',
    'pool.added',
    'pool.changed',
    'alert.firing',
    'alert.resolved',
  ];
  source.onopen = () => tell({ what: 'open' });
  source.onerror = () => tell({ what: 'cut' });
  for (const kind of kinds) {
    source.addEventListener(kind, (event: MessageEvent<string>) => {
      const named = short(event.data);
      tell({ what: 'event', kind, at: named.at, text: named.text });
    });
  }
}

function short(data: string): { at: string; text: string } {
  try {
    const body = JSON.parse(data) as {
      at?: string;
      node?: { hostname?: string } | string;
      site?: { name?: string } | string;
      name?: string;
      why?: string;
    };
    const node = typeof body.node === 'object' ? body.node?.hostname : body.node;
    const site = typeof body.site === 'object' ? body.site?.name : body.site;
    return { at: body.at ?? '', text: [node ?? body.name, site, body.why].filter(Boolean).join(' · ') };
  } catch {
    return { at: '', text: '' };
  }
}
