import { expect, it } from "vitest";

import { canAsk, faultOf } from "../../src/search/written";

it.each([
  ["from", "21.11.2026", "YYYY-MM-DD"],
  ["to", "2026-02-30", "YYYY-MM-DD"],
  ["to", "2026-02-28", null],
  ["min", "140", "0 to 100"],
  ["max", "80", null],
  ["least", "many", "A number"],
  ["lot", "many", null],
  ["from", "", null],
])("%s: %s", (field, text, wanted) => {
  expect(faultOf(field, text)).toBe(wanted);
  expect(canAsk({ lot: "L1", [field]: text })).toBe(wanted === null);
});
