import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import StatusIndicator, { type StatusIndicatorProps } from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import type { SignalView } from "../api/types";
import { labelWords, moment } from "../app/words";
import { Statistic } from "./Statistic";

type Detector = SignalView["detector"];

export const DETECTORS: Readonly<Record<Detector, readonly [name: string, what: string]>> = {
  process: ["The process moved", "The share of each class, lot by lot, against what the lots usually differ by"],
  camera: ["A camera moved", "What a picture tells of its camera whatever the wafer is: grey levels, sharpness, size, tilt, die count"],
  model: ["The model got worse", "How it doubts beyond what any mix of classes explains; forty audited wafers confirm it"],
};

const NEAR = 0.7;
const DIGITS = 3;

const COLUMNS: TableProps.ColumnDefinition<SignalView>[] = [
  { id: "what", header: "Watched", cell: ({ what }) => labelWords(what), isRowHeader: true, minWidth: 130 },
  { id: "state", header: "State", cell: (signal) => <State signal={signal} />, minWidth: 150 },
  { id: "statistic", header: "Statistic and threshold", cell: (signal) => <Statistic signal={signal} />, minWidth: 220 },
  { id: "usual", header: "Usually", cell: ({ usual }) => (usual == null ? "–" : usual.toPrecision(DIGITS)) },
  { id: "since", header: "Grows since", cell: ({ since_ms: since }) => (since == null ? "–" : moment(since)), minWidth: 150 },
];

/** One detector's sums, those that have come furthest first. */
export function Signals({ detector, signals }: { detector: Detector; signals: readonly SignalView[] }) {
  const [name, what] = DETECTORS[detector];
  return (
    <Table
      header={
        <Header variant="h2" counter={`(${signals.length})`} description={what}>
          {name}
        </Header>
      }
      items={signals}
      trackBy="what"
      columnDefinitions={COLUMNS}
      empty={<Box textAlign="center">It has seen nothing to watch yet.</Box>}
    />
  );
}

function State({ signal }: { signal: SignalView }) {
  const [type, words] = stateOf(signal);
  return <StatusIndicator type={type}>{words}</StatusIndicator>;
}

function stateOf({ armed, rang_ms: rang, statistic, threshold }: SignalView): readonly [StatusIndicatorProps.Type, string] {
  if (rang != null) return ["error", `Alarmed ${moment(rang)}`];
  if (!armed) return ["pending", "Not armed yet"];
  return statistic >= NEAR * threshold ? ["warning", "Near its threshold"] : ["success", "Quiet"];
}
