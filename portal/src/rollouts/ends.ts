/** A rollout that did not come everywhere -> why, who is to blame, and how far the way back is, in sentences. */

import type { RolloutDetail } from "../api/types";

export function endOf(rollout: RolloutDetail, reason: string): string {
  const blame = rollout.blamed ? "The model itself is to blame." : "The model is not to blame.";
  const back = rollout.ended_ms == null ? rollout.stages.at(-1)?.state : undefined;
  return [`${reason}.`, blame, ...(back ? [`On the way back: ${back}.`] : [])].join(" ");
}
