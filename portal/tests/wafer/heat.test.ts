import { expect, it } from "vitest";

import type { DieGrid } from "../../src/wafer/grid";
import { snapHeat, stackFails } from "../../src/wafer/heat";

const gridOf = (cells: number[]): DieGrid => ({ kind: "dies", columns: 4, rows: 4, cells: Uint8Array.from(cells) });
const half = gridOf([0, 1, 2, 0, 1, 1, 2, 2, 1, 1, 2, 2, 0, 1, 2, 0]);

it("lights failing dies only", () => {
  const values = snapHeat([[1, 1], [1, 1]], half);
  expect([...values].map((value) => value > 0)).toEqual([...half.cells].map((cell) => cell === 2));
});

it("is scaled to its own highest value", () => {
  expect(Math.max(...snapHeat([[0, 0.2], [0, 0.2]], half))).toBeCloseTo(1);
});

it("lies where the model looked", () => {
  const values = snapHeat([[0, 1], [0, 0]], half);
  expect(values[2]).toBeGreaterThan(values[10] ?? 1);
});

it("is empty where the model saw nothing", () => {
  expect(Math.max(...snapHeat([[0, 0], [0, 0]], half))).toBe(0);
});

it("stacks a lot into the share of wafers on which each die fails", () => {
  const clean = gridOf([0, 1, 1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 0, 1, 1, 0]);
  expect(stackFails([half, clean])?.shares[2]).toBe(0.5);
  expect(stackFails([half, clean])?.shares[1]).toBe(0);
});

it("stacks no wafers of different shapes", () => {
  expect(stackFails([half, { ...half, columns: 2, rows: 8 }])).toBeNull();
});
