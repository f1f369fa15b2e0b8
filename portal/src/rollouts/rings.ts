/** A rollout's log of stages -> its rings in order, each with how it stands; a model that returns has no shadow. */

import type { RolloutDetail, Stage, StageView } from "../api/types";

export type Standing = "pending" | "under way" | "paused" | "passed" | "failed" | "never";

export interface Ring {
  readonly stage: Stage;
  readonly title: string;
  readonly standing: Standing;
  /** Null before it was entered. */
  readonly log: StageView | null;
}

const RINGS: readonly (readonly [Stage, string])[] = [
  ["shadow", "Shadow: runs beside the model in use, nothing acts on it"],
  ["canary", "Canary: some cameras of every fab"],
  ["early", "Early: more cameras"],
  ["everyone", "Everyone"],
];

const BACK: readonly Stage[] = ["rolled back", "aborted"];

export function ringsOf(rollout: RolloutDetail): Ring[] {
  const entered = rollout.stages.filter(({ stage }) => RINGS.some(([ring]) => ring === stage));
  const last = entered.at(-1)?.stage;
  const rings = RINGS.filter(([stage]) => stage !== "shadow" || !rollout.returns);
  return rings.map(([stage, title]) => {
    const log = entered.findLast((each) => each.stage === stage) ?? null;
    return { stage, title, log, standing: standingOf(rollout, log, stage === last) };
  });
}

function standingOf(rollout: RolloutDetail, log: StageView | null, isLast: boolean): Standing {
  const ended = rollout.ended_ms != null;
  if (log === null) return ended ? "never" : "pending";
  if (!isLast) return "passed";
  if (BACK.includes(rollout.stage)) return "failed";
  if (ended || rollout.stage === "done") return "passed";
  return rollout.wish === "pause" ? "paused" : "under way";
}
