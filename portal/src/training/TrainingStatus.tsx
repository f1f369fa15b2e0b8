import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import type { TrainingState } from "../api/types";

const SHOWN: Readonly<Record<TrainingState, readonly [StatusIndicatorProps.Type, string]>> = {
  starting: ["pending", "Starting"],
  running: ["in-progress", "Running"],
  stopping: ["in-progress", "Being stopped"],
  completed: ["success", "Completed"],
  failed: ["error", "Failed"],
  stopped: ["stopped", "Stopped"],
  "timed out": ["error", "Timed out"],
};

/** How a training fares. */
export function TrainingStatus({ state }: { state: TrainingState }) {
  const [type, words] = SHOWN[state];
  return <StatusIndicator type={type}>{words}</StatusIndicator>;
}
