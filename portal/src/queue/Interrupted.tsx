import Alert from "@cloudscape-design/components/alert";
import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import { useEffect, useRef } from "react";

import { Empty } from "../app/Answers";

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

/** The wafer in sight has gone to somebody else. */
export function Taken({ onGoOn }: { onGoOn: () => void }) {
  return (
    <Alert type="warning" header="Somebody else has this wafer now" action={<Button onClick={onGoOn}>Next wafer</Button>}>
      The next answer key goes on and answers nothing.
    </Alert>
  );
}
