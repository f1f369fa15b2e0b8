/** A wafer's picture -> its die grid: codes as the model's graph reads them, at the size they were drawn from. */

export const NO_DIE = 0;
export const PASS = 1;
export const FAIL = 2;

/** Grey levels, row by row, as they came out of the picture's file. */
export interface Greys {
  readonly width: number;
  readonly height: number;
  readonly levels: Uint8Array;
}

/** What is drawn: cells with a code of 0 to 2; or, for a picture that is no wafer map, its grey levels. */
export interface DieGrid {
  readonly kind: "dies" | "photograph";
  readonly columns: number;
  readonly rows: number;
  readonly cells: Uint8Array;
}

const HIGHEST_CODE = 2;
const DIE_FROM = 63;
const FAIL_FROM = 190;
const DRAWN_LEVELS = [0, 127, 128, 255];
const FEWEST_CELLS = 4;

/** Return the die grid of a picture of greys 0 / 127 / 255 (or of codes 0 to 2) that was enlarged a whole number of times. */
export function recoverGrid(picture: Greys): DieGrid {
  const { width, height, levels } = picture;
  const codes = levels.every((level) => level <= HIGHEST_CODE);
  if (!codes && !levels.every((level) => DRAWN_LEVELS.includes(level))) {
    return { kind: "photograph", columns: width, rows: height, cells: levels };
  }
  const k = enlargement(picture);
  const columns = width / k;
  const rows = height / k;
  const cells = new Uint8Array(columns * rows);
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const level = levels[row * k * width + column * k] ?? 0;
      cells[row * columns + column] = codes ? level : codeOf(level);
    }
  }
  return { kind: "dies", columns, rows, cells };
}

/** Return how many dies there are and how many of them fail. */
export function countDies(grid: DieGrid): { dies: number; fails: number } {
  let dies = 0;
  let fails = 0;
  for (const cell of grid.cells) {
    if (cell !== NO_DIE) dies += 1;
    if (cell === FAIL) fails += 1;
  }
  return { dies, fails };
}

function codeOf(level: number): number {
  if (level > FAIL_FROM) return FAIL;
  return level > DIE_FROM ? PASS : NO_DIE;
}

/** The greatest k whose k by k blocks are each of one level: what divides the size and every place where neighbours differ. */
function enlargement({ width, height, levels }: Greys): number {
  let k = gcd(width, height);
  for (let y = 0; y < height && k > 1; y += 1) {
    for (let x = 0; x < width; x += 1) {
      const here = y * width + x;
      if (x > 0 && levels[here] !== levels[here - 1]) k = gcd(k, x);
      if (y > 0 && levels[here] !== levels[here - width]) k = gcd(k, y);
    }
  }
  return Math.min(width, height) / k < FEWEST_CELLS ? 1 : k;
}

function gcd(a: number, b: number): number {
  return b === 0 ? a : gcd(b, a % b);
}
