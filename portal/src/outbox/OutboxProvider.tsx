import { createContext, useContext, useEffect, useState, useSyncExternalStore, type ReactNode } from "react";

import { useApi } from "../api/ApiProvider";
import { useSession } from "../auth/SessionProvider";
import { Outbox, type OutboxState } from "./outbox";
import { indexedDbStore } from "./store";
import { atKnownVersion, callOf, senderOf, Versions, type Work } from "./work";

interface Sending {
  readonly outbox: Outbox<Work>;
  readonly versions: Versions;
}

const OutboxContext = createContext<Sending | null>(null);

function useSending(): Sending {
  const sending = useContext(OutboxContext);
  if (!sending) throw new Error("useOutbox: expected inside an OutboxProvider");
  return sending;
}

export function useOutbox(): Outbox<Work> {
  return useSending().outbox;
}

export function useVersions(): Versions {
  return useSending().versions;
}

export function useOutboxState(): OutboxState<Work> {
  const outbox = useOutbox();
  return useSyncExternalStore(outbox.subscribe, outbox.snapshot);
}

/** Keeps and sends the answers of who is signed in, on whichever screen they are. */
export function OutboxProvider({ children }: { children: ReactNode }) {
  const api = useApi();
  const { user } = useSession().session;
  const [sending] = useState(() => {
    const versions = new Versions();
    const upToDate = (work: Work) => atKnownVersion(work, versions);
    return { versions, outbox: new Outbox<Work>({ user, store: indexedDbStore(), callOf, send: senderOf(api, versions), upToDate }) };
  });
  const { outbox } = sending;
  useEffect(() => {
    void outbox.open();
    window.addEventListener("online", outbox.retry);
    const onLeave = (event: BeforeUnloadEvent) => {
      const { waiting, durable } = outbox.snapshot();
      if (waiting.length > 0 && !durable) event.preventDefault();
    };
    window.addEventListener("beforeunload", onLeave);
    return () => {
      outbox.close();
      window.removeEventListener("online", outbox.retry);
      window.removeEventListener("beforeunload", onLeave);
    };
  }, [outbox]);
  return <OutboxContext value={sending}>{children}</OutboxContext>;
}
