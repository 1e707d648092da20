// Colours of amounts: a ramp that is as light as it is high, told apart without seeing hue, stretched to the data's own range.

const stops: [number, number, number][] = [
  [68, 1, 84],
  [70, 50, 127],
  [54, 92, 141],
  [39, 127, 142],
  [31, 161, 135],
  [74, 194, 109],
  [159, 218, 58],
  [253, 231, 37],
];

export function ramp(part: number): [number, number, number] {
  const at = Math.min(1, Math.max(0, part)) * (stops.length - 1);
  const low = stops[Math.floor(at)] as [number, number, number];
  const high = stops[Math.ceil(at)] as [number, number, number];
  const rest = at - Math.floor(at);
  return [0, 1, 2].map((i) => Math.round((low[i] as number) + ((high[i] as number) - (low[i] as number)) * rest)) as [
    number,
    number,
    number,
  ];
}

export function css([red, green, blue]: [number, number, number]): string {
  return `rgb(${red} ${green} ${blue})`;
}

function luminance(colour: [number, number, number]): number {
  const [red, green, blue] = colour.map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/// Black or white, whichever is read better on it.
export function ink(colour: [number, number, number]): string {
  return luminance(colour) > 0.179 ? '#000' : '#fff';
}

export interface Range {
  low: number;
  high: number;
}
export function rangeOf(values: (number | null)[]): Range | null {
  let low = Infinity;
  let high = -Infinity;
  for (const value of values) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return low <= high ? { low, high } : null;
}
/// Where in the range a value lies, 0 to 1; amounts that differ by more than 8 times are looked at by their logarithm.
export function partOf(value: number, range: Range): number {
  if (range.high === range.low) return 0.5;
  if (range.low > 0 && range.high / range.low > 8) return Math.log(value / range.low) / Math.log(range.high / range.low);
  return (value - range.low) / (range.high - range.low);
}
