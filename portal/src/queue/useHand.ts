import { useCallback, useEffect, useReducer, useRef, useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { Line } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { useOutbox, useVersions } from "../outbox/OutboxProvider";
import { afterDeal, ENOUGH, NEW_DEAL, pauseOf, totalOf } from "./deal";
import { EMPTY_HAND, freshOf, moveHand } from "./hand";
import { afterHeartbeat, isLost, leasesFrom, type Lease } from "./lease";
import { useAway } from "./useAway";
import { useHeartbeat } from "./useHeartbeat";

/** Work for one person: dealt before it is needed, held while it is looked at, given back when they leave. */
export function useHand(fab: string, line: Line) {
  const { lease_s: leaseS, most_leased: mostLeased } = usePerson().me;
  const [hand, move] = useReducer(moveHand, EMPTY_HAND);
  const [leases, setLeases] = useState<readonly Lease[]>([]);
  const held = useRef(hand);
  useEffect(() => {
    held.current = hand;
  });
  const giveBack = useGiveBack();
  const giveAllBack = useCallback(() => held.current.items.forEach(({ item, version }) => giveBack(item, version)), [giveBack]);
  useEffect(() => giveAllBack, [giveAllBack]);
  const { away, comeBack } = useAway(leaseS * 1000, () => {
    giveAllBack();
    move({ kind: "put down" });
  });

  const fetch = useFetch(fab, line);
  const onAsk = useCallback(async () => {
    const { items, sending, askedAtMs, total } = await fetch(mostLeased);
    const fresh = freshOf(held.current, items, sending).length;
    move({ kind: "dealt", items, sending });
    setLeases((before) => [...before, ...leasesFrom(items.map(({ item }) => item), askedAtMs, leaseS)]);
    return { fresh, dealt: items.length, total };
  }, [fetch, leaseS, mostLeased]);
  const { deal, ask } = useDeal(onAsk, !away && hand.items.length < ENOUGH);

  useHeartbeat(
    held,
    away,
    useCallback(
      ({ held: kept, lost, askedAtMs }) => {
        setLeases((before) => afterHeartbeat(before, kept, lost, askedAtMs, leaseS));
        move({ kind: "lost", items: lost });
      },
      [leaseS],
    ),
  );
  const isHeld = useCallback((item: string) => !isLost(leases.findLast((lease) => lease.item === item), Date.now()), [leases]);
  return { hand, move, deal, ask, giveBack, isHeld, away, comeBack };
}

/** Return what asks the API for work. */
function useFetch(fab: string, line: Line) {
  const api = useApi();
  const outbox = useOutbox();
  return useCallback(
    async (mostLeased: number) => {
      const waiting = () => outbox.snapshot().waiting.map(({ work }) => work.wafer.item);
      const askedAtMs = Date.now();
      const total = totalOf(waiting().length, mostLeased);
      const { items } = await api.next(fab, line, total);
      return { items, sending: waiting(), askedAtMs, total };
    },
    [api, outbox, fab, line],
  );
}

/** Ask while there is too little in hand, and less often while nothing comes. */
function useDeal(onAsk: () => Promise<{ fresh: number; dealt: number; total: number }>, needy: boolean) {
  const [deal, setDeal] = useState(NEW_DEAL);
  const ask = useCallback(async () => {
    setDeal((before) => ({ ...before, asking: true }));
    try {
      const { fresh, dealt, total } = await onAsk();
      setDeal((before) => afterDeal(before, fresh, dealt, total));
    } catch (error) {
      setDeal((before) => ({ ...before, asking: false, error }));
    }
  }, [onAsk]);
  useEffect(() => {
    if (!needy || deal.asking) return;
    const timer = setTimeout(() => void ask(), pauseOf(deal));
    return () => clearTimeout(timer);
  }, [needy, deal, ask]);
  return { deal, ask };
}

/** What cannot be given back comes back by itself when its lease ends. */
function useGiveBack() {
  const api = useApi();
  const versions = useVersions();
  return useCallback(
    (item: string, version: number, skip = false) => void api.release(item, versions.of(item, version), skip).catch(() => undefined),
    [api, versions],
  );
}
