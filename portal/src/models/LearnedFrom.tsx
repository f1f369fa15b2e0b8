import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";

import type { DatasetView } from "../api/types";
import { labelWords, moment } from "../app/words";

/** A dataset version: what is in it, whose answers, and what was left out and why. */
export function LearnedFrom({ dataset }: { dataset: DatasetView }) {
  const { labels, reviewers, excluded, conflicting, unsettled } = dataset;
  return (
    <SpaceBetween size="s">
      <Header variant="h3" description={`${dataset.wafers} reviewed wafers, ${moment(dataset.created_ms)}; it never changes`}>
        Dataset {dataset.dataset}
      </Header>
      <KeyValuePairs
        columns={3}
        items={[
          { label: "By class", value: counts(labels, labelWords) },
          { label: "Answers by reviewer", value: reviewers ? counts(reviewers) : <Box color="text-body-secondary">told to who may see every fab</Box> },
          { label: "Left out", value: counts({ "readers disagree": conflicting, "second reading missing": unsettled, ...excluded }) },
          { label: "SHA-256 of its manifest", value: <span className="hash">{dataset.sha256}</span> },
          { label: "The one before", value: dataset.previous ?? "none" },
        ]}
      />
    </SpaceBetween>
  );
}

function counts(found: Readonly<Record<string, number>>, words: (name: string) => string = (name) => name) {
  const shown = Object.entries(found)
    .filter(([, count]) => count > 0)
    .sort(([, a], [, b]) => b - a);
  if (shown.length === 0) return "none";
  return (
    <ul className="plain-list">
      {shown.map(([name, count]) => (
        <li key={name}>
          {count} {words(name)}
        </li>
      ))}
    </ul>
  );
}
