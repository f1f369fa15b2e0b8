/** The made-up cloud's rollouts and trainings. Nothing goes on by itself. */

import { http } from "msw";

import type { components } from "../api/schema";
import type { FakeCloud } from "./cloud";
import { CANDIDATE, CURRENT, datasetOf, makeModels, modelHandlers } from "./models";
import { answering, apiPath, needRole, Refusal, type Visit } from "./respond";

type Schemas = components["schemas"];

const MINUTE_MS = 60_000;

export interface FakeLoop {
  readonly models: Schemas["ModelDetail"][];
  readonly rollouts: Schemas["RolloutDetail"][];
  readonly trainings: Schemas["TrainingDetail"][];
  readonly need: Schemas["NeedView"];
}

export function makeLoop(cloud: FakeCloud, now = Date.now()): FakeLoop {
  return { models: makeModels(cloud, now), rollouts: [underWay(now), rolledBack(now)], trainings: trainingsOf(now), need: needOf(now) };
}

export function loopHandlers(cloud: FakeCloud) {
  const loop = cloud.loop ?? makeLoop(cloud);
  cloud.loop = loop;
  return [
    ...modelHandlers(cloud, loop),
    http.get(apiPath("/rollouts"), answering(cloud, (visit) => looked(visit, { rollouts: loop.rollouts }))),
    http.get(apiPath("/rollouts/:number"), answering(cloud, (visit) => looked(visit, needOne(loop.rollouts, "rollout", visit)))),
    http.post(apiPath("/rollouts/:number/wish"), answering(cloud, (visit) => wish(visit, loop))),
    http.get(apiPath("/trainings"), answering(cloud, (visit) => looked(visit, { need: loop.need, trainings: loop.trainings }))),
    http.post(apiPath("/trainings"), answering(cloud, (visit) => looked(visit, { asked_ms: Date.now() }))),
    http.get(apiPath("/trainings/:number"), answering(cloud, (visit) => looked(visit, needOne(loop.trainings, "training", visit)))),
    http.post(apiPath("/trainings/:number/stop"), answering(cloud, (visit) => stop(visit, loop))),
  ];
}

function underWay(now: number): Schemas["RolloutDetail"] {
  return {
    rollout: "000002",
    model: "wafer-map@000003",
    previous: CURRENT,
    stage: "canary",
    wish: "go on",
    blamed: false,
    returns: false,
    serial: 4,
    component_version: "4.0.0",
    started_ms: now - 90 * MINUTE_MS,
    stages: [
      { ...stageOf(100), stage: "shadow", entered_ms: now - 90 * MINUTE_MS, left_ms: now - 30 * MINUTE_MS, outcome: "100 of 100 wafers, nothing against it" },
      { ...stageOf(42), stage: "canary", entered_ms: now - 30 * MINUTE_MS, state: "42 of 100 wafers" },
    ],
    deployments: { FabWaferModelCanary: "5e1c0f3a" },
    running: { [CURRENT]: 4, "wafer-map@000003": 2 },
    shadowing: 0,
  };
}

function stageOf(wafers: number): Omit<Schemas["StageView"], "stage" | "entered_ms"> {
  const seen = { wafers, fabs: { faba: wafers }, labels: { none: wafers - 9, Scratch: 9 }, labels_current: { none: wafers }, reviews: 0.08, alerts: 0.1, agreement: 0.93, answered: 12, right: 11, right_current: 7, edge_ms: 1.6 };
  const before = { wafers: 100, fabs: { faba: 100 }, labels: { none: 100 }, labels_current: {}, reviews: 0.12, alerts: 0.02, answered: 0, right: 0, edge_ms: 1.6 };
  return {
    state: "",
    wanted: 100,
    seen,
    before,
    guards: [{ name: "reviews", wafers, rate: 0.08, expected: 0.12, limit: 0.24, wealth: 0.4, needed: 200, cleared: true }],
    devices: [
      { fab: "faba", camera: "inspect-2", condition: "runs", restarts: 1 },
      { fab: "faba", camera: "probe-9", condition: "has not taken it up", restarts: 0 },
    ],
    offline: 1,
    uncovered: ["fabb"],
    statuses: { FabWaferModelCanary: "ACTIVE" },
    learned: ["Scratch"],
  };
}

function rolledBack(now: number): Schemas["RolloutDetail"] {
  const began = now - 6000 * MINUTE_MS;
  return {
    ...underWay(now),
    rollout: "000001",
    model: "wafer-map@000000",
    stage: "rolled back",
    started_ms: began,
    ended_ms: began + 50 * MINUTE_MS,
    reason: "Unexplained disagreement: 31 of 64 wafers, at most 1 in 10 wanted",
    blamed: true,
    stages: [{ ...stageOf(64), stage: "shadow", entered_ms: began, left_ms: began + 50 * MINUTE_MS, outcome: "Unexplained disagreement: 31 of 64 wafers" }],
    deployments: {},
  };
}

function trainingsOf(now: number): Schemas["TrainingDetail"][] {
  const common = { learned_from: datasetOf("000003", now), estimated_cost_usd: 1.9 };
  return [
    { ...common, training: "000003", job: "fabwafer-000003-0f3a", state: "running", why: ["160 new answers, 150 wanted"], started_ms: now - 12 * MINUTE_MS, log: ["epoch 1 of 8: loss 0.412", "epoch 2 of 8: loss 0.301"] },
    { ...common, training: "000002", job: "fabwafer-000002-77aa", state: "completed", why: ["asked for"], by: "erin", started_ms: now - 700 * MINUTE_MS, ended_ms: now - 660 * MINUTE_MS, model: CANDIDATE, cost_usd: 1.84, log: ["done"], learned_from: datasetOf("000002", now) },
    { ...common, training: "000001", job: "fabwafer-000001-12bc", state: "failed", why: ["drift"], started_ms: now - 9000 * MINUTE_MS, ended_ms: now - 8990 * MINUTE_MS, failure: "AlgorithmError: out of memory", log: ["epoch 1 of 8"] },
  ];
}

function needOf(now: number): Schemas["NeedView"] {
  return { looked_ms: now - 4 * MINUTE_MS, due: false, reasons: ["needs 120 more labels", "one is under way"], new_labels: { Scratch: 22, Loc: 8 }, wanted: 150, next_run_ms: now + 3 * 1440 * MINUTE_MS, spent_usd: 3.7, cap_usd: 50, estimated_cost_usd: 1.9 };
}

function looked<Body>(visit: Visit, body: Body): Body {
  needRole(visit, "engineer", "admin");
  return body;
}

function needOne<Key extends string, Row extends Record<Key, string>>(rows: readonly Row[], key: Key, visit: Visit): Row {
  const found = rows.find((row) => row[key] === visit.params.number);
  if (!found) throw new Refusal(404, { message: `no such ${key}` });
  return found;
}

async function wish(visit: Visit, loop: FakeLoop): Promise<Schemas["RolloutDetail"]> {
  needRole(visit, "admin");
  const found = needOne(loop.rollouts, "rollout", visit);
  if (found.ended_ms != null) throw new Refusal(409, { message: "wish: expected a rollout under way" });
  const { wish: wanted } = (await visit.request.json()) as Schemas["WishBody"];
  return Object.assign(found, { wish: wanted, wished_by: visit.caller.name });
}

function stop(visit: Visit, loop: FakeLoop): Schemas["TrainingDetail"] {
  needRole(visit, "engineer", "admin");
  const found = needOne(loop.trainings, "training", visit);
  if (found.ended_ms != null) throw new Refusal(409, { message: "training: expected a training under way" });
  return Object.assign(found, { state: "stopping" });
}
