import Box from "@cloudscape-design/components/box";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import type { TableProps } from "@cloudscape-design/components/table";

import type { DeviceView } from "../api/types";
import { age, size } from "../app/words";
import { attentionOf } from "./attention";

const NONE = "–";

/** The columns of the fleet's table; the model is marked where it is not the one in use. */
export function columns(current: string | null): TableProps.ColumnDefinition<DeviceView>[] {
  return [
    { id: "camera", header: "Camera", cell: ({ camera }) => camera, isRowHeader: true },
    { id: "state", header: "State", cell: (device) => <State device={device} />, minWidth: 150 },
    { id: "heartbeat", header: "Heartbeat", cell: ({ heartbeat_ms: at }) => `${age(at)} ago`, minWidth: 110 },
    { id: "model", header: "Model", cell: (device) => <Model device={device} current={current} />, minWidth: 170 },
    { id: "outbox", header: "Outbox", cell: Outbox, minWidth: 110 },
    { id: "wafers", header: "Wafers", cell: (device) => <Lines of={wafersOf(device)} />, minWidth: 150 },
    { id: "machine", header: "Machine", cell: (device) => <Lines of={machineOf(device)} />, minWidth: 120 },
  ];
}

/** What of it is known, a line each. */
function Lines({ of }: { of: readonly (string | false)[] }) {
  const known = of.filter((line) => line !== false);
  return known.length === 0 ? NONE : known.map((line) => <div key={line}>{line}</div>);
}

function wafersOf({ classified, quarantined, last_wafer: last, edge_ms: ms }: DeviceView) {
  return [
    classified != null && `${classified} classified`,
    quarantined != null && quarantined > 0 && `${quarantined} unreadable`,
    last != null && `the last ${age(last)} ago`,
    ms != null && `${ms.toFixed(1)} ms each`,
  ];
}

function machineOf({ version, disk_free_bytes: bytes, temperature_c: celsius, uptime_s: seconds }: DeviceView) {
  return [
    version != null && `component ${version}`,
    bytes != null && `${size(bytes)} left`,
    celsius != null && `${celsius.toFixed(0)} °C`,
    seconds != null && `up for ${age(Date.now() - seconds * 1000)}`,
  ];
}

function State({ device }: { device: DeviceView }) {
  const attention = attentionOf(device);
  if (attention.length === 0) return <StatusIndicator type="success">Well</StatusIndicator>;
  return <StatusIndicator type={device.silent ? "error" : "warning"}>{attention.join("; ")}</StatusIndicator>;
}

function Model({ device, current }: { device: DeviceView; current: string | null }) {
  const { model, serial, verified, shadow } = device;
  return (
    <>
      {model ?? "none"}
      {serial == null ? "" : `, signature ${serial}`}
      {verified === false && <Box color="text-status-warning">its signature was not verified</Box>}
      {current !== null && model !== current && <Box color="text-status-warning">not the one in use</Box>}
      {shadow && <Box color="text-body-secondary">beside it {shadow}</Box>}
    </>
  );
}

function Outbox({ outbox_messages: waiting, outbox_oldest_s: oldest }: DeviceView) {
  if (waiting == null) return NONE;
  return waiting === 0 || oldest == null ? waiting : `${waiting}, the oldest for ${age(Date.now() - oldest * 1000)}`;
}
