// A demand for capacity: the parameters of GET /v1/find, the sentence that says them, and such a sentence read back. Each phrase of the
// sentence is a text of words/, so that it is read by the same text that it is written by, in either language.
import { en, type Word } from '../words/en';
import { zh } from '../words/zh';
import { precisions } from './units';

/// By parameter; what is not asked for is absent. Values are texts as they stand in the address, also wrong ones.
export type Demand = Record<string, string>;
export type Names = [code: string, en: string, zh: string][]; ///< of divisions

export const kinds = ['gpu', 'npu', 'fpga', 'other'];
export const ownerClasses = ['government', 'state-owned', 'private', 'foreign-or-joint', 'university-or-research'];
export const computeClasses = ['general', 'intelligent', 'super', 'edge'];
export const togethers = ['site', 'pool', 'spread'];
export const levels = ['0', '1', '2', '3', '4', '5'];

interface Phrase {
  word: Word;
  field: string;
  as?: 'rate' | 'region' | string[]; ///< how a value is written: as it is, unless told here; a list: words of the API
  sets?: Demand; ///< holds where this phrase stands
}
const phrases: Phrase[] = [
  { word: 'says_nodes_pool', field: 'nodes', sets: { together: 'pool' } },
  { word: 'says_nodes_spread', field: 'nodes', sets: { together: 'spread' } },
  { word: 'says_nodes_site', field: 'nodes', sets: { together: 'site' } },
  { word: 'says_accelerators', field: 'accelerators' },
  { word: 'says_model', field: 'model' },
  { word: 'says_vendor', field: 'vendor' },
  { word: 'says_kind', field: 'kind', as: kinds },
  { word: 'says_device_memory', field: 'device_memory_gib' },
  { word: 'says_precision', field: 'precision', as: precisions },
  { word: 'says_device_rate', field: 'device_rate_mflops', as: 'rate' },
  { word: 'says_rate', field: 'rate_mflops', as: 'rate' },
  { word: 'says_cores', field: 'cores' },
  { word: 'says_memory', field: 'memory_gib' },
  { word: 'says_rdma', field: 'rdma', sets: { rdma: 'true' } },
  { word: 'says_at_site', field: 'site' },
  { word: 'says_region', field: 'region', as: 'region' },
  { word: 'says_owner', field: 'owner' },
  { word: 'says_owner_class', field: 'owner_class', as: ownerClasses },
  { word: 'says_compute_class', field: 'compute_class', as: computeClasses },
  { word: 'says_level', field: 'security_level' },
  { word: 'says_public', field: 'public_compute', sets: { public_compute: 'true' } },
  { word: 'says_filter', field: 'filter' },
];
export const fields = [...new Set([...phrases.map((phrase) => phrase.field), 'together'])];
const ofDevices = ['accelerators', 'model', 'vendor', 'kind', 'device_memory_gib', 'precision'];

/// What the API takes where nothing is said.
const unsaid: Demand = { nodes: '1', together: 'site', rdma: 'false', public_compute: 'false' };

/// What of the address is a demand.
export function demandOf(params: Record<string, string>): Demand {
  const out: Demand = {};
  for (const field of fields) {
    const value = params[field]?.trim();
    if (value && value !== unsaid[field]) out[field] = value;
  }
  return out;
}

/// Rates are typed in 10^12 a second; a text that is no number stays, and the API says what is wrong with it.
export function fromTera(text: string): string {
  const plain = Number(text);
  return text.trim() === '' || !Number.isFinite(plain) ? text.trim() : String(Math.round(plain * 1e6));
}
export function toTera(mflops: string | undefined): string {
  const plain = Number(mflops);
  return !mflops || !Number.isFinite(plain) ? (mflops ?? '') : String(plain / 1e6);
}

const words = { en, zh } as const;
type Tongue = keyof typeof words;
const wordOf = (tongue: Tongue, word: string): string => words[tongue][`api_${word.replace(/[-.]/g, '_')}` as Word] ?? word;

function write(phrase: Phrase, value: string, demand: Demand, tongue: Tongue, names: Names): string {
  if (phrase.as === 'rate') return `${toTera(value)} ${demand.precision?.startsWith('int') ? 'TOP/s' : 'TFLOP/s'}`;
  if (phrase.as === 'region') return names.find(([code]) => code === value)?.[tongue === 'zh' ? 2 : 1] ?? value;
  return Array.isArray(phrase.as) ? wordOf(tongue, value) : value;
}

/// In English a letter in brackets stands where there are several: "node[s]".
const plural = (template: string, value: string) => template.replace(/\[(\w+)\]/g, value === '1' ? '' : '$1');

/// The demand in words.
export function sentence(demand: Demand, tongue: Tongue, names: Names): string {
  const said: string[] = [];
  for (const phrase of phrases) {
    const value = demand[phrase.field] ?? (phrase.field === 'nodes' ? '1' : undefined);
    const holds = Object.entries({ ...phrase.sets }).every(([field, word]) => word === (demand[field] ?? unsaid[field]));
    if (value === undefined || !holds) continue;
    said.push(plural(words[tongue][phrase.word], value).replace('{0}', () => write(phrase, value, demand, tongue, names)));
  }
  if (!demand.accelerators && ofDevices.some((field) => demand[field])) said.splice(1, 0, words[tongue].says_any);
  return tongue === 'zh' ? `${said.join('，')}。` : `${said.join(', ')}.`;
}

function read(phrase: Phrase, text: string, names: Names): string | null {
  if (phrase.as === 'rate') {
    const found = /^([\d.]+)\s*([GTPE])(?:FL)?OPS?(?:\/s)?$/i.exec(text);
    const scale = { G: 1e-3, T: 1, P: 1e3, E: 1e6 }[found?.[2]?.toUpperCase() ?? 'T'] ?? 1;
    return found ? fromTera(String(Number(found[1]) * scale)) : null;
  }
  const low = text.toLowerCase();
  if (phrase.as === 'region') {
    if (/^\d+$/.test(text)) return text;
    return names.find(([, english, chinese]) => english.toLowerCase() === low || chinese === text)?.[0] ?? null;
  }
  if (!Array.isArray(phrase.as)) return text;
  return phrase.as.find((word) => [word, wordOf('en', word), wordOf('zh', word)].some((each) => each.toLowerCase() === low)) ?? null;
}

/// A pattern of a template, which does not mind how much space stands where, nor which quotes.
function pattern(template: string): RegExp {
  const plain = template
    .replace(/[.*+?^$()|\\]/g, '\\$&')
    .replace(/\[(\w+)\]/g, '(?:$1)?')
    .replace(/\{0\}/, '(.+?)')
    .replace(/[“”]/g, '[“”"]')
    .replace(/\s+/g, '\\s*');
  return new RegExp(`^${plain}$`, 'i');
}
const patterns = (['en', 'zh'] as const).flatMap((tongue) =>
  phrases.map((phrase) => ({ phrase, is: pattern(words[tongue][phrase.word]) })),
);
const nothing = (['en', 'zh'] as const).map((tongue) => pattern(words[tongue].says_any));

/// The phrases of a sentence: commas and full stops part them, but not inside “ ”.
function parts(text: string): string[] {
  const out = [''];
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] as string;
    if (character === '“') quoted = true;
    if (character === '”') quoted = false;
    const ends = /[,，;；。\n]/.test(character) || (character === '.' && !/\S/.test(text[at + 1] ?? ' '));
    if (!quoted && ends) out.push('');
    else out[out.length - 1] += character;
  }
  return out.map((part) => part.trim().replace(/^(and\s+|且|并)/i, '')).filter(Boolean);
}

/// What a sentence asks for, and the phrases that none of ours says.
export function hear(text: string, names: Names): { demand: Demand; unread: string[] } {
  const demand: Demand = {};
  const unread: string[] = [];
  for (const part of parts(text)) {
    if (nothing.some((is) => is.test(part))) continue;
    const found = patterns.some(({ phrase, is }) => {
      const match = is.exec(part);
      const value = match ? (match[1] === undefined ? '' : read(phrase, match[1].trim(), names)) : null;
      if (value === null) return false;
      if (value) demand[phrase.field] = value;
      Object.assign(demand, phrase.sets);
      return true;
    });
    if (!found) unread.push(part);
  }
  return { demand: demandOf(demand), unread };
}
