/** What of a camera asks for a person, in words; nothing for one that is well. */

import type { DeviceView } from "../api/types";
import { age, size } from "../app/words";

const MOST_WAITING_S = 300;
const LEAST_DISK_BYTES = 500_000_000;
/** From here a Raspberry Pi slows itself down. */
const MOST_CELSIUS = 80;
const MOST_SKEW_MS = 60_000;

type Check = (device: DeviceView, now: number) => string | false;

const CHECKS: readonly Check[] = [
  ({ silent, heartbeat_ms: at }, now) => silent && `silent for ${age(at, now)}`,
  ({ outbox_oldest_s: oldest }, now) => oldest != null && oldest > MOST_WAITING_S && `its oldest message waits for ${age(now - oldest * 1000, now)}`,
  ({ dropped }) => dropped != null && dropped > 0 && `${dropped} messages dropped`,
  ({ disk_free_bytes: disk }) => disk != null && disk < LEAST_DISK_BYTES && `${size(disk)} of disk left`,
  ({ temperature_c: celsius }) => celsius != null && celsius >= MOST_CELSIUS && `${celsius.toFixed(0)} °C`,
  ({ clock_skew_ms: skew }) => skew != null && Math.abs(skew) > MOST_SKEW_MS && `its clock is off by ${(skew / 1000).toFixed(0)} s`,
];

export function attentionOf(device: DeviceView, now = Date.now()): string[] {
  const [silent, ...others] = CHECKS.map((check) => check(device, now));
  return [silent, ...device.degraded, ...others].filter((said) => typeof said === "string");
}
