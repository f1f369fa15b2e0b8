import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";

import type { ReadingView, WorkItem } from "../api/types";
import { labelWords, percent, REASONS, wordsOf } from "../app/words";

/** What is known of a wafer before it is answered; nothing where it is to be read blind. */
export function ModelSays({ item }: { item: WorkItem }) {
  const answer = item.model_answer;
  return (
    <SpaceBetween size="xs">
      {item.comment && <StatusIndicator type="info">Sent back: {item.comment}</StatusIndicator>}
      {item.blind && <StatusIndicator type="info">Read blind: neither the model's answer nor another person's is shown</StatusIndicator>}
      {answer && (
        <>
          <Box>
            <Box variant="awsui-key-label">The model says</Box>
            <Box fontSize="heading-l" fontWeight="bold">
              {labelWords(answer.label)} <Box variant="span" fontSize="heading-m" color="text-body-secondary">{percent(answer.probability)}</Box>
            </Box>
          </Box>
          <Box color="text-body-secondary" fontSize="body-s">
            {[answer.reason && (REASONS[answer.reason] ?? answer.reason), answer.accept != null && `needs no person from ${percent(answer.accept)}`]
              .filter(Boolean)
              .join(" · ")}
          </Box>
        </>
      )}
      {item.readings.length > 0 && <Readings readings={item.readings} />}
    </SpaceBetween>
  );
}

function Readings({ readings }: { readings: readonly ReadingView[] }) {
  return (
    <Box>
      <Box variant="awsui-key-label">The readers disagree</Box>
      {readings.map((reading) => (
        <Box key={reading.reviewer}>
          <b>{wordsOf(reading)}</b> by {reading.reviewer}
          {reading.note ? `: “${reading.note}”` : ""}
        </Box>
      ))}
    </Box>
  );
}
