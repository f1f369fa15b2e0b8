import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type SyntheticEvent } from "react";

import { Choose } from "../app/Choose";
import { usePerson } from "../app/PersonProvider";
import { labelWords, STATES } from "../app/words";
import { useLabelBook } from "../labels/book";
import { canAsk, faultOf } from "../search/written";
import { ORDERS, WRITTEN } from "./query";

type Written = (typeof WRITTEN)[number];

const NAMES: Record<Written, readonly [label: string, placeholder: string]> = {
  lot: ["Lot", ""],
  min: ["Sure at least, %", ""],
  max: ["Sure at most, %", ""],
  least: ["Novelty at least", ""],
  most: ["Novelty at most", ""],
  from: ["Waits since, from day", "YYYY-MM-DD"],
  to: ["Waits since, to day", "YYYY-MM-DD"],
  holder: ["Held by", "user name"],
};
const NUMBERS: readonly Written[] = ["min", "max", "least", "most"];

interface FiltersProps {
  readonly params: URLSearchParams;
  /** Whoever only reviews sees no more than what waits for a first answer, and not who holds it. */
  readonly looks: boolean;
  readonly onChange: (changes: Record<string, string>) => void;
}

export function Filters({ params, looks, onChange }: FiltersProps) {
  const { catalogue, fab } = usePerson();
  const book = useLabelBook().data?.labels ?? [];
  const cameras = catalogue.fabs.find((each) => each.fab === fab)?.cameras ?? [];
  const chosen = (name: string) => params.get(name) ?? "";
  return (
    <SpaceBetween size="s">
      <div className="filters">
        <Choose
          label="The model says"
          value={chosen("label")}
          options={[["", "Any class"], ...book.map(({ label }) => [label, labelWords(label)] as const)]}
          onChange={(label) => onChange({ label })}
        />
        {looks && <Choose label="State" value={params.get("state") ?? "open"} options={Object.entries(STATES)} onChange={(state) => onChange({ state })} />}
        <Choose label="Order" value={params.get("order") ?? "oldest"} options={ORDERS} onChange={(order) => onChange({ order })} />
        <Choose label="Camera" value={chosen("camera")} options={[["", "Any"], ...cameras.map(({ camera }) => [camera, camera] as const)]} onChange={(camera) => onChange({ camera })} />
      </div>
      <ExpandableSection headerText="More conditions" defaultExpanded={WRITTEN.some((name) => params.has(name))}>
        <Conditions key={params.toString()} params={params} looks={looks} onChange={onChange} />
      </ExpandableSection>
    </SpaceBetween>
  );
}

function Conditions({ params, looks, onChange }: FiltersProps) {
  const [wanted, setWanted] = useState<Record<string, string>>(() => Object.fromEntries(WRITTEN.map((name) => [name, params.get(name) ?? ""])));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (canAsk(wanted)) onChange(wanted);
  };
  return (
    <form onSubmit={submit} className="filters">
      {WRITTEN.filter((name) => looks || name !== "holder").map((name) => (
        <FormField key={name} label={NAMES[name][0]} errorText={faultOf(name, wanted[name] ?? "")}>
          <Input
            value={wanted[name] ?? ""}
            placeholder={NAMES[name][1]}
            type={NUMBERS.includes(name) ? "number" : "text"}
            step="any"
            onChange={({ detail }) => setWanted({ ...wanted, [name]: detail.value })}
          />
        </FormField>
      ))}
      <div className="filters-button">
        <SpaceBetween size="xs" direction="horizontal">
          <Button formAction="submit">Show</Button>
          <Button formAction="none" onClick={() => onChange(Object.fromEntries(WRITTEN.map((name) => [name, ""])))}>
            Clear
          </Button>
        </SpaceBetween>
      </div>
    </form>
  );
}
