import { expect, it, test } from "vitest";

import { wilson } from "../../src/quality/interval";

test.each([
  [0, 10, 0, 0.2775],
  [1, 10, 0.0179, 0.4042],
  [50, 100, 0.4038, 0.5962],
  [10, 10, 0.7225, 1],
])("%i wrong of %i is known as well as Wilson's score says", (hits, trials, low, high) => {
  const interval = wilson(hits, trials);
  expect(interval?.low).toBeCloseTo(low, 4);
  expect(interval?.high).toBeCloseTo(high, 4);
});

it("nothing is known of no trials", () => {
  expect(wilson(0, 0)).toBeNull();
});

it("more samples know it better", () => {
  const width = (trials: number) => {
    const interval = wilson(trials / 10, trials);
    return (interval?.high ?? 1) - (interval?.low ?? 0);
  };
  expect(width(1000)).toBeLessThan(width(100));
});
