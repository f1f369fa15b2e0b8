/** Why a wafer went where it went, in sentences: the rules of the contract with this wafer's figures. */

import type { ModelAnswer } from "../api/types";
import { labelWords, percent, REASONS } from "../app/words";

export interface Reason {
  readonly rule: string;
  readonly applies: boolean;
  readonly because: string;
}

export function reasonsFor(answer: ModelAnswer, normal: string, alerted: boolean | null): Reason[] {
  return [{ rule: "Stored", applies: true, because: "Every prediction is." }, alertReason(answer, normal, alerted), reviewReason(answer)];
}

function alertReason(answer: ModelAnswer, normal: string, alerted: boolean | null): Reason {
  const sure = percent(answer.probability);
  const from = answer.alert == null ? "the alert threshold" : percent(answer.alert);
  const defect = answer.label !== normal;
  const applies = alerted ?? (defect && answer.alert != null && answer.probability >= answer.alert);
  if (!defect) return { rule: "Alerted", applies, because: "A wafer without a pattern alerts nobody." };
  if (applies) return { rule: "Alerted", applies, because: `${labelWords(answer.label)} is a defect, and ${sure} reaches ${from}.` };
  return { rule: "Alerted", applies, because: `${sure} does not reach ${from}.` };
}

function reviewReason({ reason, accept, probability, label, novelty }: ModelAnswer): Reason {
  const needed = accept == null ? "the accept threshold" : percent(accept);
  const because: Record<string, string> = {
    doubtful: `${percent(probability)} is below the ${needed} that ${labelWords(label)} needs.`,
    novel: `${REASONS.novel ?? ""}${novelty == null ? "" : ` (novelty ${novelty.toFixed(2)})`}.`,
    audit: "It was drawn for the random audit sample, however sure the model was.",
  };
  if (reason) return { rule: "Reviewed", applies: true, because: because[reason] ?? (REASONS[reason] ? `${REASONS[reason]}.` : reason) };
  return { rule: "Reviewed", applies: false, because: `${percent(probability)} reaches the ${needed} that ${labelWords(label)} needs.` };
}

/**
 * Say what was certified for the threshold that a label has to reach, null if nobody wrote it down.
 *
 * The promise is JSON of the release that made it: `confidence`, and by kind of answer, the normal label or
 * `defects`, how often it is wrong at most, and how often it was on how many wafers.
 */
export function promiseFor(promise: Readonly<Record<string, unknown>>, label: string, normal: string): string | null {
  const certified = recordOf(recordOf(promise.thresholds)?.[label === normal ? normal : "defects"]);
  const { bound, observed, wafers } = certified ?? {};
  const { confidence } = promise;
  if (typeof bound !== "number" || typeof confidence !== "number") return null;
  const seen = typeof observed === "number" && typeof wafers === "number" ? ` (${percent(observed, 1)} were, of ${wafers} wafers)` : "";
  const accepted = label === normal ? "wafers accepted as without a pattern" : "defects accepted without a person";
  return `Certified with ${percent(confidence)} confidence: at most ${percent(bound, 1)} of the ${accepted} are wrong${seen}.`;
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
}
