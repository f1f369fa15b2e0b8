import { useQueryClient } from "@tanstack/react-query";
import { useCallback, useRef, useState } from "react";

import type { WorkItem } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { identityOf, nameOf, newId, wordsOf } from "../app/words";
import type { Action } from "../keys/keymap";
import { useActions } from "../keys/KeysProvider";
import { choicesOf, normalOf, useLabelBook } from "../labels/book";
import { useOutbox } from "../outbox/OutboxProvider";
import { bodyOf, toggled, useDraft, type Verdict } from "./answering";
import type { useHand } from "./useHand";

const NOT_THERE = "The picture is not there yet: nothing was answered.";

/** From key to answer: what is in hand, and what can be done with it. */
export function useAnswering(held: ReturnType<typeof useHand>, current: WorkItem | undefined, onHelp: () => void) {
  const { hand, move, giveBack } = held;
  const outbox = useOutbox();
  const { me } = usePerson();
  const queries = useQueryClient();
  const normal = normalOf(useLabelBook().data?.labels);
  const choices = choicesOf(current?.labels ?? [], normal);
  const suggested = current?.model_answer?.label ?? null;
  const [draft, setDraft] = useDraft(current?.item);
  const [said, setSaid] = useState("");
  const drawn = useRef<Drawn>({ item: "", at: 0 });
  const [early, setEarly] = useState<string | null>(null);

  const onDrawn = useCallback(() => {
    if (!current || drawn.current.item === current.item) return;
    drawn.current = { item: current.item, at: performance.now() };
    setEarly(null);
    if (performance.getEntriesByName("answer").length > 0) performance.measure("answer to next wafer", "answer");
    performance.clearMarks("answer");
  }, [current]);

  /** Nobody answers what was not shown to them, by a key pressed once too often; a picture that is broken is an answer. */
  const isSeen = (item: string) => drawn.current.item === item || queries.getQueryState(["picture", item])?.status === "error";
  const answer = (verdict: Verdict, labels: readonly string[]) => {
    if (!current) return;
    if (!isSeen(current.item)) {
      setEarly(current.item);
      setSaid(NOT_THERE);
      return;
    }
    performance.mark("answer");
    const body = bodyOf(verdict, labels, draft, current.version, sinceDrawn(drawn.current, current.item));
    const words = wordsOf(body);
    move({ kind: "answered", answerId: body.answer_id, words });
    void outbox.add(body.answer_id, { kind: "answer", wafer: identityOf(current), body });
    setSaid(`${words}.`);
  };
  const onLabel = (label: string) => {
    if (draft.several) setDraft({ ...draft, several: toggled(draft.several, label, normal) });
    else answer("labels", [label]);
  };
  const accept = () => {
    const labels = draft.several ?? (suggested === null ? [] : [suggested]);
    if (labels.length > 0) answer("labels", labels);
    else setSaid(draft.several ? "Choose a class first." : "There is no answer of the model to accept: choose a class.");
  };
  const undo = () => {
    const [last] = hand.answered;
    if (!last) {
      setSaid("There is nothing to undo.");
      return;
    }
    move({ kind: "undone" });
    setSaid(`Took back ${last.words} for ${nameOf(last.item)}.`);
    const refused = outbox.snapshot().refused.some(({ id }) => id === last.answerId);
    if (refused) void outbox.dismiss(last.answerId);
    else void takeBack(outbox, last.answerId, last.item);
  };
  const skip = () => {
    if (!current) return;
    move({ kind: "skipped" });
    giveBack(current.item, current.version, true);
    setSaid("Skipped.");
  };
  const simple: Partial<Record<Action, () => void>> = {
    accept,
    undo,
    skip,
    unknown: () => answer("unknown", []),
    bad: () => answer("bad_image", []),
    note: () => setDraft({ ...draft, note: draft.note ?? "" }),
    several: () => setDraft({ ...draft, several: draft.several ? null : [] }),
    help: onHelp,
  };
  const classes = Object.fromEntries(choices.flatMap(({ label, action }) => (action ? [[action, () => onLabel(label)]] : [])));
  useActions({ ...simple, ...classes });
  const [last] = hand.answered;
  return {
    said,
    hint: hintFor(early, current),
    undo,
    onDrawn,
    last: last ? `${last.words} for ${nameOf(last.item)}` : null,
    panel: {
      choices,
      draft,
      suggested,
      mostNote: me.most_note_characters,
      onDraft: setDraft,
      onLabel,
      onAction: (action: Action) => simple[action]?.(),
    },
  };
}

/** What is to be seen beside the answers after a key that came too early. */
function hintFor(early: string | null, current: WorkItem | undefined): string | null {
  return early !== null && early === current?.item ? NOT_THERE : null;
}

interface Drawn {
  readonly item: string;
  readonly at: number;
}

/** Return for how many milliseconds an item has been in sight; 0 where its picture never was. */
function sinceDrawn(drawn: Drawn, item: string): number {
  return drawn.item === item ? performance.now() - drawn.at : 0;
}

async function takeBack(outbox: ReturnType<typeof useOutbox>, answerId: string, wafer: WorkItem): Promise<void> {
  if (await outbox.withdraw(answerId)) return;
  const id = newId();
  await outbox.add(id, { kind: "undo", wafer: identityOf(wafer), body: { answer_id: id, version: wafer.version } });
}
