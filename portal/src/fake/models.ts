/** The made-up cloud's models: one in use, one that waits for approval, one that was refused. */

import { http } from "msw";

import type { components } from "../api/schema";
import type { FakeCloud } from "./cloud";
import type { FakeLoop } from "./loop";
import { answering, apiPath, needRole, Refusal, type Visit } from "./respond";
import { LABELS, randomOf } from "./wafers";

type Schemas = components["schemas"];
type ModelDetail = Schemas["ModelDetail"];

export const CURRENT = "wafer-map@1.4.0";
export const CANDIDATE = "wafer-map@000002";
export const REFUSED = "wafer-map@000001";
export const HASH = "5f2b9c1d".repeat(8);
const DAY_MS = 86_400_000;
const SUMMARY = [
  ...(["model", "state", "created_ms", "training", "dataset", "begun_from", "compared_with"] as const),
  ...(["macro_f1", "macro_f1_before", "passed", "reasons", "decided_by", "decided_ms"] as const),
];

export function modelHandlers(cloud: FakeCloud, loop: FakeLoop) {
  return [
    http.get(apiPath("/models"), answering(cloud, (visit) => list(visit, loop))),
    http.get(apiPath("/models/:model"), answering(cloud, (visit) => needModel(visit, loop))),
    http.post(apiPath("/models/:model/decision"), answering(cloud, (visit) => decide(visit, loop))),
  ];
}

export function makeModels(cloud: FakeCloud, now: number): ModelDetail[] {
  const common = { manifest_sha256: HASH, signing_key: HASH, ancestors: [], rollouts: [], reasons: [] };
  const trained = { ...common, begun_from: CURRENT, ancestors: [CURRENT], compared_with: CURRENT, test: pairOf(0.93, 0.916), candidate_cost: { size_bytes: 912_000, latency_ms: 1.61 }, current_cost: { size_bytes: 912_000, latency_ms: 1.58 } };
  return [
    {
      ...trained,
      model: CANDIDATE,
      state: "awaiting approval",
      created_ms: now - DAY_MS / 4,
      training: "000002",
      dataset: "000002",
      macro_f1: 0.93,
      macro_f1_before: 0.916,
      passed: true,
      recent: pairOf(0.9, 0.81),
      replay: replayOf(cloud),
      learned_from: datasetOf("000002", now),
    },
    { ...trained, model: REFUSED, state: "refused", created_ms: now - 9 * DAY_MS, training: "000001", dataset: "000001", macro_f1: 0.88, macro_f1_before: 0.916, passed: false, reasons: ["Recall of Scratch: 61.0 %, at least 78.2 % wanted"], test: pairOf(0.88, 0.916), learned_from: datasetOf("000001", now - 9 * DAY_MS) },
    { ...common, model: CURRENT, state: "current", created_ms: now - 40 * DAY_MS },
  ];
}

export function datasetOf(dataset: string, now: number): Schemas["DatasetView"] {
  return { dataset, created_ms: now - DAY_MS / 2, sha256: HASH, wafers: 180, labels: { Scratch: 120, none: 40, Loc: 20 }, reviewers: { remo: 100, rita: 80 }, conflicting: 3, unsettled: 6, excluded: { "bad image": 2 }, previous: dataset === "000002" ? "000001" : null };
}

function pairOf(f1: number, before: number): Schemas["Pair"] {
  return { candidate: worthOf(f1), current: worthOf(before) };
}

function worthOf(f1: number): Schemas["Worth"] {
  const random = randomOf(Math.round(f1 * 1000));
  const one = () => Math.min(1, f1 + (random() - 0.5) / 8);
  const labels = Object.fromEntries(LABELS.map((label) => [label, { wafers: 60, called: 58, recall: one(), precision: one(), f1: one() }]));
  return { wafers: 60 * LABELS.length, macro_f1: f1, accuracy: f1 + 0.02, ece: 0.012, accepted: 0.91, escapes: 0.004, labels };
}

function replayOf(cloud: FakeCloud): Schemas["ReplayView"] {
  const records = [...cloud.records.values()];
  const examples = records.slice(0, 3).map(({ item, fab, camera }) => ({ item, fab, camera, current: "none", candidate: "Scratch", probability: 0.91 }));
  const current = { alerts: 21, reviews: 34, refused: 0, by_label: { none: 60, Scratch: 12, Loc: 28 } };
  return { wafers: records.length, candidate: { alerts: 27, reviews: 25, refused: 0, by_label: { none: 54, Scratch: 18, Loc: 28 } }, current, changed: 6, examples };
}

function list(visit: Visit, { models, rollouts }: FakeLoop): Schemas["ModelList"] {
  needRole(visit, "engineer", "admin");
  const summaries = models.map((model) => Object.fromEntries(SUMMARY.map((field) => [field, model[field]])) as unknown as Schemas["ModelSummary"]);
  return { models: summaries, current: CURRENT, serial: 2, rollout: rollouts.find(({ ended_ms: at }) => at == null)?.rollout ?? null };
}

function needModel(visit: Visit, { models }: FakeLoop): ModelDetail {
  needRole(visit, "engineer", "admin");
  const found = models.find(({ model }) => model === visit.params.model);
  if (!found) throw new Refusal(404, { message: "no such model" });
  return found;
}

async function decide(visit: Visit, loop: FakeLoop): Promise<ModelDetail> {
  needRole(visit, "admin");
  const found = needModel(visit, loop);
  const { approve } = (await visit.request.json()) as Schemas["DecisionBody"];
  if (found.state !== "awaiting approval") throw new Refusal(409, { message: `approve: expected a model that waits for approval, not one that is ${found.state}` });
  const under_way = loop.rollouts.find(({ ended_ms: at }) => at == null);
  if (approve && under_way) throw new Refusal(409, { message: `approve: expected no rollout under way, and ${under_way.rollout} is: approve when it has ended` });
  Object.assign(found, { state: approve ? "rolling out" : "rejected", decided_by: visit.caller.name, decided_ms: Date.now() });
  return found;
}
