import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Table, { type TableProps } from "@cloudscape-design/components/table";

import type { AgreementReport, NamedAgreement } from "../api/types";
import { labelWords, percent } from "../app/words";

const kappaWords = (kappa: number | null | undefined) => (kappa == null ? "–" : kappa.toFixed(2));

const FIGURES: TableProps.ColumnDefinition<NamedAgreement>[] = [
  { id: "pairs", header: "Pairs", cell: ({ pairs, bulk_pairs: bulk }) => (bulk > 0 ? `${pairs} (${bulk} bulk)` : pairs) },
  { id: "percent", header: "Agree", cell: ({ percent: share }) => percent(share) },
  { id: "kappa", header: "Kappa", cell: ({ kappa }) => kappaWords(kappa) },
];

/** How far two people who read the same wafer say the same, beyond what chance would give. */
export function Agreement({ report }: { report: AgreementReport }) {
  const { overall } = report;
  return (
    <Container
      header={
        <Header variant="h2" description="Kappa is 1 where readers always agree and 0 where they agree as often as chance would have it. Bulk answers weigh less.">
          Agreement
        </Header>
      }
    >
      <SpaceBetween size="m">
        {overall.pairs === 0 ? (
          <Box color="text-body-secondary">No wafer has been read twice in this time.</Box>
        ) : (
          <Box fontSize="heading-l">
            <b>{percent(overall.percent)}</b> of {overall.pairs} pairs agree, kappa <b>{kappaWords(overall.kappa)}</b>
          </Box>
        )}
        <div className="halves">
          <Figures title="By class" column="Class" items={report.labels.map((each) => ({ ...each, name: labelWords(each.name) }))} />
          <SpaceBetween size="m">
            <Figures title="By reviewer" column="Reviewer" items={report.reviewers} />
            <Figures title="By week" column="Week" items={report.weeks} />
            <Honeypots honeypots={report.honeypots} />
          </SpaceBetween>
        </div>
      </SpaceBetween>
    </Container>
  );
}

function Figures({ title, column, items }: { title: string; column: string; items: readonly NamedAgreement[] }) {
  return (
    <Table
      variant="embedded"
      header={<Header variant="h3">{title}</Header>}
      items={items}
      trackBy="name"
      columnDefinitions={[{ id: "name", header: column, cell: ({ name }) => name, isRowHeader: true }, ...FIGURES]}
      empty={<Box textAlign="center">Nothing yet.</Box>}
    />
  );
}

function Honeypots({ honeypots }: { honeypots: AgreementReport["honeypots"] }) {
  return (
    <Table
      variant="embedded"
      header={
        <Header variant="h3" description="Wafers whose answer is known, shown without a word">
          Checks
        </Header>
      }
      items={honeypots}
      trackBy="reviewer"
      columnDefinitions={[
        { id: "who", header: "Reviewer", cell: ({ reviewer }) => reviewer, isRowHeader: true },
        { id: "shown", header: "Shown", cell: ({ shown }) => shown },
        { id: "right", header: "Right", cell: ({ right, shown }) => `${right} (${percent(shown === 0 ? null : right / shown)})` },
      ]}
      empty={<Box textAlign="center">Nobody was checked in this time.</Box>}
    />
  );
}
