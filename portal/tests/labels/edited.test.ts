import { expect, it } from "vitest";

import { waferPath } from "../../src/app/places";
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

it.each([
  ["a wafer", "img1~1554134552944"],
  ["the address that its screen has", `https://portal${waferPath({ item: "img1~1554134552944", fab: "faba" })}`],
  ["an address without a fab", "https://portal/wafers/img1~1554134552944"],
  ["a path", "/wafers/img1~1554134552944/?fab=faba#why"],
])("an example may be %s", (_, line) => {
  expect(examplesOf(line)).toEqual(["img1~1554134552944"]);
});

it("an example that is no address is left as it is", () => {
  expect(examplesOf("img%~1\nhttp://")).toEqual(["img%~1", "http://"]);
});
