import { describe, expect, it, test } from "vitest";

import type { DieGrid } from "../../src/wafer/grid";
import { cellAt, FULL_VIEW, mirrored, moved, transformOf, turned, zoomed, type View } from "../../src/wafer/view";

const grid: DieGrid = { kind: "dies", columns: 4, rows: 8, cells: new Uint8Array(32) };
const SIDE = 400;
const under = (view: View, x: number, y: number) => cellAt(transformOf(view, grid, SIDE), grid, { x, y });

describe("the die under the pointer", () => {
  test.each([
    ["as taken", FULL_VIEW, { column: 0, row: 0 }],
    ["turned right", turned(FULL_VIEW, 1), { column: 0, row: 7 }],
    ["upside down", turned(FULL_VIEW, 2), { column: 3, row: 7 }],
    ["turned left", turned(FULL_VIEW, -1), { column: 3, row: 0 }],
    ["mirrored", mirrored(FULL_VIEW), { column: 3, row: 0 }],
    ["mirrored, then turned right", turned(mirrored(FULL_VIEW), 1), { column: 3, row: 7 }],
  ])("at the upper left keeps its own coordinates, %s", (_, view, die) => {
    expect(under(view, 5, 5)).toEqual(die);
  });

  it("is none beside the wafer", () => {
    expect(under(moved(FULL_VIEW, { x: 0.5, y: 0 }), 20, 200)).toBeNull();
  });

  it("stays the same under a wheel that zooms", () => {
    const before = under(FULL_VIEW, 330, 90);
    expect(under(zoomed(FULL_VIEW, 3, { x: 330 / SIDE - 0.5, y: 90 / SIDE - 0.5 }), 330, 90)).toEqual(before);
  });

  it("stays the same when four quarter turns are done", () => {
    let view = zoomed(moved(FULL_VIEW, { x: 0.1, y: -0.2 }), 2);
    const before = under(view, 100, 100);
    for (let turn = 0; turn < 4; turn += 1) view = turned(view, 1);
    expect(under(view, 100, 100)).toEqual(before);
  });
});

describe("a view", () => {
  it("never shows less than the whole wafer's size", () => {
    expect(zoomed(FULL_VIEW, 0.1).zoom).toBe(1);
  });

  it("cannot be dragged out of sight", () => {
    expect(moved(FULL_VIEW, { x: 9, y: -9 })).toMatchObject({ x: 0.5, y: -0.5 });
  });
});
