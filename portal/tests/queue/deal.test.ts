import { describe, expect, it } from "vitest";

import { afterDeal, NEW_DEAL, pauseOf, totalOf } from "../../src/queue/deal";

describe("work", () => {
  it("is asked for as a total, and what waits to be sent is still held", () => {
    expect(totalOf(0, 10)).toBe(8);
    expect(totalOf(1, 10)).toBe(9);
    expect(totalOf(60, 10)).toBe(10);
  });

  it("is asked for again at once while more may follow", () => {
    expect(pauseOf(afterDeal(NEW_DEAL, 3, 8, 8))).toBe(0);
  });

  it("is not asked for at once when all that came was held already", () => {
    expect(pauseOf(afterDeal(NEW_DEAL, 0, 8, 8))).toBe(10_000);
  });

  it("is looked for less and less often where there is none, down to once a minute", () => {
    let deal = NEW_DEAL;
    const pauses = Array.from({ length: 5 }, () => pauseOf((deal = afterDeal(deal, 0, 0, 8))));
    expect(pauses).toEqual([10_000, 20_000, 40_000, 60_000, 60_000]);
    expect(pauseOf(afterDeal(deal, 2, 2, 8))).toBe(10_000);
  });

  it("is asked for again soon after a failure", () => {
    expect(pauseOf({ asking: false, dry: 4, error: new Error("gone") })).toBe(3_000);
  });
});
