import { expect, it, test } from "vitest";

import type { DeviceView } from "../../src/api/types";
import { attentionOf } from "../../src/fleet/attention";

const NOW = 1_800_000_000_000;
const WELL: DeviceView = { fab: "faba", camera: "camera1", heartbeat_ms: NOW - 20_000, silent: false, clock_skew_ms: 40, degraded: [], outbox_messages: 3, outbox_oldest_s: 2, dropped: 0, disk_free_bytes: 20_000_000_000, temperature_c: 55 };

it("a camera that is well asks for nobody", () => {
  expect(attentionOf(WELL, NOW)).toEqual([]);
});

it("one that told nothing of its disk and heat is not suspected", () => {
  expect(attentionOf({ fab: "faba", camera: "camera1", heartbeat_ms: NOW, silent: false, degraded: [] }, NOW)).toEqual([]);
});

test.each<[string, Partial<DeviceView>, RegExp]>([
  ["a silent one", { silent: true, heartbeat_ms: NOW - 40 * 60_000 }, /silent for 40 minutes/],
  ["what it says itself", { degraded: ["no broker"] }, /no broker/],
  ["a backlog", { outbox_oldest_s: 1900 }, /waits for 31 minutes/],
  ["lost messages", { dropped: 4 }, /4 messages dropped/],
  ["a full disk", { disk_free_bytes: 210_000_000 }, /210.0 MB of disk left/],
  ["heat", { temperature_c: 82.4 }, /82 °C/],
  ["a clock ahead or behind", { clock_skew_ms: -90_000 }, /off by -90 s/],
])("%s asks for a person", (_, changes, words) => {
  const [first, ...more] = attentionOf({ ...WELL, ...changes }, NOW);
  expect(first).toMatch(words);
  expect(more).toEqual([]);
});
