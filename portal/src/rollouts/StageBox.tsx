import Box from "@cloudscape-design/components/box";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import type { DeviceStanding, GuardFigures, StageView } from "../api/types";
import { age, labelWords, percent } from "../app/words";
import { sideBySide, type Side } from "./sides";

const ALL = 100;
const GOOD: readonly DeviceStanding["condition"][] = ["runs", "has not taken it up"];

const GUARDS: TableProps.ColumnDefinition<GuardFigures>[] = [
  { id: "name", header: "Guarded figure", cell: ({ name }) => name, isRowHeader: true },
  { id: "rate", header: "Seen", cell: ({ rate, wafers }) => `${percent(rate, 1)} of ${wafers}` },
  { id: "expected", header: "Expected", cell: ({ expected }) => percent(expected, 1) },
  { id: "limit", header: "Too much", cell: ({ limit }) => percent(limit, 1) },
  { id: "evidence", header: "Evidence against it", cell: ({ wealth, needed }) => `${wealth.toPrecision(2)} of ${needed}` },
  { id: "state", header: "State", cell: (guard) => <Guard guard={guard} /> },
];

const SIDES: TableProps.ColumnDefinition<Side>[] = [
  { id: "name", header: "Figure", cell: ({ name }) => name, isRowHeader: true },
  { id: "candidate", header: "The candidate", cell: ({ candidate }) => <b>{candidate}</b> },
  { id: "before", header: "The model before", cell: ({ before }) => before },
];

const DEVICES: TableProps.ColumnDefinition<DeviceStanding>[] = [
  { id: "camera", header: "Camera", cell: ({ fab, camera }) => `${fab} · ${camera}`, isRowHeader: true },
  { id: "condition", header: "With the candidate", cell: ({ condition }) => <StatusIndicator type={GOOD.includes(condition) ? (condition === "runs" ? "success" : "pending") : "error"}>{condition}</StatusIndicator> },
  { id: "problem", header: "Problem", cell: ({ problem }) => problem ?? "–" },
  { id: "restarts", header: "Restarts", cell: ({ restarts }) => restarts },
];

/** A ring that was entered: how far it is, the figures it is judged by, the cameras. */
export function StageBox({ log, words }: { log: StageView; words: string }) {
  const { seen, wanted, guards, devices, learned, offline, uncovered } = log;
  const fabs = Object.entries(seen.fabs).sort();
  const underWay = log.left_ms == null;
  return (
    <SpaceBetween size="s">
      <div className="quiet">
        {words}; entered {age(log.entered_ms)} ago
        {log.left_ms == null ? "" : `, left ${age(log.left_ms)} ago`}
      </div>
      {(log.outcome ?? log.state) && <div>{log.outcome ?? log.state}</div>}
      {wanted > 0 && <ProgressBar value={Math.min(ALL, (seen.wafers / wanted) * ALL)} label="Wafers that it has seen" additionalInfo={`${seen.wafers} of ${wanted}`} {...(underWay ? {} : { resultText: "" })} />}
      {fabs.length > 0 && <div>Of them in your fabs: {fabs.map(([fab, wafers]) => `${wafers} in ${fab}`).join(", ")}</div>}
      {uncovered.length > 0 && <Box color="text-status-warning">No canary in {uncovered.join(", ")}: how it does there shows in the later rings.</Box>}
      {learned.length > 0 && <div>New with it: {learned.map(labelWords).join(", ")}</div>}
      {guards.length > 0 && <Table variant="embedded" items={guards} trackBy="name" columnDefinitions={GUARDS} wrapLines />}
      {seen.wafers > 0 && <Table variant="embedded" items={sideBySide(log)} trackBy="name" columnDefinitions={SIDES} wrapLines />}
      {devices.length > 0 && <Table variant="embedded" items={devices} trackBy={({ fab, camera }) => `${fab}/${camera}`} columnDefinitions={DEVICES} wrapLines />}
      {offline > 0 && <Box color="text-status-warning">{offline} not heard of lately: they get it when they are back.</Box>}
    </SpaceBetween>
  );
}

function Guard({ guard }: { guard: GuardFigures }) {
  if (guard.reached != null) return <StatusIndicator type="error">Stopped it at wafer {guard.reached}</StatusIndicator>;
  return <StatusIndicator type={guard.cleared ? "success" : "in-progress"}>{guard.cleared ? "Cleared" : "Watched"}</StatusIndicator>;
}
