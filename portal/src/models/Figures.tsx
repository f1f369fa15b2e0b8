import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import type { ModelDetail, Pair } from "../api/types";
import { useUrlState } from "../app/useUrlState";
import { labelWords } from "../app/words";
import { Beside, Changed } from "./Changed";
import { labelRows, overallRows, type FigureRow, type LabelRow } from "./figures";

const OVERALL: TableProps.ColumnDefinition<FigureRow>[] = [
  { id: "name", header: "Figure", cell: ({ name }) => name, isRowHeader: true },
  { id: "candidate", header: "This model", cell: ({ candidate }) => <b>{candidate}</b> },
  { id: "before", header: "The one before", cell: ({ before }) => before },
  { id: "difference", header: "Difference", cell: (row) => <Changed row={row} /> },
];

const BY_LABEL: TableProps.ColumnDefinition<LabelRow>[] = [
  { id: "label", header: "Class", cell: ({ label }) => labelWords(label), isRowHeader: true },
  { id: "wafers", header: "Wafers", cell: ({ wafers }) => wafers },
  { id: "recall", header: "Recall (before)", cell: ({ recall }) => <Beside row={recall} /> },
  { id: "precision", header: "Precision (before)", cell: ({ precision }) => <Beside row={precision} /> },
  { id: "f1", header: "F1 (before)", cell: ({ f1 }) => <Beside row={f1} /> },
];

/** What the model is worth, beside the one that was in use when it was trained, on the same wafers. */
export function Figures({ model, test }: { model: ModelDetail; test: Pair }) {
  const [params, change] = useUrlState();
  const recent = params.get("set") === "recent";
  const pair = recent ? model.recent : test;
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={model.compared_with ? `Beside ${model.compared_with}, on the same wafers` : "There was no model to compare it with"}
          actions={
            <SegmentedControl
              label="Measured on"
              selectedId={recent ? "recent" : "test"}
              options={[
                { id: "test", text: "Frozen test set" },
                { id: "recent", text: "Recently reviewed" },
              ]}
              onChange={({ detail }) => change({ set: detail.selectedId === "recent" ? "recent" : "" })}
            />
          }
        >
          Figures
        </Header>
      }
    >
      {pair ? <Rows pair={pair} model={model} /> : <Alert type="info">No reviewed wafer was recent enough that neither model had learned from it.</Alert>}
    </Container>
  );
}

function Rows({ pair, model }: { pair: Pair; model: ModelDetail }) {
  return (
    <SpaceBetween size="m">
      <Table
        variant="embedded"
        header={<Header variant="h3" counter={`(${pair.candidate.wafers} wafers)`}>Over all</Header>}
        items={overallRows(pair, model)}
        trackBy="name"
        columnDefinitions={OVERALL}
      />
      <Table
        variant="embedded"
        header={
          <Header variant="h3" description="The hardest first">
            By class
          </Header>
        }
        items={labelRows(pair)}
        trackBy="label"
        columnDefinitions={BY_LABEL}
        empty={<Box textAlign="center">No class occurs.</Box>}
      />
    </SpaceBetween>
  );
}
