import { describe, expect, it } from "vitest";

import type { Work } from "../../src/outbox/work";
import { afterHeartbeat, heartbeatEveryMs, isLost, leasesFrom, toKeep } from "../../src/queue/lease";

const [lease] = leasesFrom(["a"], 1_000, 300);

it("a lease counts from when it was asked for", () => {
  expect(isLost(lease, 300_999)).toBe(false);
  expect(isLost(lease, 301_000)).toBe(true);
});

it("an item without a lease is lost", () => {
  expect(isLost(undefined, 0)).toBe(true);
});

it("two heartbeats may be lost before the lease is", () => {
  expect(heartbeatEveryMs(300) * 2).toBeLessThan(300_000);
});

it("a heartbeat renews what is held and forgets what is lost", () => {
  const before = leasesFrom(["a", "b", "c"], 0, 300);
  expect(afterHeartbeat(before, ["a"], ["b"], 100_000, 300)).toEqual([
    { item: "c", untilMs: 300_000 },
    { item: "a", untilMs: 400_000 },
  ]);
});

describe("what is held on to", () => {
  const wafer = (item: string) => ({ item, fab: "faba", camera: "c", timestamp: 1 });
  const answer = (item: string, version: number): Work => ({ kind: "answer", wafer: wafer(item), body: { answer_id: "answer-1", version, verdict: "unknown", labels: [] } });
  const undo = (item: string, version: number): Work => ({ kind: "undo", wafer: wafer(item), body: { answer_id: "undo-1", version } });
  const asSeen = (_: string, seen: number) => seen;

  it("is what is in hand and what is answered but not sent", () => {
    expect(toKeep([{ item: "a", version: 1 }], [answer("b", 2)], asSeen)).toEqual([
      { item: "a", version: 1 },
      { item: "b", version: 2 },
    ]);
  });

  it("is not what is being taken back", () => {
    expect(toKeep([{ item: "a", version: 1 }], [undo("a", 1)], asSeen)).toEqual([]);
  });

  it("is named at the version that it is known to be at", () => {
    expect(toKeep([{ item: "a", version: 1 }], [], () => 7)).toEqual([{ item: "a", version: 7 }]);
  });
});
