import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useQuery } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { TrainingDetail } from "../api/types";
import { Answer } from "../app/Answers";
import { Confirm } from "../app/Confirm";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath } from "../app/places";
import { age, dollars, moment } from "../app/words";
import { LearnedFrom } from "../models/LearnedFrom";
import { TrainingStatus } from "./TrainingStatus";

const LOOK_AGAIN_MS = 5_000;

/** One training: why, how far, what it says, what it learns from. */
export function TrainingBox({ number }: { number: string }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["training", number],
    queryFn: () => api.training(number),
    refetchInterval: ({ state }) => (state.data?.ended_ms == null ? LOOK_AGAIN_MS : false),
  });
  return (
    <Answer query={query} what="the training">
      {(training) => <Detail training={training} />}
    </Answer>
  );
}

function Detail({ training }: { training: TrainingDetail }) {
  const { log, learned_from: dataset, why } = training;
  return (
    <Container
      header={
        <Header variant="h2" description={<TrainingStatus state={training.state} />} actions={<Stop training={training} />}>
          Training {training.training}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {training.failure && <Alert type="error">{training.failure}</Alert>}
        <KeyValuePairs
          columns={4}
          items={[
            { label: "Why", value: why.length === 0 ? "–" : why.join("; ") },
            { label: "Asked for by", value: training.by ?? "the schedule" },
            { label: "Began", value: moment(training.started_ms) },
            { label: "Ended", value: training.ended_ms == null ? `under way for ${age(training.started_ms)}` : moment(training.ended_ms) },
            { label: "Cost", value: training.cost_usd == null ? `about ${dollars(training.estimated_cost_usd)}` : dollars(training.cost_usd) },
            { label: "Model", value: training.model ? <PlaceLink to={modelPath(training.model)}>{training.model}</PlaceLink> : "none yet" },
            { label: "Job", value: <span className="hash">{training.job}</span> },
          ]}
        />
        <FormField label="Log" description="Its last lines" stretch>
          <Textarea readOnly rows={Math.min(20, Math.max(4, log.length))} value={log.length === 0 ? "It has written nothing yet." : log.join("\n")} />
        </FormField>
        {dataset && <LearnedFrom dataset={dataset} />}
      </SpaceBetween>
    </Container>
  );
}

function Stop({ training }: { training: TrainingDetail }) {
  const api = useApi();
  const [asking, setAsking] = useState(false);
  if (training.ended_ms != null || training.state === "stopping") return null;
  return (
    <>
      <Button onClick={() => setAsking(true)}>Stop</Button>
      {asking && (
        <Confirm
          title={`Stop training ${training.training}?`}
          verb="Stop it"
          deed={() => api.stopTraining(training.training)}
          changes={["training", "trainings"]}
          onClose={() => setAsking(false)}
        >
          What it has learned is lost, what it has cost is spent. The cameras keep the model that they have, and the answers are there for the next one.
        </Confirm>
      )}
    </>
  );
}
