// Trunk links on the canvas: as wide as what is declared of them, with that written beside the line where there is room.
import { bits } from './units';

export interface Link {
  name: string;
  from: string | null; ///< names of sites
  to: string | null;
  gbps: number | null;
  km: number | null;
  ms: number | null;
}
/// A link and where its ends stand, as rows of the places.
export interface Laid {
  link: Link;
  from: number;
  to: number;
  text: string; ///< its amount, written once: not in each frame
}

/// Those whose ends both have a place, the widest first.
export function lay(links: Link[], names: string[]): Laid[] {
  const where = new Map(names.map((name, at) => [name, at]));
  const out: Laid[] = [];
  for (const link of links) {
    const [from, to] = [where.get(link.from ?? ''), where.get(link.to ?? '')];
    if (from !== undefined && to !== undefined) out.push({ link, from, to, text: gigabits(link.gbps) });
  }
  return out.sort((a, b) => (b.link.gbps ?? 0) - (a.link.gbps ?? 0));
}

export const gigabits = (value: number | null): string => bits(value === null ? null : value * 1e6);
const widthOf = (gbps: number | null) => Math.min(7, 0.5 + 1.2 * Math.log10((gbps ?? 1) + 1));
/// Where the place of a row is on the canvas; `unit` is how much larger than on a desk all is drawn.
type Spot = (row: number) => [number, number];

export function drawLines(context: CanvasRenderingContext2D, laid: Laid[], spot: Spot, ink: string, unit: number): void {
  context.save();
  context.strokeStyle = ink;
  context.globalAlpha = 0.4;
  for (const { link, from, to } of laid) {
    context.lineWidth = widthOf(link.gbps) * unit;
    context.setLineDash(link.gbps === null ? [4, 4] : []);
    context.beginPath();
    context.moveTo(...spot(from));
    context.lineTo(...spot(to));
    context.stroke();
  }
  context.restore();
}

/// A text with a rim, which can be read over anything.
export function drawText(context: CanvasRenderingContext2D, text: string, x: number, y: number, ink: string, rim: string): void {
  context.lineWidth = 4;
  context.lineJoin = 'round';
  context.strokeStyle = rim;
  context.strokeText(text, x, y);
  context.fillStyle = ink;
  context.fillText(text, x, y);
}

/// Amounts at the middle of the lines, the widest first, none over another.
export function drawAmounts(context: CanvasRenderingContext2D, laid: Laid[], spot: Spot, ink: string, rim: string, unit: number): void {
  const { canvas } = context;
  const taken: [number, number, number][] = [];
  context.save();
  context.font = `${12 * unit}px system-ui, sans-serif`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  for (const { link, from, to, text } of laid.slice(0, 500)) {
    if (link.gbps === null) continue;
    const [[ax, ay], [bx, by]] = [spot(from), spot(to)];
    const [x, y] = [(ax + bx) / 2, (ay + by) / 2];
    if (x < 0 || y < 0 || x > canvas.width || y > canvas.height || Math.hypot(ax - bx, ay - by) < 60 * unit) continue;
    const half = context.measureText(text).width / 2 + 3;
    if (taken.some(([tx, ty, wide]) => Math.abs(tx - x) < wide + half && Math.abs(ty - y) < 16 * unit)) continue;
    taken.push([x, y, half]);
    drawText(context, text, x, y, ink, rim);
  }
  context.restore();
}
