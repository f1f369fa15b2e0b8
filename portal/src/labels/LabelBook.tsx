import Box from "@cloudscape-design/components/box";
import ExpandableSection from "@cloudscape-design/components/expandable-section";

import { labelWords } from "../app/words";
import { useLabelBook } from "./book";

/** What the classes mean and how to tell neighbours apart, beside where they are answered. */
export function LabelBook() {
  const { data } = useLabelBook();
  if (!data) return null;
  return (
    <ExpandableSection headerText="What the classes mean">
      <dl className="label-book">
        {data.labels.map(({ label, meaning, neighbours }) => (
          <div key={label}>
            <dt>{labelWords(label)}</dt>
            <dd>
              {meaning || "Not described yet."}
              {neighbours.map((neighbour) => (
                <Box key={neighbour.label} color="text-body-secondary">
                  Not {labelWords(neighbour.label)}: {neighbour.difference}
                </Box>
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </ExpandableSection>
  );
}
