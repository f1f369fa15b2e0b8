import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TokenGroup from "@cloudscape-design/components/token-group";
import { useState } from "react";

import { readStored, store } from "../app/stored";
import { FIELDS } from "./query";

interface View {
  readonly name: string;
  readonly search: Record<string, string>;
}

const KEPT = "views";

/** Searches kept under a name, in this browser. */
export function SavedViews({ params, onOpen }: { params: URLSearchParams; onOpen: (changes: Record<string, string>) => void }) {
  const [views, setViews] = useState<readonly View[]>(() => readStored(KEPT, []));
  const [name, setName] = useState("");
  const keep = (next: readonly View[]) => {
    store(KEPT, next);
    setViews(next);
  };
  const search = Object.fromEntries(FIELDS.map((field) => [field, params.get(field) ?? ""]));
  const searched = Object.values(search).some(Boolean);
  if (views.length === 0 && !searched) return null;
  return (
    <div className="saved-views">
      {views.length > 0 && (
        <SpaceBetween size="xs" direction="horizontal">
          {views.map((view) => (
            <Button key={view.name} onClick={() => onOpen(view.search)}>
              {view.name}
            </Button>
          ))}
          <TokenGroup
            limit={0}
            i18nStrings={{ limitShowMore: "Change views", limitShowFewer: "Done" }}
            items={views.map((view) => ({ label: view.name, dismissLabel: `Forget the view ${view.name}` }))}
            onDismiss={({ detail }) => keep(views.filter((_, at) => at !== detail.itemIndex))}
          />
        </SpaceBetween>
      )}
      {searched && (
        <div className="name-view">
          <Input value={name} ariaLabel="Name of the view" placeholder="Name of the view" onChange={({ detail }) => setName(detail.value)} />
          <Button
            disabled={name.trim() === ""}
            onClick={() => {
              keep([...views.filter((view) => view.name !== name.trim()), { name: name.trim(), search }]);
              setName("");
            }}
          >
            Keep as a view
          </Button>
        </div>
      )}
    </div>
  );
}
