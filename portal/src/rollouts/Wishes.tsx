import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { RolloutDetail, Wish } from "../api/types";
import { Confirm } from "../app/Confirm";
import { usePerson } from "../app/PersonProvider";

const CHANGES = ["rollout", "rollouts", "models", "model", "fleet"];

const DEEDS: Readonly<Record<Wish, { verb: string; what: (rollout: RolloutDetail) => string }>> = {
  pause: { verb: "Pause", what: () => "It stays in the ring where it is, and goes to no further camera, until somebody has it go on. It still comes back by itself if it does worse." },
  "go on": { verb: "Resume", what: () => "It goes on from the ring where it is." },
  abort: { verb: "Abort", what: ({ previous }) => `Every camera that has the model goes back to ${previous}. This cannot be taken back; the model can be rolled out anew later.` },
};

/** What an administrator may want of a rollout under way. */
export function Wishes({ rollout }: { rollout: RolloutDetail }) {
  const { me } = usePerson();
  const api = useApi();
  const [asked, setAsked] = useState<Wish | null>(null);
  if (!me.roles.includes("admin") || rollout.ended_ms != null || rollout.wish === "abort") return null;
  const offered: Wish[] = [rollout.wish === "pause" ? "go on" : "pause", "abort"];
  return (
    <>
      <SpaceBetween size="xs" direction="horizontal">
        {offered.map((wish) => (
          <Button key={wish} onClick={() => setAsked(wish)}>
            {DEEDS[wish].verb}
          </Button>
        ))}
      </SpaceBetween>
      {asked && (
        <Confirm
          title={`${DEEDS[asked].verb} the rollout of ${rollout.model}?`}
          verb={DEEDS[asked].verb}
          deed={() => api.wish(rollout.rollout, asked)}
          changes={CHANGES}
          onClose={() => setAsked(null)}
        >
          {DEEDS[asked].what(rollout)}
        </Confirm>
      )}
    </>
  );
}
