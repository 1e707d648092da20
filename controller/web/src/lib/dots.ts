// Thousands of squares of few colours, pixel by pixel: without a GPU one image costs a browser far less than as many rectangles.

/// Where a place is on the canvas, in its pixels: x * scale + offX.
export interface Fit {
  scale: number;
  offX: number;
  offY: number;
}

export class Dots {
  #image: ImageData | null = null;

  /// In place of all that was on the canvas. `rows`: those of each colour; `side`: of a square, in pixels.
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
    if (this.#image?.width !== width || this.#image.height !== height) this.#image = new ImageData(width, height);
    const pixels = new Uint32Array(this.#image.data.buffer);
    pixels.fill(0);
    rows.forEach((those, at) => {
      const [red, green, blue] = colours[at] as [number, number, number];
      const colour = (255 << 24) | (blue << 16) | (green << 8) | red;
      for (const row of those) {
        const left = Math.round((x[row] as number) * fit.scale + fit.offX - side / 2);
        const top = Math.round((y[row] as number) * fit.scale + fit.offY - side / 2);
        const right = Math.min(width, left + side);
        const bottom = Math.min(height, top + side);
        for (let line = Math.max(0, top); line < bottom; line += 1) {
          for (let column = Math.max(0, left); column < right; column += 1) pixels[line * width + column] = colour;
        }
      }
    });
    context.putImageData(this.#image, 0, 0);
  }
}
