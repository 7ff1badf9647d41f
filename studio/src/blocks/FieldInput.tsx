/** One field of a form. */
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import Textarea from "@cloudscape-design/components/textarea";
import Toggle from "@cloudscape-design/components/toggle";
import { get, type Json, set } from "./paths";
import type { Field } from "./RequestForm";
import { useSuggestions } from "./suggestions";

interface Props {
  field: Field;
  input: Json;
  /** AWS's sentences by the path of the member that they are about. */
  errors: ReadonlyMap<string, string>;
  onChange: (input: Json) => void;
}

export function FieldInput({ field, input, errors, onChange }: Props) {
  const value = get(input, field.at);
  const put = (next: unknown) => onChange(set(input, field.at, next));
  const text = value === undefined ? "" : String(value);
  const label = field.optional ? <span>{field.label} <i>– optional</i></span> : field.label;
  const wide = field.kind === "map" || field.kind === "rows" || field.kind === "lines";
  const error = errors.get(field.at.toLowerCase());

  if (field.kind === "map") {
    const pairs = Object.entries((value ?? {}) as Record<string, string>);
    const change = (index: number, pair: [string, string]) => put(Object.fromEntries(pairs.with(index, pair)));
    return (
      <AttributeEditor
        className="wide"
        items={pairs}
        addButtonText={field.add}
        removeButtonText="Remove"
        removeButtonAriaLabel={(pair) => `Remove ${pair[0]}`}
        empty={`None. ${field.add} to give one.`}
        onAddButtonClick={() => put({ ...Object.fromEntries(pairs), "": "" })}
        onRemoveButtonClick={({ detail }) => put(pairs.length > 1 ? Object.fromEntries(pairs.toSpliced(detail.itemIndex, 1)) : undefined)}
        definition={[
          { label: "Name", control: (pair, index) => <Input value={pair[0]} ariaLabel={`Name ${index + 1}`} onChange={({ detail }) => change(index, [detail.value, pair[1]])} /> },
          { label: "Value", control: (pair, index) => <Input value={pair[1]} ariaLabel={`Value of ${pair[0]}`} onChange={({ detail }) => change(index, [pair[0], detail.value])} /> },
        ]}
      />
    );
  }
  if (field.kind === "rows") {
    const rows = (value ?? []) as Json[];
    return (
      <AttributeEditor
        className="wide"
        items={rows}
        addButtonText={field.add}
        removeButtonText="Remove"
        removeButtonAriaLabel={(row) => `Remove ${String(Object.values(row)[0] ?? "")}`}
        empty={`None. ${field.add} to give one.`}
        onAddButtonClick={() => put([...rows, field.fresh])}
        onRemoveButtonClick={({ detail }) => put(rows.length > 1 ? rows.toSpliced(detail.itemIndex, 1) : undefined)}
        definition={field.fields.map((inner) => ({
          label: inner.label,
          control: (row: Json, index: number) => (
            <Input
              value={String(get(row, inner.at) ?? "")}
              placeholder={inner.placeholder}
              ariaLabel={`${inner.label} ${index + 1}`}
              onChange={({ detail }) => put(rows.with(index, set(row, inner.at, detail.value || (inner.optional ? undefined : ""))))}
            />
          ),
        }))}
      />
    );
  }
  const empty = field.optional ? undefined : "";
  return (
    <FormField label={field.kind === "switch" ? undefined : label} description={field.hint} errorText={error} stretch className={wide ? "wide" : undefined}>
      {field.kind === "choice" ? (
        <Select
          selectedOption={text ? { value: text, label: text } : null}
          options={field.options.map((option) => ({ value: option, label: option }))}
          onChange={({ detail }) => put(detail.selectedOption.value)}
        />
      ) : field.kind === "switch" ? (
        <Toggle checked={value === true} onChange={({ detail }) => put(detail.checked || undefined)}>
          {field.label}
        </Toggle>
      ) : field.kind === "lines" ? (
        <Textarea rows={3} value={((value ?? []) as string[]).join("\n")} onChange={({ detail }) => put(detail.value ? detail.value.split("\n") : undefined)} />
      ) : field.kind === "suggest" ? (
        <Suggested from={field.from} value={text} placeholder={field.placeholder} onChange={(next) => put(next || empty)} />
      ) : (
        <Input
          value={text}
          inputMode={field.kind === "number" ? "numeric" : undefined}
          placeholder={field.placeholder}
          onChange={({ detail }) => put(detail.value === "" ? empty : field.kind === "number" && /^-?\d+(\.\d+)?$/.test(detail.value) ? Number(detail.value) : detail.value)}
        />
      )}
    </FormField>
  );
}

function Suggested({ from, value, placeholder, onChange }: { from: Parameters<typeof useSuggestions>[0]; value: string; placeholder?: string; onChange: (value: string) => void }) {
  const options = useSuggestions(from);
  return (
    <Autosuggest
      value={value}
      options={options}
      placeholder={placeholder}
      enteredTextLabel={(text) => `Use “${text}”`}
      onChange={({ detail }) => onChange(detail.value)}
      empty="Nothing to suggest"
    />
  );
}
