import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { BacklogQuery } from "../api/calls";
import { Empty, Failure, Waiting } from "../app/Answers";
import { Choose } from "../app/Choose";
import { mayGo, PLACES } from "../app/places";
import { usePerson } from "../app/PersonProvider";
import { More, usePages } from "../app/usePages";
import { useUrlState } from "../app/useUrlState";
import { labelWords, STATES } from "../app/words";
import { useLabelBook } from "../labels/book";
import { BulkBar } from "./BulkBar";
import { Grid } from "./Grid";
import { NOTHING_CHOSEN, pressed } from "./selection";

const PAGE = 48;
const ORDERS = [
  ["oldest", "Oldest first"],
  ["newest", "Newest first"],
  ["urgent", "Most urgent first"],
] as const;

/** Look-alikes beside one another: choose, one key, all answered. */
export function GalleryScreen() {
  const { fab, me } = usePerson();
  const api = useApi();
  const [params, change] = useUrlState();
  const [selection, setSelection] = useState(NOTHING_CHOSEN);
  const query: BacklogQuery = {
    fab,
    limit: PAGE,
    state: (params.get("state") ?? "open") as keyof typeof STATES,
    order: (params.get("order") ?? "oldest") as (typeof ORDERS)[number][0],
    ...(params.get("label") ? { label: params.get("label") ?? "" } : {}),
  };
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
        </Container>
        {me.roles.includes("reviewer") && query.state === "open" && (
          <BulkBar
            fab={fab}
            chosen={chosen}
            most={me.most_bulk}
            onAll={() => setSelection({ chosen: ids.slice(0, me.most_bulk), anchor: null })}
            onNone={() => setSelection(NOTHING_CHOSEN)}
          />
        )}
        {pages.isError && <Failure error={pages.error} onRetry={() => void pages.refetch()} />}
        {waiting && !pages.isError && <Waiting what="wafers" />}
        {!waiting && !pages.isError && items.length === 0 && <Empty title="No such wafer waits">Choose another class or state.</Empty>}
        <Grid items={items} chosen={selection.chosen} onPress={(item, range) => setSelection((before) => pressed(before, item, ids, range, me.most_bulk))} />
        {items.length > 0 && <More pages={pages} what="wafers" />}
      </SpaceBetween>
    </ContentLayout>
  );
}

interface FiltersProps {
  readonly params: URLSearchParams;
  /** Whoever only reviews sees no more than what waits for a first answer. */
  readonly looks: boolean;
  readonly onChange: (changes: Record<string, string>) => void;
}

function Filters({ params, looks, onChange }: FiltersProps) {
  const book = useLabelBook().data?.labels ?? [];
  return (
    <div className="filters">
      <Choose
        label="The model says"
        value={params.get("label") ?? ""}
        options={[["", "Any class"], ...book.map(({ label }) => [label, labelWords(label)] as const)]}
        onChange={(label) => onChange({ label })}
      />
      {looks && <Choose label="State" value={params.get("state") ?? "open"} options={Object.entries(STATES)} onChange={(state) => onChange({ state })} />}
      <Choose label="Order" value={params.get("order") ?? "oldest"} options={ORDERS} onChange={(order) => onChange({ order })} />
    </div>
  );
}
