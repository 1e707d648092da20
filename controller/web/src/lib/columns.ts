// Reads application/vnd.capmap.columns (packaging/doc/columns.md): tens of thousands of rows, column by column.
import { ProblemError } from './api';

interface Told {
  path: string[];
  type: string;
  at: number;
  bytes: number;
  absent?: boolean;
  nulls?: boolean;
}
interface Head {
  version: number;
  rows: number;
  columns: Told[];
  rest: Record<string, unknown>;
}

export const columnsType = 'application/vnd.capmap.columns';
const magic = 'CMCOLS1\n';
const up8 = (bytes: number) => Math.ceil(bytes / 8) * 8;

export class Columns {
  readonly rows: number;
  readonly rest: Record<string, unknown>;
  private readonly head: Head;
  private readonly view: DataView;
  private readonly begin: number;
  private readonly text = new TextDecoder();

  constructor(bytes: ArrayBuffer) {
    this.view = new DataView(bytes);
    const name = this.text.decode(bytes.slice(0, 8));
    const length = bytes.byteLength >= 12 ? this.view.getUint32(8, true) : 0;
    if (name !== magic || 12 + length > bytes.byteLength) throw new ProblemError({ status: 0, word: 'cut-short', detail: 'columns' });
    this.head = JSON.parse(this.text.decode(bytes.slice(12, 12 + length))) as Head;
    this.begin = 12 + length;
    this.rows = this.head.rows;
    this.rest = this.head.rest;
  }

  /// The values of a column; null where there is none. Sums are numbers here, as they are only drawn.
  numbers(...path: string[]): (number | null)[] {
    return this.read(path, (type, at) => this.numberReader(type, at));
  }
  texts(...path: string[]): (string | null)[] {
    return this.read(path, (type, at) => this.textReader(type, at));
  }

  private read<T>(path: string[], reader: (type: string, at: number) => ((row: number) => T) | null): (T | null)[] {
    const column = this.head.columns.find((each) => each.path.length === path.length && each.path.every((name, at) => name === path[at]));
    const out = new Array<T | null>(this.rows).fill(null);
    if (!column) return out;
    const map = up8(Math.ceil(this.rows / 8));
    let at = this.begin + column.at;
    const maps: number[] = [];
    for (const one of [column.absent, column.nulls]) {
      if (!one) continue;
      maps.push(at);
      at += map;
    }
    const has = (row: number) => maps.every((begin) => (this.view.getUint8(begin + (row >> 3)) >> (row & 7)) & 1);
    const value = reader(column.type, at);
    if (value) for (let row = 0; row < this.rows; row += 1) if (has(row)) out[row] = value(row);
    return out;
  }

  private unsigned(bits: number, at: number): ((row: number) => number) | null {
    if (bits === 8) return (row) => this.view.getUint8(at + row);
    if (bits === 16) return (row) => this.view.getUint16(at + 2 * row, true);
    if (bits === 32) return (row) => this.view.getUint32(at + 4 * row, true);
    return bits === 64 ? (row) => Number(this.view.getBigUint64(at + 8 * row, true)) : null;
  }

  private numberReader(type: string, at: number): ((row: number) => number) | null {
    if (type === 'f64') return (row) => this.view.getFloat64(at + 8 * row, true);
    if (type === 'i64') return (row) => Number(this.view.getBigInt64(at + 8 * row, true));
    const plain = /^[ud](8|16|32|64)$/.exec(type);
    if (plain) return this.unsigned(Number(plain[1]), at);
    const text = this.textReader(type, at);
    return text ? (row) => Number(text(row)) : null;
  }

  private strings(count: number, at: number): (which: number) => string {
    const texts = at + 4 * (count + 1);
    return (which) => {
      const from = this.view.getUint32(at + 4 * which, true);
      const to = this.view.getUint32(at + 4 * which + 4, true);
      return this.text.decode(new Uint8Array(this.view.buffer, texts + from, to - from));
    };
  }

  private textReader(type: string, at: number): ((row: number) => string) | null {
    if (type === 'text' || type === 'json') return this.strings(this.rows, at);
    const words = /^words(8|16|32)$/.exec(type);
    if (!words) return null;
    const count = this.view.getUint32(at, true);
    const word = this.strings(count, at + 4);
    const all = Array.from({ length: count }, (_, which) => word(which));
    const end = this.view.getUint32(at + 4 + 4 * count, true);
    const which = this.unsigned(Number(words[1]), at + up8(4 + 4 * (count + 1) + end));
    return which ? (row) => all[which(row)] ?? '' : null;
  }
}
