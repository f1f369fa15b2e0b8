import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { TrainingSummary } from "../api/types";
import { Answer, Empty } from "../app/Answers";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath, trainingPath } from "../app/places";
import { useUrlState } from "../app/useUrlState";
import { dollars, moment } from "../app/words";
import { NeedBox } from "./NeedBox";
import { TrainingBox } from "./TrainingBox";
import { TrainingStatus } from "./TrainingStatus";

const LOOK_AGAIN_MS = 10_000;

const COLUMNS: TableProps.ColumnDefinition<TrainingSummary>[] = [
  { id: "training", header: "Training", cell: ({ training }) => <PlaceLink to={trainingPath(training)}>{training}</PlaceLink>, isRowHeader: true },
  { id: "state", header: "State", cell: ({ state }) => <TrainingStatus state={state} />, minWidth: 140 },
  { id: "why", header: "Why", cell: ({ why }) => why.join("; "), minWidth: 220 },
  { id: "by", header: "Asked for by", cell: ({ by }) => by ?? "the schedule" },
  { id: "started", header: "Began", cell: ({ started_ms: at }) => moment(at), minWidth: 150 },
  { id: "model", header: "Model", cell: ({ model }) => (model ? <PlaceLink to={modelPath(model)}>{model}</PlaceLink> : "–") },
  { id: "cost", header: "Cost", cell: ({ cost_usd: cost }) => dollars(cost) },
];

/** Why and when the next model is trained, and how trainings fared. */
export function TrainingScreen() {
  const api = useApi();
  const [params] = useUrlState();
  const query = useQuery({ queryKey: ["trainings"], queryFn: api.trainings, refetchInterval: LOOK_AGAIN_MS });
  return (
    <ContentLayout header={<Header variant="h1" description="What people answered becomes a better model: why and when, what it costs, and how it goes.">Training</Header>}>
      <Answer query={query} what="the trainings">
        {({ need, trainings }) => {
          const shown = params.get("training") ?? trainings[0]?.training;
          return (
            <SpaceBetween size="l">
              <NeedBox need={need ?? null} running={trainings.some(({ ended_ms: at }) => at == null)} />
              {shown && <TrainingBox key={shown} number={shown} />}
              <Table
                header={
                  <Header variant="h2" counter={`(${trainings.length})`}>
                    Trainings
                  </Header>
                }
                items={trainings}
                trackBy="training"
                columnDefinitions={COLUMNS}
                wrapLines
                empty={<Empty title="Nothing was trained yet">The first training starts by itself once there are enough answers.</Empty>}
              />
            </SpaceBetween>
          );
        }}
      </Answer>
    </ContentLayout>
  );
}
