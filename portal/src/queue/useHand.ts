import { useCallback, useEffect, useReducer, useRef, useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { Line } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { useOutbox, useVersions } from "../outbox/OutboxProvider";
import { EMPTY_HAND, moveHand } from "./hand";
import { afterHeartbeat, heartbeatEveryMs, isLost, leasesFrom, type Lease } from "./lease";

/** The one that is looked at, and the next five. */
const ENOUGH = 6;
const MOST_HELD = 8;
const LOOK_AGAIN_MS = 10_000;
const TRY_AGAIN_MS = 3_000;

/** Work for one person: dealt before it is needed, held while it is looked at, given back when they leave. */
export function useHand(fab: string, line: Line) {
  const api = useApi();
  const outbox = useOutbox();
  const versions = useVersions();
  const { lease_s: leaseS, most_leased: mostLeased } = usePerson().me;
  const [hand, move] = useReducer(moveHand, EMPTY_HAND);
  const [leases, setLeases] = useState<readonly Lease[]>([]);
  const [deal, setDeal] = useState<{ state: "idle" | "asking" | "dry"; error: unknown }>({ state: "idle", error: null });
  const held = useRef(hand.items);
  useEffect(() => {
    held.current = hand.items;
  });

  const need = hand.items.length < ENOUGH ? Math.min(MOST_HELD, mostLeased) - hand.items.length : 0;
  const ask = useCallback(async () => {
    const askedAt = Date.now();
    setDeal((before) => ({ ...before, state: "asking" }));
    try {
      const count = Math.max(1, Math.min(MOST_HELD, mostLeased) - held.current.length);
      const { items } = await api.next(fab, line, count);
      const sending = outbox.snapshot().waiting.map(({ work }) => work.wafer.item);
      move({ kind: "dealt", items, sending });
      setLeases((before) => [...before, ...leasesFrom(items.map(({ item }) => item), askedAt, leaseS)]);
      setDeal({ state: items.length < count ? "dry" : "idle", error: null });
    } catch (error) {
      setDeal({ state: "dry", error });
    }
  }, [api, outbox, fab, line, leaseS, mostLeased]);
  useEffect(() => {
    if (need === 0 || deal.state === "asking") return;
    const pause = deal.state === "idle" ? 0 : deal.error ? TRY_AGAIN_MS : LOOK_AGAIN_MS;
    const timer = setTimeout(() => void ask(), pause);
    return () => clearTimeout(timer);
  }, [need, deal, ask]);

  useEffect(() => {
    const beat = async () => {
      const sending = new Set(outbox.snapshot().waiting.map(({ work }) => work.wafer.item));
      const mine = held.current.filter(({ item }) => !sending.has(item));
      if (mine.length === 0) return;
      const askedAt = Date.now();
      const answer = await api.heartbeat(mine.map(({ item, version }) => ({ item, version: versions.of(item, version) })));
      setLeases((before) => afterHeartbeat(before, answer.held.map(({ item }) => item), answer.lost, askedAt, leaseS));
      move({ kind: "lost", items: answer.lost });
    };
    // A heartbeat that fails is followed by the next; the lease outlasts two.
    const timer = setInterval(() => void beat().catch(() => undefined), heartbeatEveryMs(leaseS));
    return () => clearInterval(timer);
  }, [api, outbox, versions, leaseS]);

  const giveBack = useCallback(
    (item: string, version: number, skip = false) => {
      // What cannot be given back comes back by itself when its lease ends.
      void api.release(item, versions.of(item, version), skip).catch(() => undefined);
    },
    [api, versions],
  );
  useEffect(() => () => held.current.forEach(({ item, version }) => giveBack(item, version)), [giveBack]);

  const isHeld = useCallback((item: string) => !isLost(leases.findLast((lease) => lease.item === item), Date.now()), [leases]);
  return { hand, move, deal, ask, giveBack, isHeld };
}
