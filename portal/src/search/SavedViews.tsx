import Button from "@cloudscape-design/components/button";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import TokenGroup from "@cloudscape-design/components/token-group";
import { useState } from "react";

import type { SavedView } from "../api/types";
import { given } from "../app/useUrlState";
import { useOwn } from "../settings/own";

interface SavedViewsProps {
  readonly screen: SavedView["screen"];
  /** What of the address a view keeps. */
  readonly fields: readonly string[];
  readonly params: URLSearchParams;
  readonly onOpen: (changes: Record<string, string>) => void;
}

const MOST_NAME = 60;
const MOST_VIEWS = 50;

/** Searches kept under a name, wherever this person signs in. */
export function SavedViews({ screen, fields, params, onOpen }: SavedViewsProps) {
  const [own, change] = useOwn();
  const [name, setName] = useState("");
  const views = own.views.filter((view) => view.screen === screen);
  const others = (kept: string) => own.views.filter((view) => view.screen !== screen || view.name !== kept);
  const search = given(params, fields) as Record<string, string>;
  const searched = Object.keys(search).length > 0;
  const title = name.trim();
  if (views.length === 0 && !searched) return null;
  return (
    <div className="saved-views">
      {views.length > 0 && (
        <SpaceBetween size="xs" direction="horizontal">
          {views.map((view) => (
            <Button key={view.name} onClick={() => onOpen({ ...Object.fromEntries(fields.map((field) => [field, ""])), ...view.search })}>
              {view.name}
            </Button>
          ))}
          <TokenGroup
            limit={0}
            i18nStrings={{ limitShowMore: "Change views", limitShowFewer: "Done" }}
            items={views.map((view) => ({ label: view.name, dismissLabel: `Forget the view ${view.name}` }))}
            onDismiss={({ detail }) => change({ views: others(views[detail.itemIndex]?.name ?? "") })}
          />
        </SpaceBetween>
      )}
      {searched && (
        <div className="name-view">
          <Input value={name} ariaLabel="Name of the view" placeholder="Name of the view" onChange={({ detail }) => setName(detail.value.slice(0, MOST_NAME))} />
          <Button
            disabled={title === "" || others(title).length >= MOST_VIEWS}
            onClick={() => {
              change({ views: [...others(title), { name: title, screen, search }] });
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
