import { useEffect, type RefObject } from "react";

import { useApi } from "../api/ApiProvider";
import { usePerson } from "../app/PersonProvider";
import { useOutbox, useVersions } from "../outbox/OutboxProvider";
import type { Hand } from "./hand";
import { heartbeatEveryMs, toKeep } from "./lease";

interface Beat {
  readonly held: readonly string[];
  readonly lost: readonly string[];
  readonly askedAtMs: number;
}

/** Holds on to what is in hand or on its way, while somebody is there. */
export function useHeartbeat(hand: RefObject<Hand>, away: boolean, onBeat: (beat: Beat) => void): void {
  const api = useApi();
  const outbox = useOutbox();
  const versions = useVersions();
  const { lease_s: leaseS, most_leased: mostLeased } = usePerson().me;
  useEffect(() => {
    if (away) return;
    const waiting = () => outbox.snapshot().waiting.map(({ work }) => work);
    const beat = async () => {
      const kept = toKeep(hand.current.items, waiting(), versions.of).slice(0, 2 * mostLeased);
      if (kept.length === 0) return;
      const askedAtMs = Date.now();
      const { held, lost } = await api.heartbeat(kept);
      // What was answered or taken back meanwhile was asked for at a version that is over: that is no loss.
      const still = toKeep(hand.current.items, waiting(), versions.of);
      const isLost = (item: string) => still.some((each) => each.item === item && kept.some((sent) => sent.item === item && sent.version === each.version));
      onBeat({ held: held.map(({ item }) => item), lost: lost.filter(isLost), askedAtMs });
    };
    // A heartbeat that fails is followed by the next; the lease outlasts two.
    const timer = setInterval(() => void beat().catch(() => undefined), heartbeatEveryMs(leaseS));
    return () => clearInterval(timer);
  }, [api, outbox, versions, leaseS, mostLeased, hand, away, onBeat]);
}
