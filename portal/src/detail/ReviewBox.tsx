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
export function ReviewBox({ wafer, review }: { wafer: WaferDetail; review: ReviewView }) {
  const { me } = usePerson();
  const api = useApi();
  const queries = useQueryClient();
  const [sending, setSending] = useState(false);
  const release = useMutation({
    mutationFn: () => api.release(wafer.item, review.version, false),
    onSettled: () => queries.invalidateQueries({ queryKey: ["wafer", wafer.item] }),
  });
  const looks = me.roles.includes("engineer") || me.roles.includes("admin");
  const answered = review.state !== "open";
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              {me.roles.includes("admin") && review.held_by && (
                <Button loading={release.isPending} onClick={() => release.mutate()}>
                  Take it from {review.held_by}
                </Button>
              )}
              {looks && answered && <Button onClick={() => setSending(true)}>Send back</Button>}
            </SpaceBetween>
          }
        >
          Review
        </Header>
      }
    >
      <SpaceBetween size="xs">
        {release.isError && <Alert type="error">{wordsFor(release.error)}</Alert>}
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
        <TakeBack item={wafer.item} review={review} />
        <Box color="text-body-secondary">Waiting began {age(review.opened_ms)} ago</Box>
      </SpaceBetween>
      {sending && <SendBack item={wafer.item} version={review.version} onClose={() => setSending(false)} />}
    </Container>
  );
}
