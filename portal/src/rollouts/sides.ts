/** What a stage saw of the candidate beside the model before, as rows: one a figure, one a class. */

import type { StageView, WaferFigures } from "../api/types";
import { labelWords, percent } from "../app/words";

export interface Side {
  readonly name: string;
  readonly candidate: string;
  readonly before: string;
}

const NONE = "–";

export function sideBySide({ seen, before }: StageView): Side[] {
  const beside = Object.keys(seen.labels_current).length > 0;
  const labelsBefore = beside ? seen.labels_current : before.labels;
  const labels = [...new Set([...Object.keys(seen.labels), ...Object.keys(labelsBefore)])].sort();
  return [
    { name: "Wafers", candidate: String(seen.wafers), before: String(beside ? seen.wafers : before.wafers) },
    { name: "Go to a person", candidate: percent(seen.reviews, 1), before: percent(before.reviews, 1) },
    { name: "Alert", candidate: percent(seen.alerts, 1), before: percent(before.alerts, 1) },
    { name: "As people settled", candidate: right(seen.right, seen.answered), before: beside ? right(seen.right_current, seen.answered) : right(before.right, before.answered) },
    { name: "Time of a wafer", candidate: time(seen), before: time(before) },
    ...(seen.agreement == null ? [] : [{ name: "Both call alike", candidate: percent(seen.agreement, 1), before: NONE }]),
    ...labels.map((label) => ({ name: labelWords(label), candidate: String(seen.labels[label] ?? 0), before: String(labelsBefore[label] ?? 0) })),
  ];
}

function right(count: number | null | undefined, answered: number): string {
  return answered === 0 || count == null ? NONE : `${count} of ${answered}`;
}

function time({ edge_ms: ms }: WaferFigures): string {
  return ms == null ? NONE : `${ms.toFixed(1)} ms`;
}
