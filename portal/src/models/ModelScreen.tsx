import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQuery } from "@tanstack/react-query";
import { useParams } from "react-router";

import { useApi } from "../api/ApiProvider";
import type { ModelDetail } from "../api/types";
import { Answer } from "../app/Answers";
import { moment } from "../app/words";
import { Decide } from "./Decide";
import { Figures } from "./Figures";
import { Lineage } from "./Lineage";
import { ModelStatus } from "./ModelStatus";
import { ReplayBox } from "./ReplayBox";

/** All about one model: whether it may be released and why, its figures, where it comes from. */
export function ModelScreen() {
  const { model = "" } = useParams();
  const api = useApi();
  const query = useQuery({ queryKey: ["model", model], queryFn: () => api.model(model) });
  return (
    <Answer query={query} what="the model">
      {(found) => <Detail model={found} />}
    </Answer>
  );
}

function Detail({ model }: { model: ModelDetail }) {
  return (
    <ContentLayout
      header={
        <Header variant="h1" description={`Registered ${moment(model.created_ms)}`} actions={<Decide model={model} />}>
          {model.model}
        </Header>
      }
    >
      <SpaceBetween size="l">
        <VerdictBox model={model} />
        {model.test ? (
          <Figures model={model} test={model.test} />
        ) : (
          <Alert type="info">This model was shipped: there are no figures of another beside its own. Its model card is in the repository.</Alert>
        )}
        {model.replay && <ReplayBox replay={model.replay} />}
        <Lineage model={model} />
      </SpaceBetween>
    </ContentLayout>
  );
}

function VerdictBox({ model }: { model: ModelDetail }) {
  const { passed, reasons, decided_by: by, decided_ms: at } = model;
  return (
    <Container header={<Header variant="h2">Release</Header>}>
      <SpaceBetween size="s">
        <ModelStatus state={model.state} />
        {passed === true && <div>The release rule found nothing against it.</div>}
        {passed === false && (
          <div>
            The release rule speaks against it:
            <ul className="plain-list">
              {reasons.map((reason) => (
                <li key={reason}>{reason}</li>
              ))}
            </ul>
          </div>
        )}
        {by && (
          <div>
            Decided by {by}
            {at == null ? "" : `, ${moment(at)}`}
          </div>
        )}
      </SpaceBetween>
    </Container>
  );
}
