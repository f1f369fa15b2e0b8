import Box from "@cloudscape-design/components/box";
import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";

import type { Statistics } from "../api/types";

type Day = Statistics["reviewers"][number];

/** Who answered how much; many answers in under a second are worth a talk. */
export function Reviewers({ days }: { days: readonly Day[] }) {
  return (
    <Table
      header={<Header variant="h2">Answers by reviewer</Header>}
      items={totals(days)}
      trackBy="reviewer"
      columnDefinitions={[
        { id: "who", header: "Reviewer", cell: ({ reviewer }) => reviewer, isRowHeader: true },
        { id: "days", header: "Days", cell: (each) => each.days },
        { id: "answers", header: "Answers", cell: ({ answers }) => answers },
        { id: "bulk", header: "In bulk", cell: ({ bulk }) => bulk },
        { id: "hasty", header: "In under a second", cell: ({ hasty }) => hasty },
      ]}
      empty={<Box textAlign="center">Nobody answered in this time.</Box>}
    />
  );
}

function totals(days: readonly Day[]): (Day & { days: number })[] {
  const names = [...new Set(days.map(({ reviewer }) => reviewer))].sort();
  return names.map((reviewer) => {
    const own = days.filter((day) => day.reviewer === reviewer);
    const sum = (field: "answers" | "bulk" | "hasty") => own.reduce((total, day) => total + day[field], 0);
    return { reviewer, day: "", days: own.length, answers: sum("answers"), bulk: sum("bulk"), hasty: sum("hasty") };
  });
}
