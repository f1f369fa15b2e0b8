import { expect, it } from "vitest";

import { afterHeartbeat, heartbeatEveryMs, isLost, leasesFrom } from "../../src/queue/lease";

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
