// An outline that an operator may show: a GeoJSON file of their own, held by this page alone, and only together with its approval number.
import type { Word } from '../words/en';

const mostBytes = 5_000_000;
/// A line as longitude, latitude, longitude, latitude …
type Line = number[];

/// What is wrong with a file, in words that t() takes.
export class OutlineError extends Error {
  readonly word: Word;
  readonly value: string | number;
  constructor(word: Word, value: string | number = '') {
    super(word);
    this.word = word;
    this.value = value;
  }
}

class Outline {
  lines = $state.raw<Line[] | null>(null);
  approval = $state('');
  name = $state('');
  features = $state(0);

  async take(file: File, approval: string): Promise<void> {
    if (file.size > mostBytes) throw new OutlineError('outline_large', `${(file.size / 1e6).toFixed(1)} MB`);
    const { lines, features } = readOutline(await file.text());
    this.approval = approval;
    this.name = file.name;
    this.features = features;
    this.lines = lines;
  }
  remove(): void {
    this.lines = null;
    this.approval = '';
  }
}
export const outline = new Outline();

/// Numbers of approved maps: GS(2024)0650号, GS京(2022)1061号, 京S(2023)021号.
export function isApproval(text: string): boolean {
  return /^\p{Script=Han}{0,2}G?S\p{Script=Han}{0,2}\s*[（(〔[]\d{4}[）)〕\]]\s*\d+\s*号?$/iu.test(text);
}

interface Feature {
  geometry?: { type?: string; coordinates?: unknown } | null;
  properties?: Record<string, unknown> | null;
}

export function readOutline(text: string): { lines: Line[]; features: number } {
  let file: { type?: unknown; features?: unknown; crs?: { properties?: { name?: unknown } } } | null;
  try {
    file = JSON.parse(text) as typeof file;
  } catch {
    file = null;
  }
  if (file?.type !== 'FeatureCollection' || !Array.isArray(file.features)) throw new OutlineError('outline_json');
  const crs = file.crs?.properties?.name;
  if (crs !== undefined && !/(CRS84|4326)$/.test(String(crs))) throw new OutlineError('outline_crs', String(crs).slice(0, 80));
  const lines: Line[] = [];
  (file.features as (Feature | null)[]).forEach((feature, at) => {
    const code = feature?.properties?.code ?? feature?.properties?.adcode;
    if (!/^\d{2}(\d{2}){0,2}\b/.test(String(code ?? '').replace('_', ' '))) throw new OutlineError('outline_code', at + 1);
    lines.push(...linesOf(feature, at + 1));
  });
  return { lines, features: file.features.length };
}

/// How many lists lie around the lines of each kind.
const depths = new Map([
  ['LineString', 0],
  ['MultiLineString', 1],
  ['Polygon', 1],
  ['MultiPolygon', 2],
]);

function linesOf(feature: Feature | null, number: number): Line[] {
  const { type, coordinates } = feature?.geometry ?? {};
  const deep = depths.get(type ?? '');
  if (deep === undefined || !Array.isArray(coordinates)) throw new OutlineError('outline_kind', number);
  const all = (deep === 0 ? [coordinates] : (coordinates as unknown[]).flat(deep - 1)) as unknown[];
  return all.map((positions) => {
    const line: Line = [];
    for (const position of Array.isArray(positions) ? (positions as unknown[]) : [null]) {
      const [longitude, latitude] = Array.isArray(position) ? (position as unknown[]) : [];
      const fits = typeof longitude === 'number' && typeof latitude === 'number' && Math.abs(longitude) <= 180 && Math.abs(latitude) <= 90;
      if (!fits) throw new OutlineError('outline_degrees', number);
      line.push(longitude, latitude);
    }
    const closed = line.length >= 8 && line[0] === line.at(-2) && line[1] === line.at(-1);
    if (type?.endsWith('Polygon') && !closed) throw new OutlineError('outline_open', number);
    return line;
  });
}

/// On the plane of the places. Between two positions a line is straight in degrees (RFC 7946), so long ones bend: a point each degree.
export function pathOf(lines: Line[], project: (latitude: number, longitude: number) => [number, number]): Path2D {
  const path = new Path2D();
  for (const line of lines) {
    let [x, y] = [line[0] as number, line[1] as number];
    path.moveTo(...project(y, x));
    for (let at = 2; at < line.length; at += 2) {
      const [toX, toY] = [line[at] as number, line[at + 1] as number];
      const parts = Math.max(1, Math.ceil(Math.max(Math.abs(toX - x), Math.abs(toY - y))));
      for (let part = 1; part <= parts; part += 1) path.lineTo(...project(y + ((toY - y) * part) / parts, x + ((toX - x) * part) / parts));
      [x, y] = [toX, toY];
    }
  }
  return path;
}
