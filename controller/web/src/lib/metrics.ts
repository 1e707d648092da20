// The text format of /metrics, as far as the controller writes it.

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export function readMetrics(text: string): { samples: Sample[]; help: Map<string, string> } {
  const samples: Sample[] = [];
  const help = new Map<string, string>();
  for (const line of text.split('\n')) {
    const told = /^# HELP (\S+) (.*)$/.exec(line);
    if (told) help.set(told[1] as string, told[2] as string);
    const found = /^([a-z_][a-z0-9_]*)(?:\{(.*)\})? (\S+)$/i.exec(line);
    if (!found) continue;
    const labels: Record<string, string> = {};
    for (const [, name, value] of (found[2] ?? '').matchAll(/([a-z_]+)="((?:[^"\\]|\\.)*)"/gi)) {
      labels[name as string] = (value as string).replace(/\\(.)/g, (_, c: string) => (c === 'n' ? '\n' : c));
    }
    samples.push({ name: found[1] as string, labels, value: Number(found[3]) });
  }
  return { samples, help };
}
