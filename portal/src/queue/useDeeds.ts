import type { WorkItem } from "../api/types";
import { identityOf, nameOf, newId, wordsOf } from "../app/words";
import { useOutbox } from "../outbox/OutboxProvider";
import { bodyOf, type Draft, type Verdict } from "./answering";
import type { Answered } from "./hand";
import type { useHand } from "./useHand";
import type { useSeen } from "./useSeen";

export const NOT_THERE = "The picture is not there yet: nothing was answered.";

interface Desk {
  readonly held: ReturnType<typeof useHand>;
  readonly current: WorkItem | undefined;
  readonly draft: Draft;
  readonly seen: ReturnType<typeof useSeen>;
  readonly say: (words: string) => void;
}

/** What a reviewer can do with the current wafer. */
export function useDeeds({ held, current, draft, seen, say }: Desk) {
  const outbox = useOutbox();
  const { hand, move, giveBack } = held;
  const answer = (verdict: Verdict, labels: readonly string[]) => {
    if (!current) return;
    // Nobody answers what was not shown to them, by a key pressed once too often.
    if (!seen.isSeen(current.item)) {
      say(NOT_THERE);
      return;
    }
    performance.mark("answer");
    const body = bodyOf(verdict, labels, draft, current.version, seen.sinceDrawn(current.item));
    const words = wordsOf(body);
    move({ kind: "answered", answerId: body.answer_id, words });
    void outbox.add(body.answer_id, { kind: "answer", wafer: identityOf(current), body });
    say(`${words}.`);
  };
  const accept = () => {
    const suggested = current?.model_answer?.label;
    const labels = draft.several ?? (suggested === undefined ? [] : [suggested]);
    if (labels.length > 0) answer("labels", labels);
    else say(draft.several ? "Choose a class first." : "There is no answer of the model to accept: choose a class.");
  };
  const undo = () => {
    const [last] = hand.answered;
    if (!last) {
      say("There is nothing to undo.");
      return;
    }
    move({ kind: "undone" });
    say(`Took back ${last.words} for ${nameOf(last.item)}.`);
    const refused = outbox.snapshot().refused.some(({ id }) => id === last.answerId);
    if (refused) void outbox.dismiss(last.answerId);
    else void takeBack(outbox, last).then((stands) => {
        if (stands) move({ kind: "stands", done: last });
      });
  };
  const skip = () => {
    if (!current) return;
    move({ kind: "skipped" });
    giveBack(current.item, current.version, true);
    say("Skipped.");
  };
  return { answer, accept, undo, skip };
}

/** Take an answer back; tell, once the API has said so, whether it stands. */
async function takeBack(outbox: ReturnType<typeof useOutbox>, { answerId, item }: Answered): Promise<boolean> {
  if (await outbox.withdraw(answerId)) return false;
  const id = newId();
  await outbox.add(id, { kind: "undo", wafer: identityOf(item), body: { answer_id: id, version: item.version } });
  return (await outbox.isRefused(id)) && !(await outbox.isRefused(answerId));
}
