// Where one is: all that a view shows follows from the address, so that a link to it is a saved view.

function read(): { path: string[]; params: Record<string, string> } {
  const text = location.hash.replace(/^#\/?/, '');
  const at = text.indexOf('?');
  const path = (at < 0 ? text : text.slice(0, at)).split('/').filter(Boolean).map(decode);
  const params = Object.fromEntries(new URLSearchParams(at < 0 ? '' : text.slice(at + 1)));
  return { path, params };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

class Address {
  path = $state.raw<string[]>([]);
  params = $state.raw<Record<string, string>>({});
  constructor() {
    this.take();
    addEventListener('hashchange', () => this.take());
  }
  take(): void {
    const now = read();
    this.path = now.path;
    this.params = now.params;
  }
  get view(): string {
    return this.path[0] ?? 'map';
  }
}

export const address = new Address();

type Params = Record<string, string | number | null | undefined>;

/// The address of a view; what is empty is left out.
export function href(path: string[], params: Params = {}): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== null && value !== undefined && value !== '') query.set(name, String(value));
  }
  const text = query.toString();
  return `#/${path.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

/// The address of this view with some parameters changed.
export function here(changes: Params): string {
  return href(address.path.length ? address.path : ['map'], { ...address.params, ...changes });
}

/// Goes to this view with some parameters changed; with `quietly` the way back does not lead through each step.
export function change(changes: Params, quietly = false): void {
  if (!quietly) {
    location.hash = here(changes);
    return;
  }
  history.replaceState(null, '', here(changes));
  address.take();
}
