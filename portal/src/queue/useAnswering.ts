import { useState } from "react";

import type { WorkItem } from "../api/types";
import { nameOf } from "../app/words";
import type { Action } from "../keys/keymap";
import { useActions } from "../keys/KeysProvider";
import { choicesOf, normalOf, useLabelBook, type Choice } from "../labels/book";
import { toggled, useDraft, type Draft } from "./answering";
import type { Hand } from "./hand";
import { NOT_THERE, useDeeds } from "./useDeeds";
import type { useHand } from "./useHand";
import { useSeen } from "./useSeen";

type Actions = Partial<Record<Action, () => void>>;

/** From key to answer: what is in hand, and what can be done with it. */
export function useAnswering(held: ReturnType<typeof useHand>, current: WorkItem | undefined, onHelp: () => void) {
  const normal = normalOf(useLabelBook().data?.labels);
  const choices = choicesOf(current?.labels ?? [], normal);
  const [draft, setDraft] = useDraft(current?.item);
  const [said, say] = useState("");
  const seen = useSeen(current);
  const deeds = useDeeds({ held, current, draft, seen, say });
  const onLabel = (label: string) => {
    if (draft.several) setDraft({ ...draft, several: toggled(draft.several, label, normal) });
    else deeds.answer("labels", [label]);
  };
  const simple = simpleOf(deeds, draft, setDraft);
  const answering = { ...simple, ...classesOf(choices, onLabel) };
  const goOn = wayOn(held, say);
  useActions({ ...(goOn ? allOf(answering, goOn) : answering), help: onHelp });
  return {
    said,
    hint: seen.early ? NOT_THERE : null,
    undo: deeds.undo,
    goOn,
    onDrawn: seen.onDrawn,
    last: wordsOfLast(held.hand),
    panel: {
      choices,
      draft,
      suggested: current?.model_answer?.label ?? null,
      off: goOn !== null,
      onDraft: setDraft,
      onLabel,
      onAction: (action: Action) => simple[action]?.(),
    },
  };
}

/** Return what is done without naming a class. */
function simpleOf({ answer, accept, undo, skip }: ReturnType<typeof useDeeds>, draft: Draft, setDraft: (draft: Draft) => void): Actions {
  return {
    accept,
    undo,
    skip,
    unknown: () => answer("unknown", []),
    bad: () => answer("bad_image", []),
    note: () => setDraft({ ...draft, note: draft.note ?? "" }),
    several: () => setDraft({ ...draft, several: draft.several ? null : [] }),
  };
}

/** Return what any key does where no answer can be meant: nobody was there, or somebody else has the wafer; else null. */
function wayOn({ away, comeBack, hand, move }: ReturnType<typeof useHand>, say: (words: string) => void): (() => void) | null {
  if (away) return comeBack;
  if (hand.over === null) return null;
  return () => {
    move({ kind: "passed" });
    say("The next wafer. Nothing was answered.");
  };
}

function wordsOfLast({ answered: [last] }: Hand): string | null {
  return last ? `${last.words} for ${nameOf(last.item)}` : null;
}

function classesOf(choices: readonly Choice[], onLabel: (label: string) => void): Actions {
  return Object.fromEntries(choices.flatMap(({ label, action }) => (action ? [[action, () => onLabel(label)]] : [])));
}

function allOf(actions: Actions, deed: () => void): Actions {
  return Object.fromEntries(Object.keys(actions).map((action) => [action, deed]));
}
