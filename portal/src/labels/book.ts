/** The label book: which labels there are, in the order of their keys, and what they mean. */

import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { LabelView } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import type { Action } from "../keys/keymap";

const LABELS_KEEP_MS = 5 * 60_000;

export function useLabelBook() {
  const api = useApi();
  const { fab } = usePerson();
  return useQuery({ queryKey: ["labels", fab], queryFn: () => api.labels(fab), staleTime: LABELS_KEEP_MS });
}

export interface Choice {
  readonly label: string;
  readonly action: Action | null;
}

const CLASS_ACTIONS: readonly Action[] = ["class1", "class2", "class3", "class4", "class5", "class6", "class7", "class8", "class9"];

/** Give the defect classes the keys 1 to 9 in the model's order, and the normal one its own. */
export function choicesOf(labels: readonly string[], normal: string): Choice[] {
  const defects = labels.filter((label) => label !== normal);
  const choices: Choice[] = defects.map((label, at) => ({ label, action: CLASS_ACTIONS[at] ?? null }));
  return labels.includes(normal) ? [...choices, { label: normal, action: "normal" }] : choices;
}

export function normalOf(book: readonly LabelView[] | undefined): string {
  return book?.find((label) => label.normal)?.label ?? "none";
}
