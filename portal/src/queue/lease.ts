/**
 * How long the items in hand stay ours, by this machine's own clock.
 *
 * A lease is granted for a duration; clocks of two machines may differ by hours. It is counted from when the request
 * was sent, so that it never seems to last longer here than it does at the API.
 */

import type { HeldItem } from "../api/types";
import type { Work } from "../outbox/work";

export interface Lease {
  readonly item: string;
  readonly untilMs: number;
}

export function leasesFrom(items: readonly string[], askedAtMs: number, leaseS: number): Lease[] {
  return items.map((item) => ({ item, untilMs: askedAtMs + leaseS * 1000 }));
}

/** A heartbeat every third of a lease: two may be lost on the way. */
export function heartbeatEveryMs(leaseS: number): number {
  return (leaseS * 1000) / 3;
}

export function isLost(lease: Lease | undefined, nowMs: number): boolean {
  return lease === undefined || lease.untilMs <= nowMs;
}

/** Return the leases as a heartbeat left them: the held last anew, the lost are gone, what it did not ask for stays. */
export function afterHeartbeat(leases: readonly Lease[], held: readonly string[], lost: readonly string[], askedAtMs: number, leaseS: number): Lease[] {
  const renewed = leasesFrom(held, askedAtMs, leaseS);
  const named = new Set([...held, ...lost]);
  return [...leases.filter((lease) => !named.has(lease.item)), ...renewed];
}

type Held = Pick<HeldItem, "item" | "version">;

/** Return what to hold on to: what is in hand, and what is answered but not sent. An answer that is being taken back is nobody's. */
export function toKeep(items: readonly Held[], waiting: readonly Work[], versionOf: (item: string, seen: number) => number): HeldItem[] {
  const undone = waiting.filter(({ kind }) => kind === "undo").map(({ wafer }) => wafer.item);
  const answered = waiting.map(({ wafer, body }) => ({ item: wafer.item, version: body.version }));
  const others = items.filter(({ item }) => !answered.some((each) => each.item === item));
  return [...others, ...answered].filter(({ item }) => !undone.includes(item)).map(({ item, version }) => ({ item, version: versionOf(item, version) }));
}
