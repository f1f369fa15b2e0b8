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
    { id: "camera", header: "Camera", cell: ({ camera }) => camera, isRowHeader: true, minWidth: 110 },
    { id: "state", header: "State", cell: (device) => <State device={device} />, minWidth: 170 },
    { id: "heartbeat", header: "Heartbeat", cell: ({ heartbeat_ms: at }) => `${age(at)} ago`, minWidth: 120 },
    { id: "model", header: "Model", cell: (device) => <Model device={device} current={current} />, minWidth: 190 },
    { id: "version", header: "Component", cell: ({ version }) => version ?? NONE },
    { id: "outbox", header: "Outbox", cell: Outbox, minWidth: 120 },
    { id: "last", header: "Last wafer", cell: ({ last_wafer: at }) => (at == null ? NONE : `${age(at)} ago`), minWidth: 120 },
    { id: "classified", header: "Classified", cell: ({ classified, quarantined }) => (quarantined ? `${classified ?? 0} (${quarantined} unreadable)` : (classified ?? NONE)) },
    { id: "time", header: "Time of a wafer", cell: ({ edge_ms: ms }) => (ms == null ? NONE : `${ms.toFixed(1)} ms`) },
    { id: "disk", header: "Disk left", cell: ({ disk_free_bytes: bytes }) => size(bytes), minWidth: 90 },
    { id: "temperature", header: "Temperature", cell: ({ temperature_c: celsius }) => (celsius == null ? NONE : `${celsius.toFixed(0)} °C`) },
    { id: "uptime", header: "Up for", cell: ({ uptime_s: seconds }) => (seconds == null ? NONE : age(Date.now() - seconds * 1000)), minWidth: 110 },
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
