import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import { useApi } from "../api/ApiProvider";
import type { WaferView } from "../api/types";
import { Empty, Failure } from "../app/Answers";
import { usePerson } from "../app/PersonProvider";
import { PlaceLink } from "../app/PlaceLink";
import { lotPath, waferPath } from "../app/places";
import { More, usePages } from "../app/usePages";
import { useUrlState } from "../app/useUrlState";
import { labelWords, moment, nameOf, percent, STATES, wordsOf } from "../app/words";
import { Filters } from "./Filters";
import { FIELDS, queryOf } from "./query";
import { SavedViews } from "./SavedViews";

const PAGE = 50;

const COLUMNS: TableProps.ColumnDefinition<WaferView>[] = [
  { id: "wafer", header: "Wafer", cell: (wafer) => <PlaceLink to={waferPath(wafer)}>{wafer.wafer == null ? nameOf(wafer) : `Wafer ${wafer.wafer}`}</PlaceLink>, isRowHeader: true, minWidth: 95 },
  { id: "when", header: "Taken", cell: ({ timestamp }) => moment(timestamp), minWidth: 130 },
  { id: "camera", header: "Camera", cell: ({ camera }) => camera },
  { id: "lot", header: "Lot", cell: ({ fab, lot }) => (lot ? <PlaceLink to={lotPath(fab, lot)}>{lot}</PlaceLink> : "–") },
  { id: "label", header: "The model says", cell: ({ model_answer: model }) => (model ? <>{labelWords(model.label)}, <span className="together">{percent(model.probability)}</span></> : "to be read blind") },
  { id: "novelty", header: "Novelty", cell: ({ model_answer: model }) => model?.novelty?.toFixed(2) ?? "–" },
  { id: "alerted", header: "Alerted", cell: ({ alerted }) => (alerted == null ? "–" : alerted ? "Yes" : "No") },
  { id: "state", header: "Review", cell: ({ state }) => (state ? STATES[state] : "–") },
  { id: "answer", header: "People say", cell: ({ answer }) => (answer ? wordsOf(answer) : "–") },
];

/** All wafers of a fab, whatever became of them. */
export function SearchScreen() {
  const { fab } = usePerson();
  const api = useApi();
  const [params, change] = useUrlState();
  const query = queryOf(fab, params, PAGE);
  const { rows: wafers, pages, waiting } = usePages(["wafers", query], (cursor) => api.wafers(query, cursor), (page) => page.wafers);
  return (
    <ContentLayout header={<Header variant="h1" description="Every wafer that a camera has sent, newest first. The address holds the search: share it or keep it as a view.">Wafers</Header>}>
      <SpaceBetween size="l">
        <div>
          <Filters key={params.toString()} params={params} onSearch={change} />
          <SavedViews screen="wafers" fields={FIELDS} params={params} onOpen={change} />
        </div>
        {pages.isError && <Failure error={pages.error} onRetry={() => void pages.refetch()} />}
        <Table
          header={<Header variant="h2" counter={pages.data ? `(${wafers.length}${pages.hasNextPage ? "+" : ""})` : ""}>Found</Header>}
          items={wafers}
          trackBy="item"
          loading={waiting}
          loadingText="Fetching wafers"
          columnDefinitions={COLUMNS}
          wrapLines
          stickyHeader
          empty={<Empty title="No wafer matches">Leave out a condition.</Empty>}
          footer={<More pages={pages} what="wafers" />}
        />
      </SpaceBetween>
    </ContentLayout>
  );
}
