import { describe, expect, it } from "vitest";

import type { WorkItem } from "../../src/api/types";
import { EMPTY_HAND, moveHand, type Hand } from "../../src/queue/hand";

const item = (name: string, version = 1): WorkItem => ({
  item: name,
  fab: "faba",
  camera: "c1",
  timestamp: 1,
  version,
  blind: false,
  lease_until_ms: 0,
  labels: [],
  picture: { url: "", expires_ms: 0 },
  readings: [],
});
const deal = (hand: Hand, items: WorkItem[], sending: string[] = []) => moveHand(hand, { kind: "dealt", items, sending });
const answer = (hand: Hand) => moveHand(hand, { kind: "answered", answerId: "id", words: "Loc" });
const names = (hand: Hand) => hand.items.map((each) => each.item);

describe("a hand", () => {
  const three = deal(EMPTY_HAND, [item("a"), item("b"), item("c")]);

  it("shows the next wafer at once", () => {
    expect(names(answer(three))).toEqual(["b", "c"]);
  });

  it("takes what it holds already only once", () => {
    expect(names(deal(three, [item("b"), item("d")]))).toEqual(["a", "b", "c", "d"]);
  });

  it("does not take again what was just answered", () => {
    expect(names(deal(answer(three), [item("a")]))).toEqual(["b", "c"]);
  });

  it("takes again what was sent back since", () => {
    expect(names(deal(answer(three), [item("a", 3)]))).toEqual(["b", "c", "a"]);
  });

  it("does not take what an earlier page answered and has not sent yet", () => {
    expect(names(deal(EMPTY_HAND, [item("a"), item("b")], ["a"]))).toEqual(["b"]);
  });

  it("puts what was skipped last", () => {
    const skipped = moveHand(three, { kind: "skipped" });
    expect(names(deal(skipped, [item("a"), item("d")]))).toEqual(["b", "c", "d", "a"]);
  });

  it("lets go of what somebody else got, but not of what is looked at", () => {
    const hand = moveHand(three, { kind: "lost", items: ["a", "c"] });
    expect(names(hand)).toEqual(["a", "b"]);
    expect(hand.over).toEqual({ item: "a", why: "taken" });
  });

  it("goes on from what somebody else got when that has been seen", () => {
    const hand = moveHand(moveHand(three, { kind: "lost", items: ["a"] }), { kind: "passed" });
    expect(names(hand)).toEqual(["b", "c"]);
    expect(hand.over).toBeNull();
  });

  it("put down holds nothing and remembers what can be undone", () => {
    const hand = moveHand(answer(three), { kind: "put down" });
    expect(names(hand)).toEqual([]);
    expect(hand.answered).toHaveLength(1);
  });
});

describe("undo", () => {
  const two = deal(EMPTY_HAND, [item("a"), item("b")]);

  it("brings back the last wafer first", () => {
    const undone = moveHand(answer(answer(two)), { kind: "undone" });
    expect(names(undone)).toEqual(["b"]);
    expect(names(moveHand(undone, { kind: "undone" }))).toEqual(["a", "b"]);
  });

  it("that is refused leaves in sight what is looked at, which goes with the next key and can be undone again", () => {
    const [done] = answer(two).answered;
    if (!done) throw new Error("expected an answer");
    const refused = moveHand(moveHand(answer(two), { kind: "undone" }), { kind: "stands", done });
    expect(names(refused)).toEqual(["a", "b"]);
    expect(refused.over).toEqual({ item: "a", why: "stands" });
    expect(moveHand(refused, { kind: "lost", items: ["a"] }).over).toEqual({ item: "a", why: "stands" });
    const passed = moveHand(refused, { kind: "passed" });
    expect(names(passed)).toEqual(["b"]);
    expect(passed.answered).toEqual([done]);
  });

  it("that is refused takes the wafer from behind another, and its second answer with it", () => {
    const [second, first] = answer(answer(two)).answered;
    if (!first || !second) throw new Error("expected two answers");
    const undone = moveHand(moveHand(answer(answer(two)), { kind: "undone" }), { kind: "undone" });
    expect(names(moveHand(undone, { kind: "stands", done: second }))).toEqual(["a"]);
    const again = moveHand(answer(undone), { kind: "stands", done: first });
    expect(names(again)).toEqual(["b"]);
    expect(again.answered).toEqual([first]);
  });

  it("without an answer changes nothing", () => {
    expect(moveHand(two, { kind: "undone" })).toBe(two);
  });
});
