import { encode } from "fast-png";
import { describe, expect, it, test } from "vitest";

import { makeWafer, pngOf } from "../../src/fake/wafers";
import { decodeGreys, PictureError } from "../../src/wafer/decode";
import { countDies, recoverGrid } from "../../src/wafer/grid";

const bytesOf = (array: Uint8Array) => array.slice().buffer;

describe("a wafer map", () => {
  test.each([1, 2, 3, 7, 16])("that is drawn %i times larger gives its dies back", (k) => {
    const wafer = makeWafer("Scratch", 5, 26);
    const grid = recoverGrid(decodeGreys(bytesOf(pngOf(wafer, k))));
    expect(grid).toMatchObject({ kind: "dies", columns: 26, rows: 26 });
    expect([...grid.cells]).toEqual([...wafer.cells]);
  });

  it("may be wider than high", () => {
    const levels = new Uint8Array(12 * 6).fill(127);
    levels.set([255, 255, 0], 12);
    levels[12 * 5 + 7] = 255;
    expect(recoverGrid({ width: 12, height: 6, levels })).toMatchObject({ columns: 12, rows: 6 });
  });

  it("may carry the codes themselves", () => {
    const levels = Uint8Array.from([0, 1, 2, 1, 1, 2, 0, 1, 0, 1, 2, 2, 2, 1, 0, 0]);
    const grid = recoverGrid({ width: 4, height: 4, levels });
    expect([...grid.cells]).toEqual([...levels]);
  });

  it("that is all one level stays at its size", () => {
    expect(recoverGrid({ width: 30, height: 30, levels: new Uint8Array(900).fill(127) })).toMatchObject({ columns: 30, rows: 30 });
  });

  it("counts its dies and those that fail", () => {
    const levels = Uint8Array.from([0, 1, 2, 1, 1, 2, 0, 1, 0, 1, 2, 2, 2, 1, 0, 0]);
    expect(countDies(recoverGrid({ width: 4, height: 4, levels }))).toEqual({ dies: 11, fails: 5 });
  });
});

describe("a picture", () => {
  it("with other greys is a photograph and stays as it is", () => {
    const levels = Uint8Array.from([0, 40, 90, 255]);
    expect(recoverGrid({ width: 2, height: 2, levels })).toEqual({ kind: "photograph", columns: 2, rows: 2, cells: levels });
  });

  it("in colour is read by its luma", () => {
    const data = Uint8Array.from([127, 127, 127, 255, 0, 0, 0, 0, 255, 255, 255, 255]);
    expect([...decodeGreys(bytesOf(encode({ width: 4, height: 1, data, channels: 3, depth: 8 }))).levels]).toEqual([127, 76, 29, 255]);
  });

  it("of two bits is spread over eight", () => {
    const data = Uint8Array.from([0b00011011, 0b01000000]);
    const png = encode({ width: 5, height: 1, data, channels: 1, depth: 2 });
    expect([...decodeGreys(bytesOf(png)).levels]).toEqual([0, 85, 170, 255, 85]);
  });

  it("that is no PNG is refused", () => {
    expect(() => decodeGreys(new TextEncoder().encode("<Error>AccessDenied</Error>").slice().buffer)).toThrow(PictureError);
  });
});
