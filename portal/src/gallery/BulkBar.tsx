import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import { wordsFor } from "../api/client";
import type { AnswerBody, BulkResult, ItemSummary } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { readStored, store } from "../app/stored";
import { labelWords, newId, wordsOf } from "../app/words";
import { useActions } from "../keys/KeysProvider";
import { choicesOf, normalOf, useLabelBook } from "../labels/book";
import { KeyButton } from "../queue/AnswerPanel";
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
  const batches = useBatches();
  const ask = (answer: BulkAnswer) => {
    if (chosen.length > 0) setAsked(answer);
  };
  const label = (each: string) => () => ask({ verdict: "labels", labels: [each] });
  useActions({
    ...Object.fromEntries(choices.flatMap((choice) => (choice.action ? [[choice.action, label(choice.label)]] : []))),
    unknown: () => ask({ verdict: "unknown", labels: [] }),
    bad: () => ask({ verdict: "bad_image", labels: [] }),
    undo: () => batches.undo(),
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
            <Alert type={batches.error ? "error" : "success"} dismissible i18nStrings={{ dismissAriaLabel: "Dismiss" }} onDismiss={batches.forget} action={<Button loading={batches.undoing} onClick={batches.undo}>Undo the whole batch</Button>}>
              {batches.error ?? batches.last.words}
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
    </div>
  );
}

interface Batch {
  readonly id: string;
  readonly words: string;
}

/** The batch answered last, and taking it back; it outlives the page. */
function useBatches() {
  const api = useApi();
  const queries = useQueryClient();
  const kept = `batch ${usePerson().me.name}`;
  const [last, setLast] = useState(() => readStored<Batch | null>(kept, null));
  const keep = (batch: Batch | null) => {
    store(kept, batch);
    setLast(batch);
  };
  const [undone, setUndone] = useState<string | null>(null);
  const taking = useMutation({
    mutationFn: (batch: string) => api.undoBatch(batch, newId()),
    onSuccess: ({ done, refused }) => {
      setUndone(`Took back ${done} answers.${refused > 0 ? ` ${refused} were changed meanwhile and stay.` : ""}`);
      keep(null);
      void queries.invalidateQueries({ queryKey: ["backlog"] });
    },
  });
  return {
    last,
    undone,
    undoing: taking.isPending,
    error: taking.isError ? wordsFor(taking.error) : null,
    undo: () => {
      if (last && !taking.isPending) taking.mutate(last.id);
    },
    forget: () => keep(null),
    remember: ({ batch, done, refused }: BulkResult, words: string) => {
      setUndone(null);
      taking.reset();
      keep(batch ? { id: batch, words: `${done} wafers answered with ${words}.${refused > 0 ? ` ${refused} were refused.` : ""}` } : null);
      void queries.invalidateQueries({ queryKey: ["backlog"] });
    },
  };
}
