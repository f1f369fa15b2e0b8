/** The wafers in a reviewer's hands: the first is looked at, the others come next. */

import type { WorkItem } from "../api/types";

export interface Answered {
  readonly answerId: string;
  readonly item: WorkItem;
  /** What was answered, in words. */
  readonly words: string;
}

export interface Hand {
  readonly items: readonly WorkItem[];
  /** What can be undone, the last first. */
  readonly answered: readonly Answered[];
  /** What was skipped; it comes last if it comes again. */
  readonly skipped: readonly string[];
  /** What is looked at although nothing can be answered about it any more, and why: somebody else has it, or the answer to it stands. */
  readonly over: { readonly item: string; readonly why: "taken" | "stands" } | null;
}

export type Move =
  | { readonly kind: "dealt"; readonly items: readonly WorkItem[]; readonly sending: readonly string[] }
  | { readonly kind: "answered"; readonly answerId: string; readonly words: string }
  | { readonly kind: "undone" }
  | { readonly kind: "stands"; readonly done: Answered }
  | { readonly kind: "skipped" }
  | { readonly kind: "lost"; readonly items: readonly string[] }
  | { readonly kind: "passed" }
  | { readonly kind: "put down" };

export const EMPTY_HAND: Hand = { items: [], answered: [], skipped: [], over: null };

const REMEMBERED = 100;

export function moveHand(hand: Hand, move: Move): Hand {
  const [current, ...rest] = hand.items;
  switch (move.kind) {
    case "dealt":
      return { ...hand, items: dealt(hand, move.items, move.sending) };
    case "lost":
      return lost(hand, move.items);
    case "passed":
      return { ...hand, items: hand.items.filter(({ item }) => item !== hand.over?.item), over: null };
    case "put down":
      return { ...hand, items: [], over: null };
    case "undone":
      return undone(hand);
    case "stands":
      return stands(hand, move.done);
    case "skipped":
      return current ? { ...hand, items: rest, skipped: [...hand.skipped, current.item] } : hand;
    case "answered":
      return answered(hand, move);
  }
}

/** Return what of a deal is new to the hand; the API hands out again what it does not know to be answered yet. */
export function freshOf(hand: Hand, items: readonly WorkItem[], sending: readonly string[]): WorkItem[] {
  const isAnswered = (item: WorkItem) =>
    sending.includes(item.item) || hand.answered.some((done) => done.item.item === item.item && item.version <= done.item.version);
  return items.filter((item) => !hand.items.some((held) => held.item === item.item) && !isAnswered(item));
}

function answered(hand: Hand, { answerId, words }: Omit<Answered, "item">): Hand {
  const [item, ...rest] = hand.items;
  return item ? { ...hand, items: rest, answered: [{ answerId, item, words }, ...hand.answered].slice(0, REMEMBERED) } : hand;
}

function undone(hand: Hand): Hand {
  const [last, ...earlier] = hand.answered;
  return last ? { ...hand, items: [last.item, ...hand.items], answered: earlier } : hand;
}

/** An undo was refused: the answer is where it was, and the wafer leaves the hand, or once it is passed if it is looked at. */
function stands(hand: Hand, done: Answered): Hand {
  const [current] = hand.items;
  const isAnother = ({ item }: WorkItem) => item !== done.item.item;
  const kept = { ...hand, answered: [done, ...hand.answered.filter(({ item }) => isAnother(item))] };
  if (!current || isAnother(current)) return { ...kept, items: hand.items.filter(isAnother) };
  return { ...kept, over: { item: current.item, why: "stands" } };
}

/** What is looked at stays in sight: another wafer under the finger would get the answer that was meant for this one. */
function lost(hand: Hand, gone: readonly string[]): Hand {
  const [current, ...rest] = hand.items;
  if (!current) return hand;
  const left = rest.filter(({ item }) => !gone.includes(item));
  const over = hand.over ?? (gone.includes(current.item) ? { item: current.item, why: "taken" as const } : null);
  return { ...hand, items: [current, ...left], over };
}

function dealt(hand: Hand, items: readonly WorkItem[], sending: readonly string[]): WorkItem[] {
  const all = [...hand.items, ...freshOf(hand, items, sending)];
  const wasSkipped = ({ item }: WorkItem) => hand.skipped.includes(item);
  return [...all.filter((item) => !wasSkipped(item)), ...all.filter(wasSkipped)];
}
