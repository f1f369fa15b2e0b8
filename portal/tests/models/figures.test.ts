import { expect, it, test } from "vitest";

import type { Pair } from "../../src/api/types";
import { labelRows, overallRows } from "../../src/models/figures";

const label = (f1: number | null) => ({ wafers: 60, called: 50, recall: f1, precision: f1, f1 });
const worth = (f1: number, labels: Pair["candidate"]["labels"], ece = 0.01) => ({ wafers: 100, macro_f1: f1, accuracy: f1, ece, accepted: 0.9, escapes: 0.004, labels });

const PAIR: Pair = { candidate: worth(0.93, { Loc: label(0.9), Scratch: label(0.7), Donut: label(null) }, 0.02), current: worth(0.91, { Loc: label(0.9) }) };
const COSTS = { candidate_cost: { size_bytes: 900_000, latency_ms: 1.5 }, current_cost: { size_bytes: 1_000_000, latency_ms: 1.5 } };

const rowOf = (name: string) => overallRows(PAIR, COSTS).find((row) => row.name === name);

test.each([
  ["more of it is better", "Macro-F1", "+2.0 points", "better"],
  ["less of it is better", "Calibration error", "+1.0 points", "worse"],
  ["what stays is neither", "Escapes", "+0.0 points", "same"],
  ["a smaller bundle is better", "Size", "−10 %", "better"],
])("%s", (_, name, difference, change) => {
  expect(rowOf(name)).toMatchObject({ difference, change });
});

it("without a model before there is no difference", () => {
  expect(overallRows({ candidate: PAIR.candidate }, {})[0]).toMatchObject({ candidate: "93.0 %", before: "–", difference: "–", change: "same" });
});

it("classes come hardest first, one that is never called last", () => {
  expect(labelRows(PAIR).map((row) => row.label)).toEqual(["Scratch", "Loc", "Donut"]);
});

it("a class that the model before did not know has nothing before", () => {
  expect(labelRows(PAIR)[0]?.recall).toMatchObject({ candidate: "70.0 %", before: "–", change: "same" });
});
