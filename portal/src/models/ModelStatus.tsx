import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";

import type { ModelState } from "../api/types";

const SHOWN: Readonly<Record<ModelState, readonly [StatusIndicatorProps.Type, string]>> = {
  refused: ["error", "Refused by the release rule"],
  "awaiting approval": ["pending", "Waits for approval"],
  approved: ["pending", "Approved"],
  rejected: ["stopped", "Rejected"],
  "rolling out": ["in-progress", "Rolling out"],
  current: ["success", "In use"],
  "rolled back": ["error", "Rolled back"],
  retired: ["stopped", "Retired"],
};

/** What became of a model. */
export function ModelStatus({ state }: { state: ModelState }) {
  const [type, words] = SHOWN[state];
  return <StatusIndicator type={type}>{words}</StatusIndicator>;
}
