import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Input, { type InputProps } from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState, type SyntheticEvent } from "react";

import { Choose } from "../app/Choose";
import { usePerson } from "../app/PersonProvider";
import { labelWords } from "../app/words";
import { useLabelBook } from "../labels/book";
import { FIELDS } from "./query";
import { canAsk, faultOf } from "./written";

type Field = (typeof FIELDS)[number];
type Wanted = Record<Field, string>;

interface FiltersProps {
  readonly params: URLSearchParams;
  readonly onSearch: (changes: Record<string, string>) => void;
}

export function Filters({ params, onSearch }: FiltersProps) {
  const { catalogue, fab } = usePerson();
  const book = useLabelBook().data?.labels ?? [];
  const [wanted, setWanted] = useState<Wanted>(() => wantedOf(params));
  const set = (field: Field) => (value: string) => setWanted({ ...wanted, [field]: value });
  const text = (field: Field, label: string, more: Partial<InputProps> = {}) => (
    <FormField label={label} errorText={faultOf(field, wanted[field])}>
      <Input value={wanted[field]} onChange={({ detail }) => set(field)(detail.value)} {...more} />
    </FormField>
  );
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (canAsk(wanted)) onSearch({ ...wanted, prediction: "" });
  };
  const cameras = catalogue.fabs.find((each) => each.fab === fab)?.cameras ?? [];
  return (
    <form onSubmit={submit}>
      <Container>
        <SpaceBetween size="m">
          <div className="filters">
            <Choose label="Camera" value={wanted.camera} options={[["", "Any"], ...cameras.map(({ camera }) => [camera, camera] as const)]} onChange={set("camera")} />
            {text("lot", "Lot")}
            <Choose label="The model says" value={wanted.label} options={[["", "Any class"], ...book.map(({ label }) => [label, labelWords(label)] as const)]} onChange={set("label")} />
            {text("model", "Model", { placeholder: "name@version" })}
            {text("from", "From day", { placeholder: "YYYY-MM-DD" })}
            {text("to", "To day", { placeholder: "YYYY-MM-DD" })}
            {text("min", "Sure at least, %", { type: "number", inputMode: "numeric" })}
            {text("max", "Sure at most, %", { type: "number", inputMode: "numeric" })}
            {text("least", "Novelty at least", { type: "number", inputMode: "decimal" })}
            {text("most", "Novelty at most", { type: "number", inputMode: "decimal" })}
            {text("holder", "Held by", { placeholder: "user name" })}
          </div>
          <SpaceBetween size="xs" direction="horizontal">
            <Button variant="primary" formAction="submit">
              Search
            </Button>
            <Button formAction="none" onClick={() => onSearch({ ...wantedOf(new URLSearchParams()), prediction: "" })}>
              Clear
            </Button>
          </SpaceBetween>
        </SpaceBetween>
      </Container>
    </form>
  );
}

function wantedOf(params: URLSearchParams): Wanted {
  const value = (field: Field) => params.get(field) ?? (field === "label" ? params.get("prediction") : null) ?? "";
  return Object.fromEntries(FIELDS.map((field) => [field, value(field)])) as Wanted;
}
