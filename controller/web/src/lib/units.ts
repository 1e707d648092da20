// Numbers as people read them. Unknown is a dash, never 0.
import { language } from './language.svelte';

export const unknown = '–';
export const precisions = ['fp64', 'fp64_matrix', 'fp32', 'fp32_matrix', 'tf32', 'fp16', 'bf16', 'fp8', 'fp4', 'int8', 'int4'];

type Amount = number | string | null | undefined;

export function number(value: Amount): number | null {
  if (value === null || value === undefined || value === '') return null;
  const plain = Number(value);
  return Number.isFinite(plain) ? plain : null;
}

/// A sum in which what is not known is left out; null where nothing is known.
export function sum(...values: Amount[]): number | null {
  const known = values.map(number).filter((value): value is number => value !== null);
  return known.length ? known.reduce((a, b) => a + b, 0) : null;
}

/// A number with so many digits behind the point at most. What writes it is kept: toLocaleString would make one anew for each number.
const formats = new Map<string, Intl.NumberFormat>();
function written(value: number, digits: number, style: 'decimal' | 'percent' = 'decimal'): string {
  const key = language.tag + style + digits;
  let format = formats.get(key);
  if (!format) formats.set(key, (format = new Intl.NumberFormat(language.tag, { style, maximumFractionDigits: digits })));
  return format.format(value);
}

function threeDigits(value: number): string {
  return written(value, Math.abs(value) >= 99.95 ? 0 : Math.abs(value) >= 9.995 ? 1 : 2);
}

function scaled(value: number, step: number, names: string[]): string {
  let at = 0;
  while (Math.abs(value) >= step * 0.9995 && at + 1 < names.length) {
    value /= step;
    at += 1;
  }
  return `${threeDigits(value)} ${names[at]}`;
}

export function count(value: Amount): string {
  const plain = number(value);
  return plain === null ? unknown : written(plain, 0);
}
/// Peaks come in MFLOP/s or MOP/s.
export function flops(mflops: Amount, precision = ''): string {
  const plain = number(mflops);
  if (plain === null) return unknown;
  const unit = precision.startsWith('int') ? 'OP/s' : 'FLOP/s';
  return scaled(
    plain,
    1000,
    ['M', 'G', 'T', 'P', 'E', 'Z'].map((prefix) => prefix + unit),
  );
}
/// Storage is decimal, memory is binary.
export function storage(bytes: Amount): string {
  const plain = number(bytes);
  return plain === null ? unknown : scaled(plain, 1000, ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB', 'ZB']);
}
export function memory(bytes: Amount): string {
  const plain = number(bytes);
  return plain === null ? unknown : scaled(plain, 1024, ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']);
}
export function bits(kbps: Amount): string {
  const plain = number(kbps);
  return plain === null ? unknown : scaled(plain * 1000, 1000, ['bit/s', 'kbit/s', 'Mbit/s', 'Gbit/s', 'Tbit/s', 'Pbit/s']);
}
export function watts(value: Amount): string {
  const plain = number(value);
  return plain === null ? unknown : scaled(plain, 1000, ['W', 'kW', 'MW', 'GW']);
}
export function percent(share: number | null): string {
  return share === null ? unknown : written(share, share !== 0 && share < 0.1 ? 1 : 0, 'percent');
}
export function permille(value: number | null | undefined): string {
  return value === null || value === undefined ? unknown : percent(value / 1000);
}
export function share(part: number | null, rest: number | null): number | null {
  return part === null || rest === null || part + rest === 0 ? null : part / (part + rest);
}
export function age(ms: Amount): string {
  const plain = number(ms);
  if (plain === null) return unknown;
  const seconds = Math.max(0, plain) / 1000;
  const zh = language.now === 'zh';
  const steps: [number, string, string][] = [
    [86_400, 'd', '天'],
    [3_600, 'h', '小时'],
    [60, 'min', '分'],
    [1, 's', '秒'],
  ];
  for (const [size, en, word] of steps) {
    if (seconds >= size * 2 || size === 1)
      return `${threeDigits(size === 1 && seconds < 10 ? Math.round(seconds * 10) / 10 : Math.floor(seconds / size))} ${zh ? word : en}`;
  }
  return unknown;
}
export function time(text: string | null | undefined): string {
  if (!text) return unknown;
  const at = new Date(text);
  if (Number.isNaN(at.getTime())) return unknown;
  return at.toLocaleString(language.tag, {
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    hour12: false,
  });
}
