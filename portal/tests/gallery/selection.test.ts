import { expect, it } from "vitest";

import { NOTHING_CHOSEN, pressed } from "../../src/gallery/selection";

const ALL = ["a", "b", "c", "d", "e"];
const one = pressed(NOTHING_CHOSEN, "b", ALL, false, 3);

it("a press chooses, another leaves", () => {
  expect(one.chosen).toEqual(["b"]);
  expect(pressed(one, "b", ALL, false, 3).chosen).toEqual([]);
});

it("a press with Shift chooses all in between, in both directions", () => {
  expect(pressed(one, "d", ALL, true, 9).chosen).toEqual(["b", "c", "d"]);
  expect(pressed(one, "a", ALL, true, 9).chosen).toEqual(["b", "a"]);
});

it("no more are chosen than one answer may carry", () => {
  expect(pressed(one, "e", ALL, true, 3).chosen).toHaveLength(3);
});
