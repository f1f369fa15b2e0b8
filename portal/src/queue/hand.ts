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
  /** What is looked at although somebody else has it now. */
  readonly taken: string | null;
}

export type Move =
  | { readonly kind: "dealt"; readonly items: readonly WorkItem[]; readonly sending: readonly string[] }
  | { readonly kind: "answered"; readonly answerId: string; readonly words: string }
  | { readonly kind: "undone" }
  | { readonly kind: "skipped" }
  | { readonly kind: "lost"; readonly items: readonly string[] }
  | { readonly kind: "passed" }
  | { readonly kind: "put down" };

export const EMPTY_HAND: Hand = { items: [], answered: [], skipped: [], taken: null };

const REMEMBERED = 100;

export function moveHand(hand: Hand, move: Move): Hand {
  const [current, ...rest] = hand.items;
  switch (move.kind) {
    case "dealt":
      return { ...hand, items: dealt(hand, move.items, move.sending) };
    case "lost":
      return lost(hand, move.items);
    case "passed":
      return { ...hand, items: hand.items.filter(({ item }) => item !== hand.taken), taken: null };
    case "put down":
      return { ...hand, items: [], taken: null };
    case "undone":
      return undone(hand);
    case "skipped":
      return current ? { ...hand, items: rest, skipped: [...hand.skipped, current.item] } : hand;
    case "answered": {
      if (!current) return hand;
      const done = { answerId: move.answerId, item: current, words: move.words };
      return { ...hand, items: rest, answered: [done, ...hand.answered].slice(0, REMEMBERED) };
    }
  }
}

/** Return what of a deal is new to the hand; the API hands out again what it does not know to be answered yet. */
export function freshOf(hand: Hand, items: readonly WorkItem[], sending: readonly string[]): WorkItem[] {
  const isAnswered = (item: WorkItem) =>
    sending.includes(item.item) || hand.answered.some((done) => done.item.item === item.item && item.version <= done.item.version);
  return items.filter((item) => !hand.items.some((held) => held.item === item.item) && !isAnswered(item));
}

function undone(hand: Hand): Hand {
  const [last, ...earlier] = hand.answered;
  return last ? { ...hand, items: [last.item, ...hand.items], answered: earlier } : hand;
}

/** What is looked at stays in sight: another wafer under the finger would get the answer that was meant for this one. */
function lost(hand: Hand, gone: readonly string[]): Hand {
  const [current, ...rest] = hand.items;
  if (!current) return hand;
  const left = rest.filter(({ item }) => !gone.includes(item));
  return { ...hand, items: [current, ...left], taken: gone.includes(current.item) ? current.item : hand.taken };
}

function dealt(hand: Hand, items: readonly WorkItem[], sending: readonly string[]): WorkItem[] {
  const all = [...hand.items, ...freshOf(hand, items, sending)];
  const wasSkipped = ({ item }: WorkItem) => hand.skipped.includes(item);
  return [...all.filter((item) => !wasSkipped(item)), ...all.filter(wasSkipped)];
}
