/** Where the model looked: its small heat map, snapped to the failing dies of the grid. */

import { FAIL, type DieGrid } from "./grid";

/** Return a value of 0 to 1 for every cell, 0 where no die fails; bilinear between the middles of the heat map's cells. */
export function snapHeat(heat: readonly (readonly number[])[], grid: DieGrid): Float32Array {
  const values = new Float32Array(grid.columns * grid.rows);
  const highest = Math.max(0, ...heat.flat());
  if (highest === 0) return values;
  for (let row = 0; row < grid.rows; row += 1) {
    for (let column = 0; column < grid.columns; column += 1) {
      const at = row * grid.columns + column;
      if (grid.kind === "dies" && grid.cells[at] !== FAIL) continue;
      values[at] = sample(heat, (row + 0.5) / grid.rows, (column + 0.5) / grid.columns) / highest;
    }
  }
  return values;
}

/** Return the share of wafers on which each die fails; null unless all grids have one shape. */
export function stackFails(grids: readonly DieGrid[]): { grid: DieGrid; shares: Float32Array } | null {
  const [first] = grids;
  if (!first || grids.some((grid) => !sameShape(grid, first))) return null;
  const cells = first.cells.map((_, at) => Math.max(...grids.map((grid) => grid.cells[at] ?? 0)));
  const shares = Float32Array.from(cells, (_, at) => grids.filter((grid) => grid.cells[at] === FAIL).length / grids.length);
  return { grid: { ...first, cells }, shares };
}

function sameShape(a: DieGrid, b: DieGrid): boolean {
  return a.kind === "dies" && b.kind === "dies" && a.columns === b.columns && a.rows === b.rows;
}

function sample(heat: readonly (readonly number[])[], down: number, across: number): number {
  const y = clamp(down * heat.length - 0.5, heat.length - 1);
  const x = clamp(across * (heat[0]?.length ?? 1) - 0.5, (heat[0]?.length ?? 1) - 1);
  const [top, left] = [Math.floor(y), Math.floor(x)];
  const [fromTop, fromLeft] = [y - top, x - left];
  const at = (row: number, column: number) => heat[Math.min(row, heat.length - 1)]?.[Math.min(column, (heat[0]?.length ?? 1) - 1)] ?? 0;
  const upper = at(top, left) * (1 - fromLeft) + at(top, left + 1) * fromLeft;
  const lower = at(top + 1, left) * (1 - fromLeft) + at(top + 1, left + 1) * fromLeft;
  return upper * (1 - fromTop) + lower * fromTop;
}

function clamp(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}
