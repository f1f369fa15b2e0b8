import { expect, it } from "vitest";

import { queryOf } from "../../src/search/query";

const asked = (search: string) => queryOf("faba", new URLSearchParams(search), 50);

it("whole days are asked for, the last one included", () => {
  const { from_ms: from, to_ms: to } = asked("from=2026-11-01&to=2026-11-01");
  expect(new Date(from ?? 0).toISOString()).toBe("2026-11-01T00:00:00.000Z");
  expect(new Date(to ?? 0).toISOString()).toBe("2026-11-01T23:59:59.999Z");
});

it("percent are shares", () => {
  expect(asked("min=40&max=80")).toMatchObject({ min_probability: 0.4, max_probability: 0.8 });
});

it("what makes no sense is left out", () => {
  expect(asked("from=yesterday&min=140&lot=")).toEqual({ fab: "faba", limit: 50 });
});

it("an alert's class is a class", () => {
  expect(asked("prediction=Scratch")).toMatchObject({ label: "Scratch" });
});
