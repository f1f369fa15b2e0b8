/** How a wafer is looked at: zoomed, moved, turned, mirrored. Die coordinates never change. */

import type { DieGrid } from "./grid";

/** Quarter turns clockwise, then a mirroring left to right; `x` and `y` move the middle, in shares of the canvas. */
export interface View {
  readonly zoom: number;
  readonly x: number;
  readonly y: number;
  readonly turns: number;
  readonly mirrored: boolean;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Die {
  readonly column: number;
  readonly row: number;
}

export const FULL_VIEW: View = { zoom: 1, x: 0, y: 0, turns: 0, mirrored: false };

const MOST_ZOOM = 16;

export function turned(view: View, by: number): View {
  // Seen in a mirror, clockwise is the other way round.
  const turn = view.mirrored ? -by : by;
  return { ...view, ...rotatedOffset(view, by), turns: (((view.turns + turn) % 4) + 4) % 4 };
}

export function mirrored(view: View): View {
  return { ...view, x: -view.x, mirrored: !view.mirrored };
}

export function moved(view: View, by: Point): View {
  return held({ ...view, x: view.x + by.x, y: view.y + by.y });
}

/** Zoom so that what lies under `at` (shares of the canvas from its middle) stays there. */
export function zoomed(view: View, factor: number, at: Point = { x: 0, y: 0 }): View {
  const zoom = Math.min(MOST_ZOOM, Math.max(1, view.zoom * factor));
  const ratio = zoom / view.zoom;
  return held({ ...view, zoom, x: at.x - (at.x - view.x) * ratio, y: at.y - (at.y - view.y) * ratio });
}

/** The six numbers of CanvasRenderingContext2D.setTransform that put cell (0, 0) to (columns, rows) on a square canvas. */
export type Transform = readonly [number, number, number, number, number, number];

export function transformOf(view: View, grid: DieGrid, size: number): Transform {
  const [cellX, cellY] = cellSize(grid, size * view.zoom);
  const angle = (view.turns * Math.PI) / 2;
  const cos = Math.round(Math.cos(angle));
  const sin = Math.round(Math.sin(angle));
  const flip = view.mirrored ? -1 : 1;
  const [a, b, c, d] = [flip * cos * cellX, sin * cellX, flip * -sin * cellY, cos * cellY];
  const middleX = size * (0.5 + view.x);
  const middleY = size * (0.5 + view.y);
  const halfColumns = grid.columns / 2;
  const halfRows = grid.rows / 2;
  return [a, b, c, d, middleX - a * halfColumns - c * halfRows, middleY - b * halfColumns - d * halfRows];
}

/** Return the cell under a point of the canvas, or null beside the grid. */
export function cellAt(transform: Transform, grid: DieGrid, at: Point): Die | null {
  const [a, b, c, d, e, f] = transform;
  const determinant = a * d - b * c;
  const column = Math.floor((d * (at.x - e) - c * (at.y - f)) / determinant);
  const row = Math.floor((a * (at.y - f) - b * (at.x - e)) / determinant);
  const inside = column >= 0 && row >= 0 && column < grid.columns && row < grid.rows;
  return inside ? { column, row } : null;
}

/** A wafer is round: its dies fill a square. A photograph keeps its proportions. */
function cellSize(grid: DieGrid, side: number): [number, number] {
  if (grid.kind === "dies") return [side / grid.columns, side / grid.rows];
  const cell = side / Math.max(grid.columns, grid.rows);
  return [cell, cell];
}

function rotatedOffset(view: View, by: number): { x: number; y: number } {
  let { x, y } = view;
  for (let turn = 0; turn < ((by % 4) + 4) % 4; turn += 1) [x, y] = [-y, x];
  return { x, y };
}

/** Keep some of the wafer in sight. */
function held(view: View): View {
  const limit = view.zoom / 2;
  const hold = (value: number) => Math.min(limit, Math.max(-limit, value));
  return { ...view, x: hold(view.x), y: hold(view.y) };
}
