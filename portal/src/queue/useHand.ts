import { useCallback, useEffect, useReducer, useRef, useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { Line } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { useOutbox, useVersions } from "../outbox/OutboxProvider";
import { afterDeal, ENOUGH, NEW_DEAL, pauseOf, totalOf } from "./deal";
import { EMPTY_HAND, freshOf, moveHand } from "./hand";
import { afterHeartbeat, heartbeatEveryMs, isLost, leasesFrom, type Lease } from "./lease";

/** Work for one person: dealt before it is needed, held while it is looked at, given back when they leave. */
export function useHand(fab: string, line: Line) {
  const api = useApi();
  const outbox = useOutbox();
  const versions = useVersions();
  const { lease_s: leaseS, most_leased: mostLeased } = usePerson().me;
  const [hand, move] = useReducer(moveHand, EMPTY_HAND);
  const [leases, setLeases] = useState<readonly Lease[]>([]);
  const [deal, setDeal] = useState(NEW_DEAL);
  const held = useRef(hand);
  useEffect(() => {
    held.current = hand;
  });

  const ask = useCallback(async () => {
    const askedAt = Date.now();
    setDeal((before) => ({ ...before, asking: true }));
    try {
      const total = totalOf(outbox.snapshot().waiting.length, mostLeased);
      const { items } = await api.next(fab, line, total);
      const sending = outbox.snapshot().waiting.map(({ work }) => work.wafer.item);
      const fresh = freshOf(held.current, items, sending).length;
      move({ kind: "dealt", items, sending });
      setLeases((before) => [...before, ...leasesFrom(items.map(({ item }) => item), askedAt, leaseS)]);
      setDeal((before) => afterDeal(before, fresh, items.length, total));
    } catch (error) {
      setDeal((before) => ({ ...before, asking: false, error }));
    }
  }, [api, outbox, fab, line, leaseS, mostLeased]);
  const needy = hand.items.length < ENOUGH;
  useEffect(() => {
    if (!needy || deal.asking) return;
    const timer = setTimeout(() => void ask(), pauseOf(deal));
    return () => clearTimeout(timer);
  }, [needy, deal, ask]);

  useEffect(() => {
    const beat = async () => {
      const sending = new Set(outbox.snapshot().waiting.map(({ work }) => work.wafer.item));
      const mine = held.current.items.filter(({ item }) => !sending.has(item));
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
  useEffect(() => () => held.current.items.forEach(({ item, version }) => giveBack(item, version)), [giveBack]);

  const isHeld = useCallback((item: string) => !isLost(leases.findLast((lease) => lease.item === item), Date.now()), [leases]);
  return { hand, move, deal, ask, giveBack, isHeld };
}
