import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import { wordsFor } from "../api/client";
import type { ReviewView, WaferDetail } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { age, STATES, wordsOf } from "../app/words";
import { SendBack } from "./SendBack";
import { TakeBack } from "./TakeBack";

/** Where the review stands, and what an engineer or administrator can do about it. */
export function ReviewBox({ wafer: { item }, review }: { wafer: WaferDetail; review: ReviewView }) {
  const api = useApi();
  const queries = useQueryClient();
  const [sending, setSending] = useState(false);
  const release = useMutation({
    mutationFn: () => api.release(item, review.version, false),
    onSettled: () => queries.invalidateQueries({ queryKey: ["wafer", item] }),
  });
  const deeds = <Deeds review={review} releasing={release.isPending} onRelease={() => release.mutate()} onSendBack={() => setSending(true)} />;
  return (
    <Container header={<Header variant="h2" actions={deeds}>Review</Header>}>
      <SpaceBetween size="xs">
        {release.isError && <Alert type="error">{wordsFor(release.error)}</Alert>}
        <Standing review={review} />
        <TakeBack item={item} review={review} />
        <Box color="text-body-secondary">Waiting began {age(review.opened_ms)} ago</Box>
      </SpaceBetween>
      {sending && <SendBack item={item} version={review.version} onClose={() => setSending(false)} />}
    </Container>
  );
}

interface DeedsProps {
  readonly review: ReviewView;
  readonly releasing: boolean;
  readonly onRelease: () => void;
  readonly onSendBack: () => void;
}

function Deeds({ review, releasing, onRelease, onSendBack }: DeedsProps) {
  const { roles } = usePerson().me;
  const looks = roles.includes("engineer") || roles.includes("admin");
  return (
    <SpaceBetween size="xs" direction="horizontal">
      {roles.includes("admin") && review.held_by && (
        <Button loading={releasing} onClick={onRelease}>
          Take it from {review.held_by}
        </Button>
      )}
      {looks && review.state !== "open" && <Button onClick={onSendBack}>Send back</Button>}
    </SpaceBetween>
  );
}

function Standing({ review }: { review: ReviewView }) {
  return (
    <SpaceBetween size="xs">
      <StatusIndicator type={review.state === "settled" ? "success" : review.state === "disputed" ? "warning" : "pending"}>{STATES[review.state]}</StatusIndicator>
      {review.answer && <Box fontSize="heading-l" fontWeight="bold">{wordsOf(review.answer)}</Box>}
      {review.held_by && <Box>Held by {review.held_by}</Box>}
      {review.comment && <Box>Sent back: “{review.comment}”</Box>}
      {review.readings.map((reading) => (
        <Box key={`${reading.reviewer} ${reading.at_ms}`}>
          <b>{wordsOf(reading)}</b> by {reading.reviewer}
          {reading.bulk ? ", in bulk" : ""}
          {reading.note ? `: “${reading.note}”` : ""}
        </Box>
      ))}
    </SpaceBetween>
  );
}
