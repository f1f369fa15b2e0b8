import Box from "@cloudscape-design/components/box";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useQueries } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { WaferView } from "../api/types";
import { Empty } from "../app/Answers";
import { PlaceLink } from "../app/PlaceLink";
import { waferPath } from "../app/places";
import { labelWords, nameOf, percent, wordsOf } from "../app/words";
import { countDies, type DieGrid } from "../wafer/grid";
import { stackFails } from "../wafer/heat";
import { pictureQuery } from "../wafer/picture";
import { Thumbnail } from "../wafer/Thumbnail";
import { WaferCanvas } from "../wafer/WaferCanvas";
import { Trend } from "./Trend";

/** A lot has 25 wafers; what is stored under one name may be far more. */
const MOST_STACKED = 50;

export function Lot({ wafers }: { wafers: readonly WaferView[] }) {
  const api = useApi();
  const ordered = [...wafers].sort((a, b) => (a.wafer ?? 0) - (b.wafer ?? 0) || a.timestamp - b.timestamp);
  const stacked = ordered.slice(0, MOST_STACKED);
  const grids = useQueries({
    queries: stacked.map((wafer) => pictureQuery(api, wafer)),
    combine: (results) => results.map(({ data }) => data),
  });
  const there = grids.flatMap((grid) => (grid?.kind === "dies" ? [grid] : []));
  return (
    <SpaceBetween size="l">
      <div className="halves">
        <Container header={<Header variant="h2" description={`${there.length} of ${ordered.length} wafers`}>Where they fail together</Header>}>
          <Stack grids={there} />
        </Container>
        <Container header={<Header variant="h2" description="Failing dies of each wafer">From wafer to wafer</Header>}>
          <Trend bars={stacked.map((wafer, at) => ({ wafer, share: failShare(grids[at]) }))} />
        </Container>
      </div>
      <Container header={<Header variant="h2" counter={`(${ordered.length})`}>Wafers</Header>}>
        <ul className="gallery">
          {ordered.map((wafer) => (
            <li key={wafer.item}>
              <Thumbnail pictured={wafer} name={nameOf(wafer)} />
              <div className="gallery-caption">
                <PlaceLink to={waferPath(wafer)}>{wafer.wafer == null ? nameOf(wafer) : `Wafer ${wafer.wafer}`}</PlaceLink>
                <span className="quiet">{short(wafer)}</span>
              </div>
            </li>
          ))}
        </ul>
      </Container>
    </SpaceBetween>
  );
}

function Stack({ grids }: { grids: readonly DieGrid[] }) {
  const stack = stackFails(grids);
  if (grids.length === 0) return <Box color="text-body-secondary">The pictures are being fetched.</Box>;
  if (!stack) return <Empty title="These wafers cannot be stacked">Their maps have different numbers of dies.</Empty>;
  const highest = Math.max(...stack.shares);
  const passing = { ...stack.grid, cells: stack.grid.cells.map((cell) => Math.min(cell, 1)) };
  const scaled = stack.shares.map((share) => (highest > 0 ? share / highest : 0));
  return (
    <figure className="stack">
      <WaferCanvas grid={passing} heat={scaled} label={`Stacked map of ${grids.length} wafers; the worst die fails on ${percent(highest)} of them`} />
      <figcaption>
        <span className="heat-scale" aria-hidden="true" /> fails on 0 to {percent(highest)} of the wafers
      </figcaption>
    </figure>
  );
}

function failShare(grid: DieGrid | undefined): number | null {
  if (grid?.kind !== "dies") return null;
  const { dies, fails } = countDies(grid);
  return dies === 0 ? null : fails / dies;
}

function short({ answer, model_answer: model }: WaferView): string {
  if (answer) return wordsOf(answer);
  return model ? `${labelWords(model.label)} ${percent(model.probability)}` : "to be read blind";
}
