import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

import type { ModelDetail } from "../api/types";
import { PlaceLink } from "../app/PlaceLink";
import { modelPath, rolloutPath, trainingPath } from "../app/places";
import { LearnedFrom } from "./LearnedFrom";

const NONE = "–";

/** Where a model comes from: whose weights, which answers, which job; and what vouches for its bundle. */
export function Lineage({ model }: { model: ModelDetail }) {
  const { ancestors, rollouts, training, learned_from: dataset } = model;
  return (
    <Container header={<Header variant="h2">Where it comes from</Header>}>
      <SpaceBetween size="l">
        <KeyValuePairs
          columns={3}
          items={[
            { label: "Began with the weights of", value: links(ancestors, modelPath) },
            { label: "Training", value: training ? <PlaceLink to={trainingPath(training)}>{training}</PlaceLink> : "none: it was shipped" },
            { label: "Rollouts", value: links(rollouts, rolloutPath) },
            { label: "SHA-256 of its manifest", value: <span className="hash">{model.manifest_sha256}</span> },
            { label: "SHA-256 of the key that signed it", value: <span className="hash">{model.signing_key ?? NONE}</span> },
            { label: "Model package", value: <span className="hash">{model.package ?? NONE}</span> },
          ]}
        />
        {dataset && <LearnedFrom dataset={dataset} />}
      </SpaceBetween>
    </Container>
  );
}

function links(names: readonly string[], path: (name: string) => string): ReactNode {
  if (names.length === 0) return NONE;
  return (
    <SpaceBetween size="xs" direction="horizontal">
      {names.map((name) => (
        <PlaceLink key={name} to={path(name)}>
          {name}
        </PlaceLink>
      ))}
    </SpaceBetween>
  );
}
