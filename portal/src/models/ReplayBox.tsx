import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import type { ReplayView } from "../api/types";
import { PlaceLink } from "../app/PlaceLink";
import { waferPath } from "../app/places";
import { labelWords, percent } from "../app/words";

type Example = ReplayView["examples"][number];
interface Count {
  readonly what: string;
  readonly before: number;
  readonly after: number;
}

const COUNTS: TableProps.ColumnDefinition<Count>[] = [
  { id: "what", header: "Wafers", cell: ({ what }) => what, isRowHeader: true },
  { id: "before", header: "The one before", cell: ({ before }) => before },
  { id: "after", header: "This model", cell: ({ after }) => <b>{after}</b> },
  { id: "difference", header: "Difference", cell: ({ before, after }) => `${after < before ? "−" : "+"}${Math.abs(after - before)}` },
];

const EXAMPLES: TableProps.ColumnDefinition<Example>[] = [
  { id: "item", header: "Wafer", cell: ({ item, fab }) => <PlaceLink to={waferPath({ item, fab })}>{item.slice(0, item.lastIndexOf("~"))}</PlaceLink>, isRowHeader: true },
  { id: "camera", header: "Camera", cell: ({ fab, camera }) => `${fab} · ${camera}` },
  { id: "current", header: "The one before says", cell: ({ current }) => labelWords(current) },
  { id: "candidate", header: "This model says", cell: ({ candidate, probability }) => `${labelWords(candidate)}, ${percent(probability)}` },
];

/** What a release would have changed on the last days' wafers. */
export function ReplayBox({ replay }: { replay: ReplayView }) {
  const { candidate, current, examples } = replay;
  const routed: Count[] = [
    { what: "alert", before: current.alerts, after: candidate.alerts },
    { what: "go to a person", before: current.reviews, after: candidate.reviews },
    { what: "are refused as no wafer", before: current.refused, after: candidate.refused },
  ];
  const labels = [...new Set([...Object.keys(current.by_label), ...Object.keys(candidate.by_label)])].sort();
  const called = labels.map((label) => ({ what: labelWords(label), before: current.by_label[label] ?? 0, after: candidate.by_label[label] ?? 0 }));
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={`The last days' ${replay.wafers} archived wafers through both models: ${replay.changed} change their class (${percent(replay.wafers === 0 ? null : replay.changed / replay.wafers, 1)})`}
        >
          Replay
        </Header>
      }
    >
      <SpaceBetween size="m">
        <div className="halves">
          <Table variant="embedded" header={<Header variant="h3">Where they go</Header>} items={routed} trackBy="what" columnDefinitions={COUNTS} />
          <Table variant="embedded" header={<Header variant="h3">What they are called</Header>} items={called} trackBy="what" columnDefinitions={COUNTS} />
        </div>
        <ExpandableSection headerText={`Wafers that change (${examples.length} shown)`}>
          <Table variant="embedded" items={examples} trackBy="item" columnDefinitions={EXAMPLES} empty={<Box textAlign="center">None in your fabs.</Box>} />
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}
