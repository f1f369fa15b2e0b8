import { expect, it } from "vitest";

import { backlogOf } from "../../src/gallery/query";

const asked = (search: string) => backlogOf("faba", new URLSearchParams(search), 48);

it("without conditions it asks for what waits longest", () => {
  expect(asked("")).toEqual({ fab: "faba", limit: 48, state: "open", order: "oldest" });
});

it("every condition of the address is asked for", () => {
  expect(asked("state=disputed&order=novel&label=Loc&camera=c1&lot=L1&holder=remo&min=10&max=60&least=1.5&most=9")).toEqual({
    fab: "faba",
    limit: 48,
    state: "disputed",
    order: "novel",
    label: "Loc",
    camera: "c1",
    lot: "L1",
    holder: "remo",
    min_probability: 0.1,
    max_probability: 0.6,
    min_novelty: 1.5,
    max_novelty: 9,
  });
});

it("the days since which a wafer waits are whole days", () => {
  const { opened_from_ms: from, opened_to_ms: to } = asked("from=2026-11-01&to=2026-11-02");
  expect((to ?? 0) + 1 - (from ?? 0)).toBe(2 * 86_400_000);
});

it("what the API does not know is not asked for", () => {
  expect(asked("state=lost&order=random&least=many")).toEqual({ fab: "faba", limit: 48, state: "open", order: "oldest" });
});
