/** The made-up cloud's cameras, drift detectors, and the chain behind a wafer. */

import { http } from "msw";

import type { components } from "../api/schema";
import type { FakeCloud, FakeRecord } from "./cloud";
import { CANDIDATE, CURRENT, HASH } from "./models";
import { answering, apiPath, needFab, needRecord, needRole, type Visit } from "./respond";
import { waferDetail } from "./show";

type Schemas = components["schemas"];

const MINUTE_MS = 60_000;

const PROMISE = {
  confidence: 0.95,
  thresholds: { none: { bound: 0.02, observed: 0.013, wafers: 1985 }, defects: { bound: 0.05, observed: 0.037, wafers: 1732 } },
};

export function machineHandlers(cloud: FakeCloud) {
  return [
    http.get(apiPath("/fleet"), answering(cloud, fleet)),
    http.get(apiPath("/drift"), answering(cloud, drift)),
    http.get(apiPath("/wafers/:item/why"), answering(cloud, why)),
  ];
}

function fleet(visit: Visit): Schemas["Fleet"] {
  needRole(visit, "engineer", "admin");
  const fab = needFab(visit, visit.query.get("fab"));
  const now = Date.now();
  const well = { fab, heartbeat_ms: now - 20_000, silent: false, clock_skew_ms: 40, version: "1.2.0", model: CURRENT, serial: 1, verified: true, uptime_s: 86_400, degraded: [], outbox_messages: 0, outbox_oldest_s: 0, dropped: 0, quarantined: 0, classified: 4120, last_wafer: now - 30_000, disk_free_bytes: 21_400_000_000, temperature_c: 52.1, edge_ms: 1.7 };
  return {
    current: CURRENT,
    rollout: "000002",
    devices: [
      { ...well, camera: "inspect-1" },
      { ...well, camera: "inspect-2", model: "wafer-map@000003", serial: 4, verified: false, shadow: CURRENT },
      { ...well, camera: "probe-9", heartbeat_ms: now - 40 * MINUTE_MS, silent: true, outbox_messages: 812, outbox_oldest_s: 1900, disk_free_bytes: 210_000_000, temperature_c: 82, degraded: ["no broker"] },
    ],
  };
}

function drift(visit: Visit): Schemas["Drift"] {
  needRole(visit, "engineer", "admin");
  const fab = needFab(visit, visit.query.get("fab"));
  const now = Date.now();
  return {
    fab,
    looked_ms: now - 6 * MINUTE_MS,
    signals: [
      { detector: "process", what: "Scratch", statistic: 3.1, threshold: 5.2, armed: true, usual: 0.021, since_ms: now - 9000 * MINUTE_MS },
      { detector: "camera", what: "inspect-1 sharpness", statistic: 9, threshold: 9, armed: true, usual: 0.91, since_ms: now - 900 * MINUTE_MS, rang_ms: now - 30 * MINUTE_MS },
      { detector: "model", what: CURRENT, statistic: 0, threshold: 4, armed: false },
    ],
    audits: [{ model: CURRENT, suspicion: "it doubts more", begun_ms: now - 3000 * MINUTE_MS, outcome: "dismissed", wafers: 40, right: 39, wrong: 1, unusable: 0, usual_error: 0.02 }],
    alarms: [{ at_ms: now - 30 * MINUTE_MS, detector: "camera", what: "inspect-1 sharpness", figures: { sharpness: { before: 0.91, now: 0.62 } } }],
  };
}

function ruleOf({ said }: FakeRecord): Pick<Schemas["Why"], "thresholds" | "rule"> {
  const { label, probability, reason = null } = said;
  const [accept, alert] = [said.accept ?? 0.8, said.alert ?? 0.5];
  return {
    thresholds: { accept, alert, refusal: {}, promise: PROMISE },
    rule: { label, probability, defect: label !== "none", accepted: probability >= accept, alerted: false, reason },
  };
}

function why(visit: Visit): Schemas["Why"] {
  const record = needRecord(visit, visit.params.item ?? "");
  const { item, fab, camera, timestamp, lot, wafer, said } = record;
  const detail = waferDetail(visit.cloud, record);
  const identity = { item, fab, camera, timestamp, lot, wafer };
  const settled = record.review?.state === "settled";
  return {
    ...identity,
    blind: false,
    picture: { key: `${fab}/${camera}/${item}.png`, sha256: HASH, archived_sha256: HASH },
    model: { model: said.model ?? null, serial: 1, state: "current", manifest_sha256: HASH, signing_key: HASH },
    ...ruleOf(record),
    review: detail.review ?? null,
    learned: settled ? [{ dataset: "000002", created_ms: timestamp, sha256: HASH, wafers: 180, training: "completed", job: "fabwafer-000002-77aa", model: CANDIDATE, model_state: "awaiting approval" }] : [],
    gaps: settled ? [] : ["A person was to be asked, but was not yet."],
  };
}
