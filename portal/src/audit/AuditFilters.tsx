import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState, type SyntheticEvent } from "react";

import { canAsk, faultOf } from "../search/written";

const FIELDS = [
  ["reviewer", "Reviewer", ""],
  ["from", "From day", "YYYY-MM-DD"],
  ["to", "To day", "YYYY-MM-DD"],
] as const;

interface AuditFiltersProps {
  readonly params: URLSearchParams;
  readonly onSearch: (changes: Record<string, string>) => void;
}

export function AuditFilters({ params, onSearch }: AuditFiltersProps) {
  const [wanted, setWanted] = useState<Record<string, string>>(() => Object.fromEntries(FIELDS.map(([field]) => [field, params.get(field) ?? ""])));
  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    if (canAsk(wanted)) onSearch(wanted);
  };
  return (
    <form onSubmit={submit} className="filters">
      {FIELDS.map(([field, label, placeholder]) => (
        <FormField key={field} label={label} errorText={faultOf(field, wanted[field] ?? "")}>
          <Input value={wanted[field] ?? ""} placeholder={placeholder} onChange={({ detail }) => setWanted({ ...wanted, [field]: detail.value })} />
        </FormField>
      ))}
      <div className="filters-button">
        <Button formAction="submit">Filter</Button>
      </div>
    </form>
  );
}
