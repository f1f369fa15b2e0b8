import BarChart from "@cloudscape-design/components/bar-chart";
import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";

import type { Rates } from "../api/types";

/** The defects that the model saw, day by day and class by class, in percent of the day's wafers. */
export function DefectRate({ rates }: { rates: Rates }) {
  const { buckets } = rates;
  const labels = [...new Set(buckets.flatMap((bucket) => Object.keys(bucket.labels)))].filter((label) => label !== "none");
  const days = buckets.map(({ day }) => day);
  const share = (count: number, wafers: number) => (wafers === 0 ? 0 : (count / wafers) * 100);
  return (
    <Container header={<Header variant="h2" description="As the model saw it, percent of each day's wafers">Defect rate</Header>}>
      <BarChart
        ariaLabel="Defect rate by day and class"
        stackedBars
        hideFilter
        height={220}
        xScaleType="categorical"
        xTitle="Day (UTC)"
        yTitle="%"
        xDomain={days}
        xTickFormatter={(day: string) => day.slice(5)}
        series={labels.map((label) => ({
          type: "bar" as const,
          title: label,
          data: buckets.map(({ day, wafers, labels: counts }) => ({ x: day, y: share(counts[label] ?? 0, wafers) })),
          valueFormatter: (value: number) => `${value.toFixed(1)} %`,
        }))}
        empty={<Box textAlign="center">No wafers in this time.</Box>}
      />
    </Container>
  );
}
