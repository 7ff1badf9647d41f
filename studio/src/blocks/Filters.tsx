/** A table's property filter: what its source can filter by, and no more. */
import DateInput from "@cloudscape-design/components/date-input";
import FormField from "@cloudscape-design/components/form-field";
import PropertyFilter, { type PropertyFilterProps } from "@cloudscape-design/components/property-filter";
import type { Filter, Source, Token } from "./source";
import { words } from "./Status";

/** What of a source narrows its rows. */
type Narrowing = Pick<Source<unknown>, "filters" | "operators" | "several" | "words">;

interface Props {
  source: Narrowing;
  tokens: readonly Token[];
  count: string | number | undefined;
  loading: boolean;
  onChange: (tokens: Token[]) => void;
}

const DATE: Record<string, string> = { ">=": "From", "<": "Before" };

function property(filter: Filter, operators: string[]): PropertyFilterProps.FilteringProperty {
  const described = operators.map((operator): PropertyFilterProps.ExtendedOperator<string> | string =>
    filter.kind === "time"
      ? {
          operator: operator as PropertyFilterProps.ComparisonOperator,
          description: DATE[operator],
          format: (value) => String(value),
          form: ({ value, onChange }) => (
            <FormField label={`${filter.label} ${DATE[operator]?.toLowerCase()}`} constraintText="YYYY/MM/DD, midnight UTC">
              <DateInput value={String(value ?? "").replaceAll("/", "-")} onChange={({ detail }) => onChange(detail.value)} placeholder="YYYY/MM/DD" ariaLabel={filter.label} />
            </FormField>
          ),
        }
      : operator,
  );
  return {
    key: filter.key,
    propertyLabel: filter.label,
    groupValuesLabel: `${filter.label} values`,
    operators: described as PropertyFilterProps.FilteringProperty["operators"],
    defaultOperator: operators[0] as PropertyFilterProps.ComparisonOperator,
  };
}

export function Filters({ source, tokens, count, loading, onChange }: Props) {
  const first = source.filters.find((filter) => filter.kind === "text");
  // Plain words are compared as the filter that they go to is.
  const free = (source.several ? [":", "!:"] : first ? source.operators(first) : [":"]) as PropertyFilterProps.ComparisonOperator[];
  return (
    <PropertyFilter
      query={{ tokens: tokens as PropertyFilterProps.Token[], operation: "and" }}
      onChange={({ detail }) => onChange(distinct(detail.tokens as Token[], source))}
      filteringProperties={source.filters.map((filter) => property(filter, source.operators(filter)))}
      filteringOptions={source.filters.flatMap((filter) => (filter.values ?? []).map((value) => ({ propertyKey: filter.key, value, label: words(value) })))}
      freeTextFiltering={{ operators: free, defaultOperator: free[0] }}
      disableFreeTextFiltering={!first}
      readOnlyOperations
      countText={count === undefined ? "" : count === 1 ? "1 match" : `${count} matches`}
      loading={loading}
      expandToViewport
      filteringPlaceholder={first ? `Find by ${source.filters.map((filter) => filter.label.toLowerCase()).join(", ")}` : "Filter"}
      filteringAriaLabel="Find"
    />
  );
}

/** Plain words are looked for in the name; where a filter may stand but once, the later one replaces the former. */
function distinct(tokens: Token[], source: Narrowing): Token[] {
  const named = tokens.map((token) => (token.propertyKey || !source.words ? token : { ...token, propertyKey: source.words }));
  if (source.several) return named;
  return named.filter((token, index) => !named.slice(index + 1).some((later) => later.propertyKey === token.propertyKey && later.operator === token.operator));
}
