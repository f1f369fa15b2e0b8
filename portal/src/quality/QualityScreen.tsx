import Alert from "@cloudscape-design/components/alert";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import { Answer } from "../app/Answers";
import { usePerson } from "../app/PersonProvider";
import { useUrlState } from "../app/useUrlState";
import { Agreement } from "./Agreement";
import { BacklogBox } from "./BacklogBox";
import { DefectRate } from "./DefectRate";
import { ErrorBox } from "./ErrorBox";
import { Reviewers } from "./Reviewers";

const SPANS = [7, 28, 90];

const COUNTING_MS = 5_000;

/** The API counts on with every question; it is asked until it has counted all. */
function untilCounted({ state: { data } }: { readonly state: { readonly data: { readonly complete: boolean } | undefined } }): number | false {
  return data?.complete === false && COUNTING_MS;
}

/** How well model and people do. */
export function QualityScreen() {
  const { fab } = usePerson();
  const api = useApi();
  const [params, change] = useUrlState();
  const days = SPANS.find((span) => String(span) === params.get("days")) ?? 28;
  const statistics = useQuery({ queryKey: ["statistics", fab, days], queryFn: () => api.statistics(fab, days), refetchInterval: untilCounted });
  const agreement = useQuery({ queryKey: ["agreement", fab, days], queryFn: () => api.agreement(fab, days), refetchInterval: untilCounted });
  const rates = useQuery({ queryKey: ["rates", fab, days], queryFn: () => api.rates(fab, days), refetchInterval: untilCounted });
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description="How far the model can be trusted, how far the people agree, and how much waits."
          actions={
            <SegmentedControl
              label="How far back"
              selectedId={String(days)}
              options={SPANS.map((span) => ({ id: String(span), text: `${span} days` }))}
              onChange={({ detail }) => change({ days: detail.selectedId })}
            />
          }
        >
          Quality
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Answer query={statistics} what="the statistics">
          {(found) => (
            <div className="halves">
              <ErrorBox audit={found.audit} />
              <BacklogBox backlog={found.backlog} settled={found.settled ?? null} days={found.days} />
            </div>
          )}
        </Answer>
        <Answer query={rates} what="the defect rate">
          {(found) => <DefectRate rates={found} />}
        </Answer>
        {[statistics, agreement, rates].some(({ data }) => data?.complete === false) && (
          <Alert type="info">What is older is still being counted: the figures grow until it is.</Alert>
        )}
        <Answer query={agreement} what="the agreement">
          {(found) => <Agreement report={found} />}
        </Answer>
        {statistics.data && <Reviewers days={statistics.data.reviewers} />}
      </SpaceBetween>
    </ContentLayout>
  );
}
