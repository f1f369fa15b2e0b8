import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";

import type { Statistics } from "../api/types";
import { age, STATES } from "../app/words";

interface BacklogBoxProps {
  readonly backlog: Statistics["backlog"];
  /** Not told to everybody. */
  readonly settled: number | null;
  readonly days: number;
}

/** How much waits, and for how long. */
export function BacklogBox({ backlog, settled, days }: BacklogBoxProps) {
  const waiting = backlog.filter(({ state }) => state !== "settled");
  return (
    <Container header={<Header variant="h2" description={settled === null ? "" : `${settled} labels settled in ${days} days`}>Backlog</Header>}>
      <dl className="backlog">
        {waiting.map(({ state, count, at_least: more, oldest_ms: oldest }) => (
          <div key={state}>
            <dt>{STATES[state]}</dt>
            <dd>
              <Box fontSize="display-l" fontWeight="bold">
                {count}
                {more ? "+" : ""}
              </Box>
              <Box color="text-body-secondary">{oldest == null ? "nothing waits" : `the oldest for ${age(oldest)}`}</Box>
            </dd>
          </div>
        ))}
      </dl>
    </Container>
  );
}
