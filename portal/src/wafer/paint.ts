/** Die grid -> pixels: one a cell, drawn enlarged and unsmoothed, with the dies' outlines once they are large enough. */

import { FAIL, NO_DIE, type DieGrid } from "./grid";
import type { Transform } from "./view";

export type Colour = readonly [number, number, number];

export interface Palette {
  readonly pass: Colour;
  readonly fail: Colour;
  readonly line: string;
}

/** Pass recedes, fail stands out; blue against orange is told apart by every kind of colour vision. */
export const PALETTES: Record<"light" | "dark", Palette> = {
  light: { pass: [188, 208, 229], fail: [196, 52, 12], line: "rgb(255 255 255 / 70%)" },
  dark: { pass: [52, 79, 110], fail: [255, 140, 66], line: "rgb(15 20 26 / 70%)" },
};

const HEAT_STOPS: readonly Colour[] = [
  [46, 16, 101],
  [147, 51, 234],
  [250, 204, 21],
];
const LINES_FROM_PIXELS = 7;

/** Return one opaque pixel a cell; no die is transparent. */
export function cellPixels(grid: DieGrid, palette: Palette): ImageData {
  const image = new ImageData(grid.columns, grid.rows);
  grid.cells.forEach((cell, at) => {
    if (grid.kind === "photograph") setPixel(image, at, [cell, cell, cell], 1);
    else if (cell !== NO_DIE) setPixel(image, at, cell === FAIL ? palette.fail : palette.pass, 1);
  });
  return image;
}

/** Return the overlay of values 0 to 1: its colour says how much, nothing is drawn at 0. */
export function heatPixels(grid: DieGrid, values: Float32Array, opacity: number): ImageData {
  const image = new ImageData(grid.columns, grid.rows);
  values.forEach((value, at) => {
    if (value > 0) setPixel(image, at, heatColour(value), opacity);
  });
  return image;
}

/** Draw layers of one grid's size onto a canvas of `side` pixels, the first at the bottom. */
export function paint(canvas: HTMLCanvasElement, side: number, layers: readonly ImageData[], transform: Transform, line: string | null): void {
  const context = canvas.getContext("2d");
  const [first] = layers;
  if (!context || !first) return;
  canvas.width = side; // Setting it also clears the canvas.
  canvas.height = side;
  context.imageSmoothingEnabled = false;
  context.setTransform(...transform);
  for (const layer of layers) context.drawImage(bitmapOf(layer), 0, 0);
  const cell = Math.hypot(transform[0], transform[1]);
  if (line && cell >= LINES_FROM_PIXELS) drawLines(context, first, line, 1 / cell);
}

export function heatColour(value: number): Colour {
  const at = Math.min(1, Math.max(0, value)) * (HEAT_STOPS.length - 1);
  const low = HEAT_STOPS[Math.floor(at)] ?? [0, 0, 0];
  const high = HEAT_STOPS[Math.ceil(at)] ?? low;
  const share = at % 1;
  const mix = (channel: 0 | 1 | 2) => Math.round(low[channel] * (1 - share) + high[channel] * share);
  return [mix(0), mix(1), mix(2)];
}

function drawLines(context: CanvasRenderingContext2D, grid: ImageData, line: string, width: number): void {
  context.strokeStyle = line;
  context.lineWidth = width;
  context.beginPath();
  for (let row = 0; row < grid.height; row += 1) {
    for (let column = 0; column < grid.width; column += 1) {
      if (grid.data[(row * grid.width + column) * 4 + 3] !== 0) context.rect(column, row, 1, 1);
    }
  }
  context.stroke();
}

function bitmapOf(pixels: ImageData): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = pixels.width;
  canvas.height = pixels.height;
  canvas.getContext("2d")?.putImageData(pixels, 0, 0);
  return canvas;
}

function setPixel(image: ImageData, at: number, [red, green, blue]: Colour, alpha: number): void {
  image.data.set([red, green, blue, Math.round(alpha * 255)], at * 4);
}
