/** One wafer's answer in the making: a class at a key press, or several, or with a note. */

import { useState } from "react";

import type { AnswerBody } from "../api/types";
import { newId } from "../app/words";

export type Verdict = AnswerBody["verdict"];

export interface Draft {
  /** The classes chosen so far; null while one key is the whole answer. */
  readonly several: readonly string[] | null;
  /** Goes with the answer; null until somebody wants to write one. */
  readonly note: string | null;
}

const NOTHING: Draft = { several: null, note: null };

/** The draft belongs to one item: the next one starts with nothing. */
export function useDraft(item: string | undefined): [Draft, (draft: Draft) => void] {
  const [kept, setKept] = useState<{ item: string | undefined; draft: Draft }>({ item, draft: NOTHING });
  return [kept.item === item ? kept.draft : NOTHING, (draft) => setKept({ item, draft })];
}

export function toggled(labels: readonly string[], label: string, normal: string): string[] {
  if (labels.includes(label)) return labels.filter((each) => each !== label);
  // A wafer without a pattern has no pattern beside that.
  return label === normal ? [label] : [...labels.filter((each) => each !== normal), label];
}

export function bodyOf(verdict: Verdict, labels: readonly string[], draft: Draft, version: number, tookMs: number): AnswerBody {
  const note = draft.note?.trim();
  return {
    answer_id: newId(),
    version,
    verdict,
    labels: [...labels],
    took_ms: Math.round(Math.max(0, tookMs)),
    ...(note ? { note } : {}),
  };
}
