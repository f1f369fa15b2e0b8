import Alert from "@cloudscape-design/components/alert";
import Link from "@cloudscape-design/components/link";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import { wordsFor } from "../api/client";
import type { ExportView } from "../api/types";

const LOOK_EVERY_MS = 2_000;

/** How far an export is; its address once it is written. */
export function ExportState({ asked }: { asked: ExportView }) {
  const api = useApi();
  const { data, error } = useQuery({
    queryKey: ["export", asked.export],
    queryFn: () => api.export(asked.export),
    initialData: asked,
    refetchInterval: ({ state }) => (state.data?.state === "waiting" ? LOOK_EVERY_MS : false),
  });
  if (error) return <Alert type="error">{wordsFor(error)}</Alert>;
  if (data.state === "failed") return <Alert type="error">The export failed: {data.problem ?? "no reason was given"}.</Alert>;
  if (data.state !== "done" || !data.url) return <StatusIndicator type="in-progress">The export is being written</StatusIndicator>;
  return (
    <StatusIndicator type="success">
      {data.wafers ?? 0} wafers{data.size_bytes == null ? "" : `, ${(data.size_bytes / 1e6).toFixed(1)} MB`}:{" "}
      <Link href={data.url} external externalIconAriaLabel="Opens in a new tab">
        Download
      </Link>
    </StatusIndicator>
  );
}
