import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import type { RolloutSummary } from "../api/types";

const ENDS: Readonly<Partial<Record<RolloutSummary["stage"], readonly [StatusIndicatorProps.Type, string]>>> = {
  done: ["success", "Everywhere"],
  "rolled back": ["error", "Rolled back"],
  aborted: ["stopped", "Aborted"],
};

/** Where a rollout is, and what a person wants of it. */
export function RolloutStatus({ rollout }: { rollout: RolloutSummary }) {
  const [type, words] = ENDS[rollout.stage] ?? underWay(rollout);
  return <StatusIndicator type={type}>{words}</StatusIndicator>;
}

function underWay({ stage, wish }: RolloutSummary): readonly [StatusIndicatorProps.Type, string] {
  if (wish === "abort") return ["in-progress", `Being aborted in ${stage}`];
  if (wish === "pause") return ["stopped", `Paused in ${stage}`];
  return ["in-progress", `In ${stage}`];
}
