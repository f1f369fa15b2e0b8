import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import ProgressBar from "@cloudscape-design/components/progress-bar";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { NeedView } from "../api/types";
import { Confirm } from "../app/Confirm";
import { age, dollars, labelWords, moment } from "../app/words";

const ALL = 100;

/** Whether the next training starts, what it waits for, and what it would cost. */
export function NeedBox({ need, running }: { need: NeedView | null; running: boolean }) {
  const api = useApi();
  const [asking, setAsking] = useState(false);
  const [asked, setAsked] = useState(false);
  return (
    <Container
      header={
        <Header
          variant="h2"
          description={need ? `As looked at ${age(need.looked_ms)} ago` : ""}
          actions={
            <Button disabled={running} disabledReason="One is under way" onClick={() => setAsking(true)}>
              Train now
            </Button>
          }
        >
          The next training
        </Header>
      }
    >
      <SpaceBetween size="m">
        {asked && (
          <Alert type="info" dismissible onDismiss={() => setAsked(false)}>
            It was asked for. Whether it starts, or why not, is shown here in a moment.
          </Alert>
        )}
        {need ? <Need need={need} /> : <Box color="text-body-secondary">Nobody has looked yet: the first look is within the hour.</Box>}
      </SpaceBetween>
      {asking && (
        <Confirm
          title="Train now?"
          verb="Train"
          deed={async () => {
            await api.askTraining();
            setAsked(true);
          }}
          changes={["trainings"]}
          onClose={() => setAsking(false)}
        >
          A job starts with every answer that is settled by now, if there is a new one and the month&apos;s cap allows it.
          {need?.estimated_cost_usd == null ? "" : ` It costs about ${dollars(need.estimated_cost_usd)}.`}
        </Confirm>
      )}
    </Container>
  );
}

function Need({ need }: { need: NeedView }) {
  const labels = Object.entries(need.new_labels).sort(([, a], [, b]) => b - a);
  const count = labels.reduce((sum, [, each]) => sum + each, 0);
  const share = need.wanted === 0 ? ALL : Math.min(ALL, (count / need.wanted) * ALL);
  const spent = need.cap_usd == null ? dollars(need.spent_usd) : `${dollars(need.spent_usd)} of ${dollars(need.cap_usd)}`;
  return (
    <SpaceBetween size="m">
      <div>
        <b>{need.due ? "A training is due" : "Not yet"}</b>
        <ul className="plain-list">
          {need.reasons.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      </div>
      <ProgressBar value={share} label="New answers" description="Settled since the last dataset" additionalInfo={`${count} of ${need.wanted}`} />
      <KeyValuePairs
        columns={4}
        items={[
          { label: "By class", value: labels.length === 0 ? "none" : labels.map(([label, each]) => `${each} ${labelWords(label)}`).join(", ") },
          { label: "Next run at the latest", value: need.next_run_ms == null ? "no schedule" : moment(need.next_run_ms) },
          { label: "Spent this month", value: spent },
          { label: "The next one costs about", value: dollars(need.estimated_cost_usd) },
        ]}
      />
    </SpaceBetween>
  );
}
