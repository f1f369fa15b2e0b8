import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { AuditView, Drift } from "../api/types";
import { Answer, Empty } from "../app/Answers";
import { Facts } from "../app/Facts";
import { usePerson } from "../app/PersonProvider";
import { age, moment, percent } from "../app/words";
import { DETECTORS, Signals } from "./Signals";

type Alarm = Drift["alarms"][number];

const LOOK_AGAIN_MS = 30_000;
const ORDER = ["process", "camera", "model"] as const;
const ENDINGS = { open: "under way", confirmed: "it got worse", dismissed: "it is as good as before", unanswered: "too few answered" } as const;

const ALARMS: TableProps.ColumnDefinition<Alarm>[] = [
  { id: "at", header: "When", cell: ({ at_ms: at }) => moment(at), isRowHeader: true, minWidth: 150 },
  { id: "detector", header: "Detector", cell: ({ detector }) => DETECTORS[detector][0], minWidth: 140 },
  { id: "what", header: "What", cell: ({ what }) => what, minWidth: 180 },
  { id: "figures", header: "Figures", cell: ({ figures }) => <Facts figures={figures} none="–" />, minWidth: 260 },
];

const AUDITS: TableProps.ColumnDefinition<AuditView>[] = [
  { id: "model", header: "Model", cell: ({ model }) => model, isRowHeader: true },
  { id: "suspicion", header: "Suspected for", cell: ({ suspicion }) => suspicion, minWidth: 180 },
  { id: "begun", header: "Began", cell: ({ begun_ms: at }) => moment(at), minWidth: 150 },
  { id: "answered", header: "Answered", cell: ({ right, wrong, unusable, wafers }) => `${right + wrong + unusable} of ${wafers}` },
  { id: "wrong", header: "Wrong", cell: ({ wrong, usual_error: usual }) => `${wrong} (it expects ${percent(usual, 1)})` },
  { id: "outcome", header: "Outcome", cell: ({ outcome }) => ENDINGS[outcome] },
];

/** Whether the process, a camera or the model has moved. */
export function DriftScreen() {
  const { fab } = usePerson();
  const api = useApi();
  const query = useQuery({ queryKey: ["drift", fab], queryFn: () => api.drift(fab), refetchInterval: LOOK_AGAIN_MS });
  return (
    <ContentLayout
      header={<Header variant="h1" description="Three detectors with three names. Each alarms when one of its statistics reaches its threshold, and nothing else alarms.">Drift</Header>}
    >
      <Answer query={query} what="the detectors">
        {(found) => <Detectors drift={found} />}
      </Answer>
    </ContentLayout>
  );
}

function Detectors({ drift }: { drift: Drift }) {
  const { signals, audits, alarms, looked_ms: looked } = drift;
  if (looked == null) return <Empty title="No detector has looked yet">The first look is within a quarter of an hour after the first wafers.</Empty>;
  return (
    <SpaceBetween size="l">
      <p className="quiet">Wafers up to {age(looked)} ago were looked at.</p>
      <Table
        header={
          <Header variant="h2" counter={`(${alarms.length})`}>
            Alarms
          </Header>
        }
        items={alarms}
        trackBy={({ at_ms: at, detector, what }) => `${at} ${detector} ${what}`}
        columnDefinitions={ALARMS}
        wrapLines
        empty={<Empty title="No alarm">Nothing has moved as far as the detectors can tell.</Empty>}
      />
      {ORDER.map((detector) => (
        <Signals key={detector} detector={detector} signals={signals.filter((signal) => signal.detector === detector)} />
      ))}
      {audits.length > 0 && (
        <Table
          header={
            <Header variant="h2" description="Forty wafers drawn at random that people read because a model is suspected">
              Audits
            </Header>
          }
          items={audits}
          trackBy="model"
          columnDefinitions={AUDITS}
          wrapLines
        />
      )}
    </SpaceBetween>
  );
}
