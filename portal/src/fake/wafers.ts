/** Made-up wafers: a round of dies, some noise, and one pattern; as PNG of greys 0 / 127 / 255 enlarged k times. */

import { encode } from "fast-png";

export type Random = () => number;

/** Return a repeatable stream of numbers 0 to 1 (mulberry32). */
export function randomOf(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
}

export const LABELS = ["none", "Center", "Donut", "Edge-Loc", "Edge-Ring", "Loc", "Near-full", "Random", "Scratch"] as const;
export type Label = (typeof LABELS)[number];

/** How likely the die at radius r (0 to 1) and angle t (radians) fails because of a pattern. */
type Pattern = (r: number, t: number) => number;

function patternOf(label: Label, random: Random): Pattern {
  const angle = (random() - 0.5) * 2 * Math.PI;
  const width = 0.4 + random() * 0.5;
  const near = (t: number) => Math.abs(Math.atan2(Math.sin(t - angle), Math.cos(t - angle)));
  switch (label) {
    case "none":
      return () => 0;
    case "Center":
      return (r) => (r < 0.25 + width / 8 ? 0.85 : 0);
    case "Donut":
      return (r) => (r > 0.32 && r < 0.62 ? 0.75 : 0);
    case "Edge-Loc":
      return (r, t) => (r > 0.78 && near(t) < width ? 0.85 : 0);
    case "Edge-Ring":
      return (r) => (r > 0.88 ? 0.85 : 0);
    case "Loc":
      return (r, t) => (Math.hypot(r * Math.cos(near(t)) - 0.5, r * Math.sin(near(t))) < 0.2 ? 0.85 : 0);
    case "Near-full":
      return () => 0.9;
    case "Random":
      return () => 0.35;
    case "Scratch":
      return (r, t) => {
        const across = r * Math.sin(t - angle) - 0.2 * (r * Math.cos(t - angle)) ** 2;
        const along = r * Math.cos(t - angle);
        return Math.abs(across) < 0.05 && along > -0.7 && along < 0.5 ? 0.95 : 0;
      };
  }
}

export interface FakeWafer {
  readonly side: number;
  /** 0 no die, 1 pass, 2 fail. */
  readonly cells: Uint8Array;
  /** Small activation grid, 0 to 1. */
  readonly heat: number[][];
}

export function makeWafer(label: Label, seed: number, side = 32): FakeWafer {
  const random = randomOf(seed);
  const pattern = patternOf(label, random);
  const cells = new Uint8Array(side * side);
  const middle = (side - 1) / 2;
  cells.forEach((_, at) => {
    const [y, x] = [Math.floor(at / side) - middle, (at % side) - middle];
    const r = Math.hypot(x, y) / (side / 2);
    if (r <= 1) cells[at] = random() < pattern(r, Math.atan2(y, x)) || random() < 0.02 ? 2 : 1;
  });
  return { side, cells, heat: heatOf(cells, side) };
}

export function pngOf(wafer: FakeWafer, k: number): Uint8Array<ArrayBuffer> {
  const width = wafer.side * k;
  const data = new Uint8Array(width * width);
  data.forEach((_, at) => {
    const row = Math.floor(at / width / k);
    const column = Math.floor((at % width) / k);
    data[at] = [0, 127, 255][wafer.cells[row * wafer.side + column] ?? 0] ?? 0;
  });
  return new Uint8Array(encode({ width, height: width, data, channels: 1, depth: 8 }));
}

/** The share of failing dies of each of 8 by 8 fields. */
function heatOf(cells: Uint8Array, side: number, fields = 8): number[][] {
  const field = side / fields;
  return Array.from({ length: fields }, (_, row) =>
    Array.from({ length: fields }, (_, column) => {
      let fails = 0;
      for (let y = row * field; y < (row + 1) * field; y += 1) {
        for (let x = column * field; x < (column + 1) * field; x += 1) fails += cells[y * side + x] === 2 ? 1 : 0;
      }
      return Math.round((fails / field ** 2) * 100) / 100;
    }),
  );
}
