import Flashbar from "@cloudscape-design/components/flashbar";
import Link from "@cloudscape-design/components/link";
import { useNavigate } from "react-router";

import { waferPath } from "../app/places";
import { nameOf, wordsOf } from "../app/words";
import { useOutbox, useOutboxState } from "./OutboxProvider";
import type { Work } from "./work";

/** Answers that the API would not have, each with its reason, until somebody has read it. */
export function RefusedAnswers() {
  const outbox = useOutbox();
  const { refused } = useOutboxState();
  const navigate = useNavigate();
  return (
    <Flashbar
      stackItems
      items={refused.map(({ id, work, problem }) => ({
        id,
        type: "warning" as const,
        header: `Not kept: ${describe(work)}`,
        dismissible: true,
        dismissLabel: "Dismiss",
        onDismiss: () => void outbox.dismiss(id),
        content: (
          <>
            {problem}{" "}
            <Link color="inverted" href={waferPath(work.wafer)} onFollow={(event) => (event.preventDefault(), void navigate(waferPath(work.wafer)))}>
              See the wafer
            </Link>
          </>
        ),
      }))}
    />
  );
}

function describe(work: Work): string {
  const wafer = nameOf(work.wafer);
  return work.kind === "undo" ? `taking back the answer about ${wafer}` : `${wordsOf(work.body)} for ${wafer}`;
}
