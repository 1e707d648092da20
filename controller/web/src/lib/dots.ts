// Thousands of squares of few colours, pixel by pixel: without a GPU one image costs a browser far less than as many rectangles.

/// Where a place is on the canvas, in its pixels: x * scale + offX.
export interface Fit {
  scale: number;
  offX: number;
  offY: number;
}

export class Dots {
  #image: ImageData | null = null;
  #pixels = new Uint32Array();
  // Places one behind the other as they are put on, colour by colour: read in order, frame after frame.
  #of: number[][] | null = null;
  #x = new Float32Array();
  #y = new Float32Array();

  /// In place of all that was on the canvas. `rows`: those of each colour, another list when they or their places change; `side`: of a
  /// square, in pixels.
  put(
    context: CanvasRenderingContext2D,
    colours: [number, number, number][],
    rows: number[][],
    x: Float32Array,
    y: Float32Array,
    fit: Fit,
    side: number,
  ): void {
    const { width, height } = context.canvas;
    if (this.#image?.width !== width || this.#image.height !== height) {
      this.#image = new ImageData(width, height);
      this.#pixels = new Uint32Array(this.#image.data.buffer);
    }
    if (this.#of !== rows) {
      const all = rows.flat();
      this.#x = Float32Array.from(all, (row) => x[row] as number);
      this.#y = Float32Array.from(all, (row) => y[row] as number);
      this.#of = rows;
    }
    this.#pixels.fill(0);
    let from = 0;
    rows.forEach((those, at) => {
      const [red, green, blue] = colours[at] as [number, number, number];
      this.#paint(from, from + those.length, (255 << 24) | (blue << 16) | (green << 8) | red, width, height, fit, side);
      from += those.length;
    });
    context.putImageData(this.#image, 0, 0);
  }

  #paint(from: number, to: number, colour: number, width: number, height: number, fit: Fit, side: number): void {
    const [pixels, xs, ys, scale] = [this.#pixels, this.#x, this.#y, fit.scale];
    const [offX, offY] = [fit.offX + (1 - side) / 2, fit.offY + (1 - side) / 2];
    const [mostX, mostY] = [width - side, height - side];
    for (let row = from; row < to; row += 1) {
      const left = Math.floor((xs[row] as number) * scale + offX);
      const top = Math.floor((ys[row] as number) * scale + offY);
      if (left >= 0 && top >= 0 && left <= mostX && top <= mostY) {
        for (let at = top * width + left, end = at + side * width; at < end; at += width) {
          for (let column = 0; column < side; column += 1) pixels[at + column] = colour;
        }
        continue;
      }
      const [right, bottom] = [Math.min(width, left + side), Math.min(height, top + side)];
      for (let line = Math.max(0, top); line < bottom; line += 1) {
        for (let column = Math.max(0, left); column < right; column += 1) pixels[line * width + column] = colour;
      }
    }
  }
}
