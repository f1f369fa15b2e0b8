import FormField from "@cloudscape-design/components/form-field";
import Select from "@cloudscape-design/components/select";

export interface ChooseProps {
  readonly label: string;
  readonly value: string;
  /** Value and text; "" is the one that chooses nothing. */
  readonly options: readonly (readonly [string, string])[];
  readonly onChange: (value: string) => void;
}

export function Choose({ label, value, options, onChange }: ChooseProps) {
  const listed = options.map(([id, text]) => ({ value: id, label: text }));
  return (
    <FormField label={label}>
      <Select selectedOption={listed.find((option) => option.value === value) ?? null} options={listed} onChange={({ detail }) => onChange(detail.selectedOption.value ?? "")} />
    </FormField>
  );
}
