import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import type { AnswerBody, ItemSummary } from "../api/types";
import { Confirm } from "../app/Confirm";
import { counted, labelWords, moment, wordsOf } from "../app/words";
import { useActions } from "../keys/KeysProvider";
import { choicesOf, normalOf, useLabelBook } from "../labels/book";
import { KeyButton } from "../queue/AnswerPanel";
import { type Batch, useBatches } from "./batches";
import { BulkPreview } from "./BulkPreview";

interface BulkBarProps {
  readonly fab: string;
  readonly chosen: readonly ItemSummary[];
  readonly most: number;
  readonly onAll: () => void;
  readonly onNone: () => void;
}

export type BulkAnswer = Pick<AnswerBody, "verdict" | "labels">;

/** The answers to give to what is chosen; each is previewed first, and the last batch can be undone whole. */
export function BulkBar({ fab, chosen, most, onAll, onNone }: BulkBarProps) {
  const book = useLabelBook().data?.labels;
  const choices = choicesOf(book?.map(({ label }) => label) ?? [], normalOf(book));
  const [asked, setAsked] = useState<BulkAnswer | null>(null);
  const [regretted, setRegretted] = useState<Batch | null>(null);
  const batches = useBatches(fab);
  const ask = (answer: BulkAnswer) => {
    if (chosen.length > 0) setAsked(answer);
  };
  const label = (each: string) => () => ask({ verdict: "labels", labels: [each] });
  useActions({
    ...Object.fromEntries(choices.flatMap((choice) => (choice.action ? [[choice.action, label(choice.label)]] : []))),
    unknown: () => ask({ verdict: "unknown", labels: [] }),
    bad: () => ask({ verdict: "bad_image", labels: [] }),
    ...(batches.isOfThisVisit ? { undo: () => setRegretted(batches.last) } : {}),
  });
  return (
    <div className="bulk-bar">
      <Container>
        <SpaceBetween size="s">
          <div className="bulk-line">
            <b role="status">{chosen.length === 0 ? "Choose wafers, then an answer" : `${chosen.length} chosen${chosen.length === most ? ", the most at once" : ""}`}</b>
            <SpaceBetween size="m" direction="horizontal">
              <Button variant="inline-link" onClick={onAll}>
                Choose all shown
              </Button>
              <Button variant="inline-link" onClick={onNone}>
                Choose none
              </Button>
            </SpaceBetween>
          </div>
          <div className="answers answers-wide" role="group" aria-label="Answer for all that are chosen">
            {choices.map((choice) => (
              <KeyButton key={choice.label} action={choice.action} text={labelWords(choice.label)} disabled={chosen.length === 0} onClick={label(choice.label)} />
            ))}
            <KeyButton action="unknown" text="Unknown" disabled={chosen.length === 0} onClick={() => ask({ verdict: "unknown", labels: [] })} />
            <KeyButton action="bad" text="Bad image" disabled={chosen.length === 0} onClick={() => ask({ verdict: "bad_image", labels: [] })} />
          </div>
          {batches.last && (
            <Alert type="success" dismissible i18nStrings={{ dismissAriaLabel: "Dismiss" }} onDismiss={batches.forget} action={<Button onClick={() => setRegretted(batches.last)}>Undo the whole batch</Button>}>
              {batches.last.words}
            </Alert>
          )}
          {batches.undone && <Alert type="info">{batches.undone}</Alert>}
        </SpaceBetween>
      </Container>
      {asked && (
        <BulkPreview
          fab={fab}
          chosen={chosen}
          answer={asked}
          onClose={() => setAsked(null)}
          onDone={(result) => {
            setAsked(null);
            onNone();
            batches.remember(result, wordsOf(asked));
          }}
        />
      )}
      {regretted && (
        <Confirm
          title={`Take back ${counted(regretted.answers, "answer")} of ${moment(regretted.atMs)}, ${fab}?`}
          verb={`Take back ${regretted.answers}`}
          deed={() => batches.takeBack(regretted)}
          changes={["backlog"]}
          onClose={() => setRegretted(null)}
        >
          {regretted.words} What was changed since then stays.
        </Confirm>
      )}
    </div>
  );
}
