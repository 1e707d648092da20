// Tables as files. A text that a spreadsheet would take for a formula gets a quote in front.
import { count } from './units';

export interface Column<Row> {
  key: string;
  title: string;
  value: (row: Row) => string | number | null | undefined; ///< what is sorted by and exported
  text?: (row: Row) => string; ///< as shown, where that differs
  href?: (row: Row) => string | null;
  numeric?: boolean;
  long?: boolean; ///< may break into lines
}

/// A column of whole numbers.
export function counts<Row>(key: string, title: string, value: (row: Row) => number | null | undefined): Column<Row> {
  return { key, title, value, text: (row) => count(value(row)), numeric: true };
}

function cell(value: string | number | null | undefined): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r\n＝＋－＠]/.test(value) && !/^-?\d+(\.\d+)?$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replace(/"/g, '""')}"` : safe;
}

export function titles<Row>(columns: Column<Row>[]): string {
  return `${columns.map((column) => cell(column.title)).join(',')}\r\n`;
}
export function lines<Row>(columns: Column<Row>[], rows: Row[]): string {
  return rows.map((row) => `${columns.map((column) => cell(column.value(row))).join(',')}\r\n`).join('');
}

export function save(name: string, type: string, parts: string[]): void {
  const url = URL.createObjectURL(new Blob(parts, { type }));
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
