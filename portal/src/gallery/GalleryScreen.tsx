import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import { Empty, Failure, Waiting } from "../app/Answers";
import { mayGo, PLACES } from "../app/places";
import { usePerson } from "../app/PersonProvider";
import { More, usePages } from "../app/usePages";
import { useUrlState } from "../app/useUrlState";
import { SavedViews } from "../search/SavedViews";
import { BulkBar } from "./BulkBar";
import { Filters } from "./Filters";
import { Grid } from "./Grid";
import { backlogOf, CHOSEN, WRITTEN } from "./query";
import { NOTHING_CHOSEN, pressed } from "./selection";

const PAGE = 48;

/** Look-alikes beside one another: choose, one key, all answered. */
export function GalleryScreen() {
  const { fab, me } = usePerson();
  const api = useApi();
  const [params, change] = useUrlState();
  const [selection, setSelection] = useState(NOTHING_CHOSEN);
  const query = backlogOf(fab, params, PAGE);
  const { rows: items, pages, waiting } = usePages(["backlog", query], (cursor) => api.backlog(query, cursor), (page) => page.items);
  const ids = items.map(({ item }) => item);
  const chosen = items.filter(({ item }) => selection.chosen.includes(item));
  const filter = (changes: Record<string, string>) => {
    setSelection(NOTHING_CHOSEN);
    change(changes);
  };
  return (
    <ContentLayout header={<Header variant="h1" description="Wafers that look alike, answered together. Every bulk answer is marked as one and can be undone as one.">Gallery</Header>}>
      <SpaceBetween size="l">
        <Container>
          <Filters params={params} looks={mayGo(PLACES.wafers, me.roles)} onChange={filter} />
          <SavedViews screen="gallery" fields={[...CHOSEN, ...WRITTEN]} params={params} onOpen={filter} />
        </Container>
        {me.roles.includes("reviewer") && query.state === "open" && (
          <BulkBar
            key={fab}
            fab={fab}
            chosen={chosen}
            most={me.most_bulk}
            onAll={() => setSelection({ chosen: ids.slice(0, me.most_bulk), anchor: null })}
            onNone={() => setSelection(NOTHING_CHOSEN)}
          />
        )}
        {pages.isError && <Failure error={pages.error} onRetry={() => void pages.refetch()} />}
        {waiting && !pages.isError && <Waiting what="wafers" />}
        {!waiting && !pages.isError && items.length === 0 && <Empty title="No such wafer waits">Choose another class or state, or leave out a condition.</Empty>}
        <Grid items={items} chosen={selection.chosen} onPress={(item, range) => setSelection((before) => pressed(before, item, ids, range, me.most_bulk))} />
        {items.length > 0 && <More pages={pages} what="wafers" />}
      </SpaceBetween>
    </ContentLayout>
  );
}
