import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import { useState } from "react";

import type { LabelView } from "../api/types";
import { Answer } from "../app/Answers";
import { readStored, store } from "../app/stored";
import { labelWords } from "../app/words";
import { useLabelBook } from "./book";
import { Example } from "./Example";

/** What the classes mean and how to tell neighbours apart, beside where they are answered. */
export function LabelBook() {
  const query = useLabelBook();
  const [open, setOpen] = useState(() => readStored("label book", false));
  return (
    <ExpandableSection
      headerText="What the classes mean"
      expanded={open}
      onChange={({ detail }) => {
        store("label book", detail.expanded);
        setOpen(detail.expanded);
      }}
    >
      {/* The examples' pictures are fetched for who looks at them. */}
      {open && (
        <Answer query={query} what="the label book">
          {({ labels }) => <Meanings labels={labels} />}
        </Answer>
      )}
    </ExpandableSection>
  );
}

function Meanings({ labels }: { labels: readonly LabelView[] }) {
  return (
    <dl className="label-book">
      {labels.map(({ label, meaning, neighbours, examples }) => (
        <div key={label}>
          <dt>{labelWords(label)}</dt>
          <dd>
            {meaning || "Not described yet."}
            {neighbours.map((neighbour) => (
              <Box key={neighbour.label} color="text-body-secondary">
                Not {labelWords(neighbour.label)}: {neighbour.difference}
              </Box>
            ))}
            {examples.length > 0 && (
              <ul className="examples">
                {examples.map((item) => (
                  <Example key={item} item={item} label={labelWords(label)} />
                ))}
              </ul>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
