import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { RolloutSummary } from "../api/types";
import { Answer, Empty } from "../app/Answers";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath, rolloutPath } from "../app/places";
import { useUrlState } from "../app/useUrlState";
import { moment } from "../app/words";
import { RolloutBox } from "./RolloutBox";
import { RolloutStatus } from "./RolloutStatus";

const LOOK_AGAIN_MS = 10_000;

const COLUMNS: TableProps.ColumnDefinition<RolloutSummary>[] = [
  { id: "rollout", header: "Rollout", cell: ({ rollout }) => <PlaceLink to={rolloutPath(rollout)}>{rollout}</PlaceLink>, isRowHeader: true },
  { id: "model", header: "Model", cell: ({ model }) => <PlaceLink to={modelPath(model)}>{model}</PlaceLink> },
  { id: "status", header: "How far", cell: (rollout) => <RolloutStatus rollout={rollout} />, minWidth: 170 },
  { id: "started", header: "Began", cell: ({ started_ms: at }) => moment(at), minWidth: 150 },
  { id: "ended", header: "Ended", cell: ({ ended_ms: at }) => (at == null ? "–" : moment(at)), minWidth: 150 },
  { id: "reason", header: "Why it came back", cell: ({ reason }) => reason ?? "–", minWidth: 220 },
];

/** How models get to the cameras: the one under way first, or the one that the address names. */
export function RolloutsScreen() {
  const api = useApi();
  const [params] = useUrlState();
  const query = useQuery({ queryKey: ["rollouts"], queryFn: api.rollouts, refetchInterval: LOOK_AGAIN_MS });
  return (
    <ContentLayout
      header={
        <Header variant="h1" description="A model goes to the cameras ring by ring and is watched at each; one that does worse comes back by itself.">
          Rollouts
        </Header>
      }
    >
      <Answer query={query} what="the rollouts">
        {({ rollouts }) => {
          const shown = params.get("rollout") ?? rollouts[0]?.rollout;
          return (
            <SpaceBetween size="l">
              {shown && <RolloutBox key={shown} number={shown} />}
              <Table
                header={
                  <Header variant="h2" counter={`(${rollouts.length})`}>
                    All
                  </Header>
                }
                items={rollouts}
                trackBy="rollout"
                columnDefinitions={COLUMNS}
                wrapLines
                empty={<Empty title="No rollout yet">One begins when a model is approved, or passes the release rule where no approval is asked for.</Empty>}
              />
            </SpaceBetween>
          );
        }}
      </Answer>
    </ContentLayout>
  );
}
