import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import LiveRegion from "@cloudscape-design/components/live-region";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMemo, useState } from "react";

import type { Line, WorkItem } from "../api/types";
import { Empty, Failure, Waiting } from "../app/Answers";
import { labelWords, nameOf, percent } from "../app/words";
import { LabelBook } from "../labels/LabelBook";
import { usePrefetchedPictures } from "../wafer/picture";
import { Viewer } from "../wafer/Viewer";
import { AnswerPanel } from "./AnswerPanel";
import type { Deal } from "./deal";
import { Away, Over, overWords } from "./Interrupted";
import { KeysHelp } from "./KeysHelp";
import { ModelSays } from "./ModelSays";
import { useAnswering } from "./useAnswering";
import { useHand } from "./useHand";

/** Where a reviewer works: one wafer, its answer, the next wafer. */
export function Desk({ fab, line }: { fab: string; line: Line }) {
  const held = useHand(fab, line);
  const [current, ...next] = held.hand.items;
  const [help, setHelp] = useState(false);
  const desk = useAnswering(held, current, () => setHelp(true));
  const coming = useMemo(() => held.hand.items.slice(1), [held.hand.items]);
  usePrefetchedPictures(coming);
  return (
    <>
      <LiveRegion hidden>{spoken(current, held)}</LiveRegion>
      {desk.said && <LiveRegion hidden assertive>{desk.said}</LiveRegion>}
      {held.deal.error !== null && <Failure error={held.deal.error} onRetry={() => void held.ask()} />}
      {held.away && <Away onGoOn={held.comeBack} />}
      {current && (
        <div className="desk">
          <Container>
            <Viewer pictured={current} name={nameOf(current)} heat={current.model_answer?.heat} onDrawn={desk.onDrawn} />
          </Container>
          <Container>
            <SpaceBetween size="m">
              <Identity item={current} waiting={next.length} />
              <Hold item={current.item} held={held} onGoOn={desk.goOn} />
              <ModelSays item={current} />
              <AnswerPanel {...desk.panel} />
              {/* Whoever listens has heard it already. */}
              {desk.hint && <p className="answer-hint" aria-hidden="true">{desk.hint}</p>}
              {desk.last && <p className="last-answer" role="status">Last: {desk.last}</p>}
              <LabelBook />
              <Button variant="inline-link" onClick={() => setHelp(true)}>
                Keys
              </Button>
            </SpaceBetween>
          </Container>
        </div>
      )}
      {!current && !held.away && <Nothing deal={held.deal} onAsk={() => void held.ask()} onUndo={desk.last ? desk.undo : null} />}
      {help && <KeysHelp choices={desk.panel.choices} onClose={() => setHelp(false)} />}
    </>
  );
}

function Identity({ item, waiting }: { item: WorkItem; waiting: number }) {
  return (
    <div>
      <h2 className="wafer-name">{nameOf(item)}</h2>
      <p className="quiet">
        {item.fab} · {item.camera} · {waiting === 0 ? "the last in hand" : `${waiting} more in hand`}
      </p>
    </div>
  );
}

interface HoldProps {
  readonly item: string;
  readonly held: ReturnType<typeof useHand>;
  readonly onGoOn: (() => void) | null;
}

/** What is to be said of a wafer that is no longer surely ours. */
function Hold({ item, held, onGoOn }: HoldProps) {
  if (held.hand.over && onGoOn) return <Over over={held.hand.over} onGoOn={onGoOn} />;
  if (held.isHeld(item)) return null;
  return <Alert type="warning">Your hold on this wafer has run out. An answer may be refused if somebody else took it.</Alert>;
}

interface NothingProps {
  readonly deal: Deal;
  readonly onAsk: () => void;
  readonly onUndo: (() => void) | null;
}

function Nothing({ deal, onAsk, onUndo }: NothingProps) {
  if (deal.error !== null) return null;
  if (deal.dry === 0) return <Waiting what="wafers" />;
  return (
    <Empty
      title="Nothing waits for you"
      action={
        <SpaceBetween size="xs" direction="horizontal" alignItems="center">
          <Button loading={deal.asking} onClick={onAsk}>Look again</Button>
          {onUndo && <Button onClick={onUndo}>Undo the last answer</Button>}
        </SpaceBetween>
      }
    >
      New wafers appear here by themselves. What others hold comes back when they leave it.
    </Empty>
  );
}

/** What is read out: which wafer it is, or why there is none to answer. */
function spoken(item: WorkItem | undefined, { away, hand }: ReturnType<typeof useHand>): string {
  if (away) return "Nobody was at this page for a while: your wafers are for others again. Go on with Enter.";
  if (!item) return "";
  if (hand.over) return `${overWords(hand.over, nameOf(item))}. The next answer key goes on and answers nothing.`;
  const answer = item.model_answer;
  return answer ? `${nameOf(item)}. The model says ${labelWords(answer.label)}, ${percent(answer.probability)}.` : `${nameOf(item)}, read blind.`;
}
