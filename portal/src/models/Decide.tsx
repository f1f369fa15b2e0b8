import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { ModelDetail } from "../api/types";
import { Confirm } from "../app/Confirm";
import { usePerson } from "../app/PersonProvider";

const CHANGES = ["model", "models", "rollouts", "rollout", "fleet"];

/** What an administrator may decide about a model; nothing where there is nothing to decide. */
export function Decide({ model }: { model: ModelDetail }) {
  const { me } = usePerson();
  const api = useApi();
  const [asked, setAsked] = useState<"approve" | "reject" | null>(null);
  const waits = model.state === "awaiting approval" || model.state === "approved";
  const retired = model.state === "retired";
  if (!me.roles.includes("admin") || !(waits || retired)) return null;
  const close = () => setAsked(null);
  return (
    <>
      <SpaceBetween size="xs" direction="horizontal">
        {waits && <Button onClick={() => setAsked("reject")}>Reject</Button>}
        <Button variant="primary" onClick={() => setAsked("approve")}>
          {retired ? "Roll out again" : "Approve"}
        </Button>
      </SpaceBetween>
      {asked === "approve" && (
        <Confirm title={`Roll out ${model.model}?`} verb="Roll out" deed={() => api.decide(model.model, true)} changes={CHANGES} onClose={close}>
          {retired
            ? "It ran everywhere before, so it takes over at once, ring by ring: only whether the devices run it is looked at, not what it says."
            : "It starts beside the model in use on some cameras of every fab and takes over ring by ring. It comes back off them by itself if it does worse."}{" "}
          The rollout can be paused and aborted.
        </Confirm>
      )}
      {asked === "reject" && (
        <Confirm title={`Reject ${model.model}?`} verb="Reject" deed={() => api.decide(model.model, false)} changes={CHANGES} onClose={close}>
          It will not be rolled out. The cameras keep the model that they have.
        </Confirm>
      )}
    </>
  );
}
