import { useEffect } from "react";

import { useSession } from "../auth/SessionProvider";
import { useOutbox, useOutboxState } from "../outbox/OutboxProvider";
import { Confirm } from "./Confirm";
import { counted } from "./words";

/** Signs out as soon as every answer is sent, and asks before it leaves one behind. */
export function SigningOut({ onClose }: { onClose: () => void }) {
  const { signOut } = useSession();
  const { retry } = useOutbox();
  const { waiting, durable } = useOutboxState();
  const isSent = waiting.length === 0;
  useEffect(() => {
    if (isSent) void signOut();
    else retry();
  }, [isSent, signOut, retry]);
  if (isSent) return null;
  return (
    <Confirm
      title={`${counted(waiting.length, "answer")} ${waiting.length === 1 ? "is" : "are"} only in this browser. Sign out?`}
      verb="Sign out"
      deed={signOut}
      changes={[]}
      onClose={onClose}
    >
      {durable ? "Whoever signs in here as you again sends them; nobody else sees them until then." : "This browser stores nothing: signing out loses them."} You are
      signed out by itself when they are sent.
    </Confirm>
  );
}
