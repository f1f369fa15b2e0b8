import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import { useState } from "react";

import type { Line } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { Desk } from "./Desk";
import { Standing } from "./Standing";

/** The wafers that wait for a person, one after the other. */
export function QueueScreen() {
  const { fab, me } = usePerson();
  const reads = me.roles.includes("reviewer");
  const adjudicates = me.roles.includes("engineer") || me.roles.includes("admin");
  const [line, setLine] = useState<Line>(reads ? "review" : "adjudication");
  return (
    <ContentLayout
      header={
        <Header
          variant="h1"
          description={<Standing line={line} />}
          actions={
            reads &&
            adjudicates && (
              <SegmentedControl
                label="Which queue"
                selectedId={line}
                options={[
                  { id: "review", text: "Review" },
                  { id: "adjudication", text: "Adjudication" },
                ]}
                onChange={({ detail }) => setLine(detail.selectedId as Line)}
              />
            )
          }
        >
          {line === "review" ? "Queue" : "Adjudication"}
        </Header>
      }
    >
      <Desk key={`${fab} ${line}`} fab={fab} line={line} />
    </ContentLayout>
  );
}
