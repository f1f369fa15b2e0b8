import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table from "@cloudscape-design/components/table";

import type { ReviewView } from "../api/types";
import { eventColumns } from "../audit/columns";

/** What people did, the first event first. */
export function History({ review }: { review: ReviewView }) {
  return (
    <Table
      variant="container"
      header={
        <Header
          variant="h2"
          counter={`(${review.history.length})`}
          actions={<StatusIndicator type={review.intact ? "success" : "error"}>{review.intact ? "The chain of events is whole" : "The chain of events was altered"}</StatusIndicator>}
        >
          History
        </Header>
      }
      items={review.history}
      trackBy="hash"
      wrapLines
      columnDefinitions={eventColumns.filter(({ id }) => id !== "item")}
      empty={<Box textAlign="center">Nobody has answered yet.</Box>}
    />
  );
}
