import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import Steps from "@cloudscape-design/components/steps";
import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { Why } from "../api/types";
import { Answer } from "../app/Answers";
import { Facts } from "../app/Facts";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath, trainingPath } from "../app/places";
import { linksOf } from "./chain";

/** From the picture to the models that learned from it, and what of that cannot be followed. */
export function ChainBox({ item }: { item: string }) {
  const api = useApi();
  const query = useQuery({ queryKey: ["wafer", item, "why"], queryFn: () => api.why(item) });
  return (
    <Container
      header={
        <Header variant="h2" description="From the picture to the models that learned from it, as the papers of each step say">
          The whole chain
        </Header>
      }
    >
      <Answer query={query} what="the chain">
        {(why) => (why.blind ? <StatusIndicator type="info">You are to read this wafer blind: its chain is shown once you have.</StatusIndicator> : <Chain why={why} />)}
      </Answer>
    </Container>
  );
}

function Chain({ why }: { why: Why }) {
  const { gaps, learned } = why;
  const lessons = learned.map(({ dataset, wafers, sha256, training, model, model_state: state }) => ({
    status: model ? ("success" as const) : ("pending" as const),
    statusIconAriaLabel: model ? "learned" : "not learned yet",
    header: `Dataset ${dataset}`,
    details: (
      <SpaceBetween size="xs">
        <Facts figures={{ wafers, "SHA-256 of the manifest": sha256, training, "model is": state }} none="" />
        <SpaceBetween size="m" direction="horizontal">
          <PlaceLink to={trainingPath(dataset)}>Training {dataset}</PlaceLink>
          {model && <PlaceLink to={modelPath(model)}>{model}</PlaceLink>}
        </SpaceBetween>
      </SpaceBetween>
    ),
  }));
  const links = linksOf(why).map(({ title, there, facts, none }) => ({
    status: there ? ("success" as const) : ("pending" as const),
    statusIconAriaLabel: there ? "known" : "not there",
    header: title,
    details: <Facts figures={facts} none={none} />,
  }));
  return (
    <SpaceBetween size="m">
      {gaps.length === 0 ? (
        <StatusIndicator type="success">No link is missing</StatusIndicator>
      ) : (
        <Alert type="warning" header="Links are missing">
          <ul className="plain-list">
            {gaps.map((gap) => (
              <li key={gap}>{gap}</li>
            ))}
          </ul>
        </Alert>
      )}
      <Steps ariaLabel="Links of the chain" steps={[...links, ...lessons]} />
      {lessons.length === 0 && <p className="quiet">No dataset holds this wafer: no model has learned from it.</p>}
    </SpaceBetween>
  );
}
