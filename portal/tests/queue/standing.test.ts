import { describe, expect, it } from "vitest";

import type { Statistics } from "../../src/api/types";
import { standing } from "../../src/queue/Standing";

const day = (reviewer: string, answers: number) => ({ day: "2026-11-22", reviewer, answers, bulk: 0, hasty: 0 });
const waiting = (state: "open" | "disputed", count: number) => ({ state, count, at_least: false, oldest_ms: null });
const found: Statistics = {
  fab: "faba",
  days: 1,
  backlog: [waiting("open", 1240), waiting("disputed", 3)],
  reviewers: [day("rita", 312), day("remo", 40)],
  settled: null,
  audit: [],
  labels_to_training: 120,
  complete: true,
};

describe("how things stand", () => {
  it("tells one's own answers, what waits and how far the next training is", () => {
    expect(standing(found, "rita", "review")).toBe("today 312 · 1,240 wait · 120 more labels until training");
  });

  it("tells whoever adjudicates what they have to decide", () => {
    expect(standing(found, "erin", "adjudication")).toBe("today 0 · 3 wait · 120 more labels until training");
  });

  it("counts no further than the API does", () => {
    const more = { ...found, backlog: [{ ...waiting("open", 10_000), at_least: true }] };
    expect(standing(more, "rita", "review")).toContain("10,000+ wait");
  });

  it.each([
    [0, "today 312 · 1,240 wait · enough labels for a training"],
    [null, "today 312 · 1,240 wait"],
  ])("tells %s missing labels", (missing, told) => {
    expect(standing({ ...found, labels_to_training: missing }, "rita", "review")).toBe(told);
  });
});
