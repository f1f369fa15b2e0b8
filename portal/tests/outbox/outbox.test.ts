import { describe, expect, it, vi } from "vitest";

import { Outbox, pauseMs, type Outcome } from "../../src/outbox/outbox";
import { indexedDbStore, type Entry } from "../../src/outbox/store";

let databases = 0;

/** An outbox on a database of its own, and an API whose answers the test decides. */
function outboxWith(answers: (work: string) => Outcome | Promise<Outcome>, name = `test-${String((databases += 1))}`, atOnce = 1) {
  const sent: string[] = [];
  const calls: string[][] = [];
  const store = indexedDbStore<string>(name);
  const outbox = new Outbox<string>({
    user: "ann",
    store,
    callOf: (waiting) => waiting.slice(0, atOnce),
    send: async (entries: readonly Entry<string>[]) => {
      calls.push(entries.map(({ work }) => work));
      const outcomes = await Promise.all(entries.map(async ({ work }) => answers(work)));
      sent.push(...entries.filter((_, at) => outcomes[at]?.kind === "saved").map(({ work }) => work));
      return outcomes;
    },
    upToDate: (work) => (sent.includes("undo") ? work.replace("stale", "fresh") : work),
    wait: () => new Promise((resolve) => setTimeout(resolve, 1)),
  });
  return { outbox, store, sent, calls, name };
}

const idle = (outbox: Outbox<string>) => vi.waitFor(() => expect(outbox.snapshot().waiting).toEqual([]));

describe("an answer", () => {
  it("is sent, and then forgotten", async () => {
    const { outbox, store, sent } = outboxWith(() => ({ kind: "saved" }));
    await outbox.add("1", "Scratch");
    await idle(outbox);
    expect(sent).toEqual(["Scratch"]);
    await vi.waitFor(async () => expect(await store.all("ann")).toEqual([]));
  });

  it("is sent once the API is back, and those behind it in order", async () => {
    let down = true;
    const { outbox, sent } = outboxWith(() => (down ? { kind: "later" } : { kind: "saved" }));
    await outbox.add("1", "Loc");
    await outbox.add("2", "Donut");
    await vi.waitFor(() => expect(outbox.snapshot().failures).toBeGreaterThan(2));
    down = false;
    await idle(outbox);
    expect(sent).toEqual(["Loc", "Donut"]);
    expect(outbox.snapshot().failures).toBe(0);
  });

  it("survives the page that took it", async () => {
    const first = outboxWith(() => ({ kind: "later" }));
    await first.outbox.add("1", "Loc");
    first.outbox.close();
    const second = outboxWith(() => ({ kind: "saved" }), first.name);
    await second.outbox.open();
    await idle(second.outbox);
    expect(second.sent).toEqual(["Loc"]);
  });

  it("is never sent by somebody else at the same browser", async () => {
    const { outbox, store, sent } = outboxWith(() => ({ kind: "saved" }));
    await store.put({ id: "9", user: "bob", sequence: 1, work: "Random", problem: null });
    await outbox.open();
    expect(sent).toEqual([]);
    expect(await store.all("bob")).toHaveLength(1);
  });

  it("that is refused is kept with its reason, and does not hold up the next", async () => {
    const refusal = { kind: "refused", problem: "held by bob" } as const;
    const { outbox, sent } = outboxWith((work) => (work === "Loc" ? refusal : { kind: "saved" }));
    await outbox.add("1", "Loc");
    await outbox.add("2", "Donut");
    await idle(outbox);
    expect(sent).toEqual(["Donut"]);
    expect(outbox.snapshot().refused).toMatchObject([{ work: "Loc", problem: "held by bob" }]);
  });

  it("that is refused stays until somebody has read why", async () => {
    const first = outboxWith(() => ({ kind: "refused", problem: "held by bob" }));
    await first.outbox.add("1", "Loc");
    await vi.waitFor(async () => expect((await first.store.all("ann"))[0]?.problem).toBe("held by bob"));
    const second = outboxWith(() => ({ kind: "saved" }), first.name);
    await second.outbox.open();
    expect(second.outbox.snapshot().refused).toHaveLength(1);
    await second.outbox.dismiss("1");
    expect(await second.store.all("ann")).toEqual([]);
  });

  it("goes up with those that waited meanwhile, in one call", async () => {
    let release: (outcome: Outcome) => void = () => undefined;
    const slow = (work: string): Outcome | Promise<Outcome> => (work === "Loc" ? new Promise((resolve) => (release = resolve)) : { kind: "saved" });
    const { outbox, calls } = outboxWith(slow, undefined, 20);
    for (const [at, work] of ["Loc", "Donut", "Center", "Random"].entries()) await outbox.add(String(at), work);
    release({ kind: "saved" });
    await idle(outbox);
    expect(calls).toEqual([["Loc"], ["Donut", "Center", "Random"]]);
  });

  it("that is to be tried again does not keep the others of its call from being saved or refused", async () => {
    const tries: string[] = [];
    const { outbox, sent } = outboxWith(
      (work) => {
        tries.push(work);
        if (work === "Loc") return { kind: tries.length > 3 ? "saved" : "later" };
        return work === "Donut" ? { kind: "refused", problem: "held by bob" } : { kind: "saved" };
      },
      undefined,
      20,
    );
    await Promise.all(["Loc", "Donut", "Center"].map((work, at) => outbox.add(String(at), work)));
    await idle(outbox);
    expect(sent.toSorted()).toEqual(["Center", "Loc"]);
    expect(tries.filter((work) => work === "Center")).toHaveLength(1);
    expect(outbox.snapshot().refused).toMatchObject([{ work: "Donut" }]);
  });

  it("that waits behind another is rewritten on disk by what became of that", async () => {
    const first = outboxWith((work) => ({ kind: work === "undo" ? "saved" : "later" }));
    await first.outbox.add("1", "undo");
    await first.outbox.add("2", "stale answer");
    await vi.waitFor(async () => expect(await first.store.all("ann")).toMatchObject([{ work: "fresh answer" }]));
    first.outbox.close();
  });

  it("is kept in memory, and said to be, where the browser stores nothing", async () => {
    const broken = { all: () => Promise.reject(new Error("denied")), put: () => Promise.reject(new Error("denied")), remove: () => Promise.resolve() };
    const outbox = new Outbox<string>({ user: "ann", store: broken, callOf: (waiting) => waiting, send: () => Promise.resolve([]), upToDate: (work) => work, wait: () => new Promise(() => undefined) });
    await outbox.add("1", "Loc");
    expect(outbox.snapshot()).toMatchObject({ durable: false, waiting: [{ work: "Loc" }] });
  });
});

describe("undo", () => {
  it("takes back an answer that was never sent", async () => {
    let release: (outcome: Outcome) => void = () => undefined;
    const { outbox, sent } = outboxWith((work) => (work === "Loc" ? new Promise((resolve) => (release = resolve)) : { kind: "saved" }));
    await outbox.add("1", "Loc");
    await outbox.add("2", "Donut");
    expect(await outbox.withdraw("2")).toBe(true);
    release({ kind: "saved" });
    await idle(outbox);
    expect(sent).toEqual(["Loc"]);
  });

  it("leaves to the API what it may already have", async () => {
    const { outbox } = outboxWith(() => ({ kind: "later" }));
    await outbox.add("1", "Loc");
    await vi.waitFor(() => expect(outbox.snapshot().failures).toBeGreaterThan(0));
    expect(await outbox.withdraw("1")).toBe(false);
    outbox.close();
  });
});

it("the pause between tries doubles, up to half a minute, and differs between clients", () => {
  expect(pauseMs(1, 1)).toBe(500);
  expect(pauseMs(3, 1)).toBe(2000);
  expect(pauseMs(30, 1)).toBe(30_000);
  expect(pauseMs(3, 0)).toBe(1000);
});
