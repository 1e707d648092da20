// What of a group a view shows: an amount, a share that colours it, and how both are written.
import type { Group, Rates } from './answers';
import { age, count, flops, memory, number, percent, share, storage, sum } from './units';

export type Metric = 'installed' | 'available' | 'used' | 'free' | 'problems' | 'age';
export type Resource = 'accelerators' | 'cores' | 'memory' | 'storage';
export const metrics: Metric[] = ['installed', 'available', 'used', 'free', 'problems', 'age'];
export const resources: Resource[] = ['accelerators', 'cores', 'memory', 'storage'];

export interface Shown {
  amount: number | null; ///< what rows are ordered by
  text: string;
  share: number | null;
  shareText: string;
  colour: number | null; ///< what the ramp is laid over
}

export function asMetric(text: string | undefined): Metric {
  return metrics.includes(text as Metric) ? (text as Metric) : 'installed';
}
export function asResource(text: string | undefined): Resource {
  return resources.includes(text as Resource) ? (text as Resource) : 'accelerators';
}

/// The parts of /v1/map that a metric needs.
export function measureOf(metric: Metric, resource: Resource, precision: string): string {
  const use = { accelerators: 'accelerator_use', cores: 'cpu_use', memory: 'memory_use', storage: 'storage_use' }[resource];
  return [
    'nodes',
    'age',
    'accelerators',
    ...(metric === 'used' || metric === 'free' ? [use] : []),
    'unrated',
    'health',
    `peak_${precision}`,
  ].join(',');
}

export function peakOf(rates: { cpu: Rates; accelerators: Rates } | undefined, precision: string): number | null {
  return rates ? sum(rates.cpu[`${precision}_mflops`], rates.accelerators[`${precision}_mflops`]) : null;
}

export function useOf(
  group: Group,
  resource: Resource,
): { used: number | null; free: number | null; write: (value: number | null) => string } {
  if (resource === 'accelerators') return { used: number(group.accelerators?.used), free: number(group.accelerators?.free), write: count };
  if (resource === 'memory') return { used: number(group.memory?.used_bytes), free: number(group.memory?.free_bytes), write: memory };
  if (resource === 'storage') return { used: number(group.storage?.used_bytes), free: number(group.storage?.free_bytes), write: storage };
  const whole = (millicores: number | null | undefined) => (number(millicores) === null ? null : (millicores as number) / 1000);
  return { used: whole(group.cpu?.busy_millicores), free: whole(group.cpu?.free_millicores), write: count };
}

export function shownOf(group: Group, metric: Metric, resource: Resource, precision: string): Shown {
  const write = (value: number | null) => flops(value, precision);
  if (metric === 'installed' || metric === 'available') {
    const installed = peakOf(group.peak, precision);
    const available = peakOf(group.peak?.available, precision);
    const part = installed && available !== null ? available / installed : null;
    const amount = metric === 'installed' ? installed : available;
    return { amount, text: write(amount), share: part, shareText: percent(part), colour: amount };
  }
  if (metric === 'used' || metric === 'free') {
    const use = useOf(group, resource);
    const amount = metric === 'used' ? use.used : use.free;
    const part = share(amount, metric === 'used' ? use.free : use.used);
    return { amount, text: use.write(amount), share: part, shareText: percent(part), colour: part };
  }
  if (metric === 'problems') {
    const nodes = group.nodes;
    const amount = nodes ? nodes.installed - nodes.fresh : null;
    const part = amount !== null && nodes?.installed ? amount / nodes.installed : null;
    return { amount, text: count(amount), share: part, shareText: percent(part), colour: part };
  }
  const mean = number(group.age_ms?.mean);
  return { amount: mean, text: age(mean), share: null, shareText: '', colour: mean };
}
