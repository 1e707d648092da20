// A shared worker that holds the one event stream of this browser and tells all tabs what it hears.
import { follow, type Heard } from './event-stream';

interface SharedScope {
  onconnect: ((event: MessageEvent) => void) | null;
}

const ports = new Set<MessagePort>();
let source: EventSource | null = null;
let state: Heard = { what: 'cut' };

function tellAll(heard: Heard): void {
  if (heard.what !== 'event') state = heard;
  if (source?.readyState === EventSource.CLOSED) again();
  for (const port of ports) port.postMessage(heard);
}

/// A stream that was refused does not come back by itself.
function again(): void {
  source?.close();
  source = null;
  setTimeout(() => {
    if (ports.size > 0 && !source) begin();
  }, 5_000);
}

function begin(): void {
  source = new EventSource('/v1/events');
  follow(source, tellAll);
}

(globalThis as unknown as SharedScope).onconnect = (event) => {
  const port = event.ports[0];
  if (!port) return;
  ports.add(port);
  port.onmessage = () => {
    ports.delete(port);
    if (ports.size === 0) {
      source?.close();
      source = null;
    }
  };
  port.start();
  if (!source) begin();
  else port.postMessage(state);
};
