/** A candidate's figures beside those of the model before it, as rows; a change is better, worse or neither. */

import type { ModelDetail, Pair } from "../api/types";
import { percent, points, size } from "../app/words";

export type Change = "better" | "worse" | "same";

export interface FigureRow {
  readonly name: string;
  readonly candidate: string;
  readonly before: string;
  readonly difference: string;
  readonly change: Change;
}

export interface LabelRow {
  readonly label: string;
  readonly wafers: number;
  readonly recall: FigureRow;
  readonly precision: FigureRow;
  readonly f1: FigureRow;
}

const NONE = "–";
const ONE_DIGIT = 1;
/** Below this a difference is not shown either: half of the last digit. */
const SMALLEST = 0.0005;

const WORTH = [
  ["Macro-F1", "macro_f1", true],
  ["Accuracy", "accuracy", true],
  ["Calibration error", "ece", false],
  ["Needs no person", "accepted", true],
  ["Escapes", "escapes", false],
] as const;

type Costs = Pick<ModelDetail, "candidate_cost" | "current_cost">;

export function overallRows(pair: Pair, { candidate_cost: cost, current_cost: costBefore }: Costs): FigureRow[] {
  const worth = WORTH.map(([name, field, more]) => shareRow(name, pair.candidate[field], pair.current?.[field], more));
  if (!cost) return worth;
  return [
    ...worth,
    amountRow("Time of a wafer", cost.latency_ms, costBefore?.latency_ms, (ms) => `${ms.toFixed(2)} ms`),
    amountRow("Size", cost.size_bytes, costBefore?.size_bytes, size),
  ];
}

/** One row a class that occurs or is called, the worst F1 of the candidate first; a class that is never called last. */
export function labelRows(pair: Pair): LabelRow[] {
  const { candidate, current } = pair;
  const labels = [...new Set([...Object.keys(candidate.labels), ...Object.keys(current?.labels ?? {})])];
  const f1Of = (label: string) => candidate.labels[label]?.f1 ?? Infinity;
  return labels.sort((a, b) => f1Of(a) - f1Of(b)).map((label) => labelRow(label, candidate.labels[label], current?.labels[label]));
}

type LabelWorth = Pair["candidate"]["labels"][string];

function labelRow(label: string, now: LabelWorth | undefined, before: LabelWorth | undefined): LabelRow {
  const row = (name: string, field: "recall" | "precision" | "f1") => shareRow(name, now?.[field], before?.[field], true);
  return { label, wafers: (now ?? before)?.wafers ?? 0, recall: row("Recall", "recall"), precision: row("Precision", "precision"), f1: row("F1", "f1") };
}

type Share = number | null | undefined;

function shareRow(name: string, candidate: Share, before: Share, moreIsBetter: boolean): FigureRow {
  const shown = { name, candidate: percent(candidate, ONE_DIGIT), before: percent(before, ONE_DIGIT) };
  if (candidate == null || before == null) return { ...shown, difference: NONE, change: "same" };
  const difference = candidate - before;
  return { ...shown, difference: points(difference), change: changeOf(difference, SMALLEST, moreIsBetter) };
}

function amountRow(name: string, candidate: number, before: number | undefined, words: (amount: number) => string): FigureRow {
  const shown = { name, candidate: words(candidate), before: before === undefined ? NONE : words(before) };
  if (!before) return { ...shown, difference: NONE, change: "same" };
  const share = candidate / before - 1;
  return { ...shown, difference: `${share < 0 ? "−" : "+"}${Math.abs(share * 100).toFixed(0)} %`, change: changeOf(share, SMALLEST, false) };
}

function changeOf(difference: number, smallest: number, moreIsBetter: boolean): Change {
  if (Math.abs(difference) < smallest) return "same";
  return difference > 0 === moreIsBetter ? "better" : "worse";
}
