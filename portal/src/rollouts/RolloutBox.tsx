import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Steps, { type StepsProps } from "@cloudscape-design/components/steps";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { RolloutDetail } from "../api/types";
import { Answer } from "../app/Answers";
import { Facts } from "../app/Facts";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath } from "../app/places";
import { moment } from "../app/words";
import { endOf } from "./ends";
import { ringsOf, type Ring, type Standing } from "./rings";
import { RolloutStatus } from "./RolloutStatus";
import { StageBox } from "./StageBox";
import { Wishes } from "./Wishes";

const LOOK_AGAIN_MS = 5_000;

const STANDINGS: Readonly<Record<Standing, readonly [StepsProps.Step["status"], string]>> = {
  pending: ["pending", "not reached yet"],
  "under way": ["in-progress", "under way"],
  paused: ["stopped", "paused"],
  passed: ["success", "passed"],
  failed: ["error", "ended here"],
  never: ["stopped", "never reached"],
};

/** One rollout: its rings with their figures, what the cameras run now, and what may be done about it. */
export function RolloutBox({ number }: { number: string }) {
  const api = useApi();
  const query = useQuery({
    queryKey: ["rollout", number],
    queryFn: () => api.rollout(number),
    refetchInterval: ({ state }) => (state.data?.ended_ms == null ? LOOK_AGAIN_MS : false),
  });
  return (
    <Answer query={query} what="the rollout">
      {(rollout) => <Detail rollout={rollout} />}
    </Answer>
  );
}

function Detail({ rollout }: { rollout: RolloutDetail }) {
  const running = Object.entries(rollout.running).sort(([, a], [, b]) => b - a);
  return (
    <Container
      header={
        <Header variant="h2" description={<RolloutStatus rollout={rollout} />} actions={<Wishes rollout={rollout} />}>
          {rollout.model} in place of {rollout.previous}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {rollout.reason && <Alert type="warning">{endOf(rollout, rollout.reason)}</Alert>}
        <KeyValuePairs
          columns={4}
          items={[
            { label: "Rollout", value: rollout.rollout },
            { label: "Began", value: moment(rollout.started_ms) },
            { label: "Ended", value: rollout.ended_ms == null ? "under way" : moment(rollout.ended_ms) },
            { label: "Wanted by people", value: rollout.wished_by ? `${rollout.wish}, by ${rollout.wished_by}` : rollout.wish },
            { label: "Model", value: <PlaceLink to={modelPath(rollout.model)}>{rollout.model}</PlaceLink> },
            { label: "Signature and component", value: `${rollout.serial}, ${rollout.component_version}` },
            { label: "Cameras of your fabs run", value: running.length === 0 ? "–" : running.map(([model, count]) => `${count} ${model}`).join(", ") },
            { label: "Cameras that run it beside", value: rollout.shadowing },
          ]}
        />
        <Steps ariaLabel="Rings" steps={ringsOf(rollout).map(stepOf)} />
        {Object.keys(rollout.deployments).length > 0 && <Facts figures={rollout.deployments} none="" />}
      </SpaceBetween>
    </Container>
  );
}

function stepOf({ title, standing, log }: Ring): StepsProps.Step {
  const [status, words] = STANDINGS[standing];
  return {
    header: title,
    status,
    statusIconAriaLabel: words,
    details: log ? <StageBox log={log} words={words} /> : <div className="quiet">{words}</div>,
  };
}
