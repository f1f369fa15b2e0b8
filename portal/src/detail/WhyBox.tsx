import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { ModelAnswer, WaferDetail } from "../api/types";
import { labelWords, percent } from "../app/words";
import { promiseFor, reasonsFor } from "./why";

/** The model's answer and what followed from it. */
export function WhyBox({ wafer }: { wafer: WaferDetail }) {
  const answer = wafer.model_answer;
  return (
    <Container header={<Header variant="h2">Why?</Header>}>
      {answer ? (
        <SpaceBetween size="m">
          <Box>
            <Box fontSize="heading-l" fontWeight="bold">
              {labelWords(answer.label)} <Box variant="span" color="text-body-secondary">{percent(answer.probability, 1)}</Box>
            </Box>
            <Box color="text-body-secondary">by {answer.model ?? "a model that gave no name"}</Box>
          </Box>
          <Scores answer={answer} />
          <SpaceBetween size="xs">
            {reasonsFor(answer, wafer.normal, wafer.alerted ?? null).map(({ rule, applies, because }) => (
              <div key={rule}>
                <StatusIndicator type={applies ? "success" : "stopped"}>{applies ? rule : `Not ${rule.toLowerCase()}`}</StatusIndicator>
                <Box color="text-body-secondary">{because}</Box>
              </div>
            ))}
          </SpaceBetween>
          <Promised wafer={wafer} label={answer.label} />
          <Box variant="small">
            Probabilities are calibrated: of a hundred answers given at 80&nbsp;%, about eighty are right. A class is accepted without a person from the
            threshold at which the release was shown to keep its error within what was promised; below it, a person decides.
          </Box>
        </SpaceBetween>
      ) : (
        <StatusIndicator type="info">You are to read this wafer blind: the model&apos;s answer is shown once you have.</StatusIndicator>
      )}
    </Container>
  );
}

/** What the release promised of its thresholds; nothing where it cannot be had, for the chain below says that. */
function Promised({ wafer, label }: { wafer: WaferDetail; label: string }) {
  const api = useApi();
  const { data } = useQuery({ queryKey: ["wafer", wafer.item, "why"], queryFn: () => api.why(wafer.item) });
  const promise = data?.thresholds && promiseFor(data.thresholds.promise, label, wafer.normal);
  return promise ? <Box>{promise}</Box> : null;
}

const MOST_SCORES = 4;

/** The likeliest classes, with the accept threshold marked on the model's own. */
function Scores({ answer }: { answer: ModelAnswer }) {
  const scores = Object.entries(answer.scores ?? { [answer.label]: answer.probability })
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_SCORES);
  return (
    <dl className="scores">
      {scores.map(([label, score]) => (
        <div key={label}>
          <dt>{labelWords(label)}</dt>
          <dd>
            <meter min={0} max={1} value={score} aria-label={`${labelWords(label)} ${percent(score, 1)}`} />
            <span>{percent(score, 1)}</span>
          </dd>
        </div>
      ))}
      {answer.accept != null && (
        <div>
          <dt className="quiet">Accepted from</dt>
          <dd className="quiet">{percent(answer.accept, 1)}</dd>
        </div>
      )}
    </dl>
  );
}
