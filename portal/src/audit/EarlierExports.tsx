import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { ExportView } from "../api/types";
import { Empty, Failure } from "../app/Answers";
import { moment } from "../app/words";
import { ExportState } from "./ExportState";
import { FORMATS, SCOPES } from "./forms";

const LOOK_EVERY_MS = 2_000;
/** An address is good for fifteen minutes. */
const FRESH_MS = 10 * 60_000;

const COLUMNS: TableProps.ColumnDefinition<ExportView>[] = [
  { id: "when", header: "Asked for", cell: ({ requested_ms: at, requested_by: by }) => `${moment(at)} by ${by}`, isRowHeader: true },
  { id: "format", header: "Format", cell: ({ format }) => FORMATS.find(([id]) => id === format)?.[1] ?? format },
  { id: "scope", header: "Wafers", cell: ({ scope }) => SCOPES.find(([id]) => id === scope)?.[1] ?? scope },
  { id: "state", header: "State", cell: (asked) => <ExportState asked={asked} /> },
];

/** What was exported in the last days, newest first, by anybody. */
export function EarlierExports({ fab }: { fab: string }) {
  const api = useApi();
  const list = useQuery({
    queryKey: ["exports", fab],
    queryFn: () => api.exports(fab),
    refetchInterval: ({ state }) => (state.data?.exports.some((each) => each.state === "waiting") ? LOOK_EVERY_MS : FRESH_MS),
  });
  if (list.isError) return <Failure error={list.error} onRetry={() => void list.refetch()} />;
  return (
    <Table
      variant="embedded"
      items={list.data?.exports ?? []}
      trackBy="export"
      loading={list.isPending}
      loadingText="Fetching exports"
      columnDefinitions={COLUMNS}
      wrapLines
      ariaLabels={{ tableLabel: "Exports" }}
      empty={<Empty title="No exports yet">They are kept for seven days.</Empty>}
    />
  );
}
