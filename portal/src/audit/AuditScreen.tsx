import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table from "@cloudscape-design/components/table";

import { useApi } from "../api/ApiProvider";
import { Empty, Failure } from "../app/Answers";
import { usePerson } from "../app/PersonProvider";
import { More, usePages } from "../app/usePages";
import { useUrlState } from "../app/useUrlState";
import { dayOf, DAY_MS } from "../search/query";
import { AuditFilters } from "./AuditFilters";
import { eventColumns } from "./columns";
import { Exports } from "./Exports";

const PAGE = 50;

/** Who answered what, when, and what it was before; and the labels to take away. */
export function AuditScreen() {
  const { fab } = usePerson();
  const api = useApi();
  const [params, change] = useUrlState();
  const reviewer = params.get("reviewer");
  const from = dayOf(params.get("from"));
  const to = dayOf(params.get("to"));
  const query = {
    fab,
    limit: PAGE,
    ...(reviewer ? { reviewer } : {}),
    ...(from === null ? {} : { from_ms: from }),
    ...(to === null ? {} : { to_ms: to + DAY_MS - 1 }),
  };
  const { rows: events, pages, waiting } = usePages(["audit", query], (cursor) => api.audit(query, cursor), (page) => page.events);
  return (
    <ContentLayout header={<Header variant="h1" description="Every answer, undo and adjudication. Events are only ever added; each is bound to the one before by its hash.">Audit and export</Header>}>
      <SpaceBetween size="l">
        <Exports fab={fab} />
        {pages.isError && <Failure error={pages.error} onRetry={() => void pages.refetch()} />}
        <Table
          header={
            <Header variant="h2" counter={pages.data ? `(${events.length}${pages.hasNextPage ? "+" : ""})` : ""}>
              Events
            </Header>
          }
          filter={<AuditFilters key={params.toString()} params={params} onSearch={change} />}
          items={events}
          trackBy="hash"
          loading={waiting}
          loadingText="Fetching events"
          columnDefinitions={eventColumns}
          wrapLines
          stickyHeader
          empty={<Empty title="No events">Nobody has answered anything in this time.</Empty>}
          footer={<More pages={pages} what="events" />}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
