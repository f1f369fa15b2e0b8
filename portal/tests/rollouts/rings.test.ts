import { expect, test } from "vitest";

import type { RolloutDetail, Stage, StageView } from "../../src/api/types";
import { endOf } from "../../src/rollouts/ends";
import { ringsOf } from "../../src/rollouts/rings";
import { sideBySide } from "../../src/rollouts/sides";

const nothing = { wafers: 0, fabs: {}, labels: {}, labels_current: {}, answered: 0, right: 0 };
const at = (stage: Stage): StageView => ({ stage, entered_ms: 1, state: "", wanted: 0, seen: nothing, before: nothing, guards: [], devices: [], offline: 0, uncovered: [], statuses: {}, learned: [] });
const rollout = (stage: Stage, entered: Stage[], changes: Partial<RolloutDetail> = {}): RolloutDetail => ({
  rollout: "000001",
  model: "wafer-map@2",
  previous: "wafer-map@1",
  stage,
  wish: "go on",
  blamed: false,
  returns: false,
  serial: 2,
  component_version: "2.0.0",
  started_ms: 1,
  stages: entered.map(at),
  deployments: {},
  running: {},
  shadowing: 0,
  ...changes,
});
const ended = { ended_ms: 9 };

test.each<[string, RolloutDetail, string[]]>([
  ["what is ahead is pending", rollout("canary", ["shadow", "canary"]), ["passed", "under way", "pending", "pending"]],
  ["a pause holds the ring where it is", rollout("canary", ["shadow", "canary"], { wish: "pause" }), ["passed", "paused", "pending", "pending"]],
  ["a way back ends at the ring that failed", rollout("rolled back", ["shadow", "canary"], ended), ["passed", "failed", "never", "never"]],
  ["a model that returns has no shadow", rollout("canary", ["canary"], { returns: true }), ["under way", "pending", "pending"]],
  ["an end that is logged itself is no ring", rollout("rolled back", ["shadow", "rolled back"], ended), ["failed", "never", "never", "never"]],
  ["an abort leaves the rest unreached", rollout("aborted", ["shadow"], ended), ["failed", "never", "never", "never"]],
  ["one that is done has passed everywhere", rollout("done", ["shadow", "canary", "early", "everyone"], ended), ["passed", "passed", "passed", "passed"]],
])("%s", (_, shown, standings) => {
  expect(ringsOf(shown).map(({ standing }) => standing)).toEqual(standings);
});

test("beside the model in use both are shown on the same wafers", () => {
  const seen = { ...nothing, wafers: 60, labels: { Scratch: 9, none: 51 }, labels_current: { none: 60 }, answered: 12, right: 11, right_current: 7, agreement: 0.85 };
  const rows = sideBySide({ ...at("shadow"), seen, before: { ...nothing, wafers: 100, labels: { none: 100 } } });
  expect(rows.find(({ name }) => name === "Scratch")).toEqual({ name: "Scratch", candidate: "9", before: "0" });
  expect(rows.find(({ name }) => name === "As people settled")).toMatchObject({ candidate: "11 of 12", before: "7 of 12" });
  expect(rows.find(({ name }) => name === "Wafers")).toMatchObject({ candidate: "60", before: "60" });
});

test("where the candidate decides it is held against earlier wafers", () => {
  const rows = sideBySide({ ...at("canary"), seen: { ...nothing, wafers: 20, labels: { none: 20 } }, before: { ...nothing, wafers: 100, labels: { none: 95, Loc: 5 } } });
  expect(rows.find(({ name }) => name === "Loc")).toEqual({ name: "Loc", candidate: "0", before: "5" });
  expect(rows.find(({ name }) => name === "Wafers")).toMatchObject({ candidate: "20", before: "100" });
});

test.each<[string, Partial<RolloutDetail>, string]>([
  ["a model that is to blame", { blamed: true, ...ended }, "Too many reviews. The model itself is to blame."],
  ["one that is not", ended, "Too many reviews. The model is not to blame."],
  ["a way back that waits for cameras", { stages: [at("shadow"), { ...at("rolled back"), state: "2 devices online still run it" }] }, "Too many reviews. The model is not to blame. On the way back: 2 devices online still run it."],
])("the end of %s is told as such", (_, changes, words) => {
  expect(endOf(rollout("rolled back", ["shadow"], changes), "Too many reviews")).toBe(words);
});
