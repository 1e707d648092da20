// Places on a plane: an equal-area cone through the data's own middle, so that a dense part looks as dense as it is. No borders are drawn.

const radians = Math.PI / 180;

/// Projects degrees to a plane, x to the east and y to the south, in radians of the sphere; laid over these places.
export function coneOver(latitudes: Float64Array, longitudes: Float64Array): (latitude: number, longitude: number) => [number, number] {
  const [south, north] = extent(latitudes);
  const [west, east] = extent(longitudes);
  const step = (north - south) / 6;
  const [low, high, middle] = [(south + step) * radians, (north - step) * radians, ((south + north) / 2) * radians];
  const meridian = ((west + east) / 2) * radians;
  // A cone needs parallels that do not cancel out; about the equator it becomes a cylinder.
  const mean = (Math.sin(low) + Math.sin(high)) / 2;
  const n = Math.abs(mean) < 0.05 ? (mean < 0 ? -0.05 : 0.05) : mean;
  const c = Math.cos(low) ** 2 + 2 * n * Math.sin(low);
  const rho = (latitude: number) => Math.sqrt(Math.max(0, c - 2 * n * Math.sin(latitude))) / n;
  const origin = rho(middle);
  return (latitude, longitude) => {
    const r = rho(latitude * radians);
    const theta = n * (longitude * radians - meridian);
    return [r * Math.sin(theta), r * Math.cos(theta) - origin];
  };
}

type Project = ReturnType<typeof coneOver>;
export function cone(latitudes: Float64Array, longitudes: Float64Array): { x: Float32Array; y: Float32Array; project: Project } {
  const project = coneOver(latitudes, longitudes);
  const x = new Float32Array(latitudes.length);
  const y = new Float32Array(latitudes.length);
  for (let at = 0; at < latitudes.length; at += 1) [x[at], y[at]] = project(latitudes[at] as number, longitudes[at] as number);
  return { x, y, project };
}

export function extent(values: Float64Array | Float32Array): [number, number] {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return low <= high ? [low, high] : [0, 0];
}

export interface Hexagon {
  x: number;
  y: number;
  sites: number;
  sum: number;
  known: number;
}

/// Points put into hexagons of a radius, in pixels.
export function hexagons(x: Float32Array, y: Float32Array, values: Float32Array, radius: number): Hexagon[] {
  const [dx, dy] = [radius * Math.sqrt(3), radius * 1.5];
  const bins = new Map<string, Hexagon>();
  for (let at = 0; at < x.length; at += 1) {
    const [px, py] = [(x[at] as number) / dx, (y[at] as number) / dy];
    let row = Math.round(py);
    let column = Math.round(px - (row & 1) / 2);
    const off = py - row;
    if (Math.abs(off) * 3 > 1) {
      const side = px - (row & 1) / 2 - column;
      const [row2, column2] = [row + (off < 0 ? -1 : 1), column + (side < 0 ? -1 : 1) / 2];
      const off2 = py - row2;
      const side2 = px - (row & 1) / 2 - column2;
      if (side * side + off * off > side2 * side2 + off2 * off2) {
        column = column2 + (row & 1 ? 1 : -1) / 2;
        row = row2;
      }
    }
    const key = `${column} ${row}`;
    let bin = bins.get(key);
    if (!bin) bins.set(key, (bin = { x: (column + (row & 1) / 2) * dx, y: row * dy, sites: 0, sum: 0, known: 0 }));
    bin.sites += 1;
    const value = values[at] as number;
    if (!Number.isNaN(value)) {
      bin.sum += value;
      bin.known += 1;
    }
  }
  return [...bins.values()];
}
