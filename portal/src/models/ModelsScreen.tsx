import Box from "@cloudscape-design/components/box";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { ModelList, ModelSummary } from "../api/types";
import { Answer, Empty } from "../app/Answers";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath, rolloutPath, trainingPath } from "../app/places";
import { moment, percent, points } from "../app/words";
import { ModelStatus } from "./ModelStatus";

const COLUMNS: TableProps.ColumnDefinition<ModelSummary>[] = [
  { id: "model", header: "Model", cell: ({ model }) => <PlaceLink to={modelPath(model)}>{model}</PlaceLink>, isRowHeader: true, minWidth: 150 },
  { id: "state", header: "State", cell: ({ state }) => <ModelStatus state={state} />, minWidth: 150 },
  { id: "created", header: "Registered", cell: ({ created_ms: at }) => moment(at), minWidth: 125 },
  { id: "f1", header: "Macro-F1, against the one before", cell: ({ macro_f1: f1, macro_f1_before: before }) => <><div>{percent(f1, 1)}</div>{f1 != null && before != null && <div>{points(f1 - before)}</div>}</> },
  { id: "verdict", header: "Release rule", cell: ({ passed, reasons }) => (passed == null ? "–" : passed ? "Passed" : reasons.join("; ")), minWidth: 170 },
  { id: "by", header: "Decided by", cell: ({ decided_by: by, passed }) => by ?? (passed == null ? "–" : "the rule") },
  { id: "training", header: "Training", cell: ({ training }) => (training ? <PlaceLink to={trainingPath(training)}>{training}</PlaceLink> : "shipped") },
];

/** Every model of the line, and which of them the fleet is meant to run. */
export function ModelsScreen() {
  const api = useApi();
  const query = useQuery({ queryKey: ["models"], queryFn: api.models });
  return (
    <ContentLayout header={<Header variant="h1" description="Every version that was shipped or trained, what it is worth and what became of it.">Models</Header>}>
      <Answer query={query} what="the models">
        {(found) => (
          <SpaceBetween size="l">
            <InUse line={found} />
            <Table
              header={
                <Header variant="h2" counter={`(${found.models.length})`}>
                  Versions
                </Header>
              }
              items={found.models}
              trackBy="model"
              columnDefinitions={COLUMNS}
              wrapLines
              stickyHeader
              empty={<Empty title="No models yet">One is listed once it is registered: the shipped one, or the first that training makes.</Empty>}
            />
          </SpaceBetween>
        )}
      </Answer>
    </ContentLayout>
  );
}

function InUse({ line }: { line: ModelList }) {
  const { current, serial, rollout } = line;
  return (
    <KeyValuePairs
      columns={3}
      items={[
        { label: "In use", value: current ? <PlaceLink to={modelPath(current)}>{current}</PlaceLink> : "not registered yet" },
        { label: "Signatures made", value: serial ?? "–" },
        { label: "Rollout under way", value: rollout ? <PlaceLink to={rolloutPath(rollout)}>{rollout}</PlaceLink> : <Box color="text-body-secondary">none</Box> },
      ]}
    />
  );
}
