import Alert from "@cloudscape-design/components/alert";
import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import { useEffect, useRef } from "react";

import { Empty } from "../app/Answers";
import type { Hand } from "./hand";

/** Nobody was there for a while: what was in hand is for others again. */
export function Away({ onGoOn }: { onGoOn: () => void }) {
  const button = useRef<ButtonProps.Ref>(null);
  useEffect(() => button.current?.focus(), []);
  return (
    <Empty
      title="Your wafers are for others again"
      action={
        <Button ref={button} variant="primary" onClick={onGoOn}>
          Go on
        </Button>
      }
    >
      Nobody was at this page for a while. All that you answered is kept.
    </Empty>
  );
}

type Over = NonNullable<Hand["over"]>;

export function overWords({ why }: Over, wafer: string): string {
  return why === "taken" ? `Somebody else has ${wafer} now` : `Your answer to ${wafer} stands`;
}

/** Nothing can be answered about the wafer in sight any more. */
export function Over({ over, onGoOn }: { over: Over; onGoOn: () => void }) {
  return (
    <Alert type="warning" header={overWords(over, "this wafer")} action={<Button onClick={onGoOn}>Next wafer</Button>}>
      The next answer key goes on and answers nothing.
    </Alert>
  );
}
