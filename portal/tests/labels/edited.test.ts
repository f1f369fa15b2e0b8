import { expect, it } from "vitest";

import { examplesOf, neighboursOf } from "../../src/labels/edited";

it("neighbours are read one a line", () => {
  expect(neighboursOf("Loc: away from the rim\n\n Donut : a ring: closed ", ["Loc", "Donut"])).toEqual({
    neighbours: [
      { label: "Loc", difference: "away from the rim" },
      { label: "Donut", difference: "a ring: closed" },
    ],
    wrong: null,
  });
});

it("an unknown neighbour is named", () => {
  expect(neighboursOf("Lok: x", ["Loc"]).wrong).toBe("“Lok” is none of Loc");
});

it("a neighbour needs what tells it apart", () => {
  expect(neighboursOf("Loc", ["Loc"]).wrong).toBe("What tells Loc apart is missing");
});

it("examples may be whole addresses", () => {
  expect(examplesOf("https://portal/wafers/img1~1554134552944\nimg2~1554134552945")).toEqual(["img1~1554134552944", "img2~1554134552945"]);
});
