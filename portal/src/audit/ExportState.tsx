import Link from "@cloudscape-design/components/link";
import StatusIndicator from "@cloudscape-design/components/status-indicator";

import type { ExportView } from "../api/types";
import { size } from "../app/words";

/** How far an export is; its address once it is written. */
export function ExportState({ asked }: { asked: ExportView }) {
  if (asked.state === "failed") return <StatusIndicator type="error">The export failed: {asked.problem ?? "no reason was given"}</StatusIndicator>;
  if (asked.state !== "done" || !asked.url) return <StatusIndicator type="in-progress">The export is being written</StatusIndicator>;
  return (
    <StatusIndicator type="success">
      {asked.wafers ?? 0} wafers{asked.size_bytes == null ? "" : `, ${size(asked.size_bytes)}`}:{" "}
      <Link href={asked.url} external externalIconAriaLabel="Opens in a new tab">
        Download
      </Link>
    </StatusIndicator>
  );
}
