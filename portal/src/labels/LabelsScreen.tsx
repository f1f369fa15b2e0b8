import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import StatusIndicator from "@cloudscape-design/components/status-indicator";
import { useState } from "react";

import type { LabelView } from "../api/types";
import { Answer, Empty } from "../app/Answers";
import { usePerson } from "../app/PersonProvider";
import { labelWords, moment } from "../app/words";
import { AddLabel } from "./AddLabel";
import { useLabelBook } from "./book";
import { EditLabel } from "./EditLabel";
import { Example } from "./Example";

/** The label book: what each class means, and how to tell it from its neighbours. */
export function LabelsScreen() {
  const query = useLabelBook();
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description="What each class means and how to tell it from its neighbours. It is shown beside the buttons, and every change of it is kept."
          actions={<AddLabel />}
        >
          Labels
        </Header>
      }
    >
      <Answer query={query} what="the label book">
        {({ labels }) =>
          labels.length === 0 ? (
            <Empty title="The label book is empty" />
          ) : (
            <div className="halves">
              {labels.map((label) => (
                <LabelCard key={`${label.label} ${label.version}`} label={label} />
              ))}
            </div>
          )
        }
      </Answer>
    </ContentLayout>
  );
}

function LabelCard({ label }: { label: LabelView }) {
  const { me } = usePerson();
  const [editing, setEditing] = useState(false);
  const changed = label.changed_by && label.changed_ms ? `Changed by ${label.changed_by}, ${moment(label.changed_ms)}` : "";
  return (
    <Container
      fitHeight
      header={
        <Header variant="h2" description={changed} actions={me.roles.includes("admin") && <Button ariaLabel={`Change ${label.label}`} onClick={() => setEditing(true)}>Change</Button>}>
          {labelWords(label.label)}
        </Header>
      }
    >
      <SpaceBetween size="s">
        {!label.taught && <StatusIndicator type="pending">No model knows it yet: people alone can answer it</StatusIndicator>}
        <div>{label.meaning || "Not described yet."}</div>
        {label.neighbours.map((neighbour) => (
          <div key={neighbour.label}>
            <b>Not {labelWords(neighbour.label)}:</b> {neighbour.difference}
          </div>
        ))}
        {label.examples.length > 0 && (
          <ul className="examples" aria-label={`Examples of ${label.label}`}>
            {label.examples.map((item) => (
              <Example key={item} item={item} label={label.label} />
            ))}
          </ul>
        )}
      </SpaceBetween>
      {editing && <EditLabel label={label} onClose={() => setEditing(false)} />}
    </Container>
  );
}
