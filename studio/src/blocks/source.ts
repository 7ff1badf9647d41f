/** Where a table's rows come from: a List operation that filters, sorts and pages on the server, or a list in hand. */
import { call } from "@/client/call";
import type { AnyOperation, Service } from "@/client/wire";

export interface Token {
  propertyKey?: string;
  operator: string;
  value: unknown;
}

export interface Query {
  tokens: readonly Token[];
  /** A column's `sort`. */
  by?: string;
  descending?: boolean;
}

export interface Filter {
  key: string;
  label: string;
  kind: "text" | "choice" | "time" | "number";
  values?: readonly string[];
}

export interface Rows<T> {
  rows: T[];
  /** What to ask the next page with. */
  next?: string;
  /** How many rows there are in all, where it is known. */
  total?: number;
}

export interface Source<T> {
  /** What tells this source from others: rows are kept under it. */
  key: readonly unknown[];
  live: readonly string[];
  /** Seconds after which rows are asked for anew, where no event tells that they changed. */
  every?: number;
  filters: readonly Filter[];
  /** The filter that plain words go to. */
  words?: string;
  /** What a filter is compared with: `:` contains, `=` is, `>=` and `<` for times. */
  operators: (filter: Filter) => string[];
  /** Whether a filter may be given more than once. */
  several: boolean;
  ask: (query: Query, size: number, token: string | undefined, signal: AbortSignal) => Promise<Rows<T>>;
}

interface Listing {
  service: Service;
  operation: AnyOperation;
  /** The member of the answer that holds the rows, or how to find them. */
  rows: string | ((answer: Record<string, unknown>) => unknown[]);
  /** Nouns of `/_live`. */
  live: readonly string[];
  /** Statuses for `StatusEquals`. */
  statuses?: readonly string[];
  /** `NameContains`, unless the operation has none. */
  names?: string | false;
  /** The operation's `SortBy` when nobody chose: `CreationTime`. */
  by?: string | false;
  /** `MaxResults` and `NextToken`, unless they are called otherwise. */
  size?: string;
  token?: string;
  /** Further members of every request. */
  given?: Record<string, unknown>;
  /** Whether `CreationTimeAfter` and `CreationTimeBefore` are members. */
  created?: boolean;
}

/** SageMaker's Lists all take NameContains, StatusEquals, CreationTimeAfter, CreationTimeBefore, SortBy, SortOrder. */
export function listSource<T>(listing: Listing): Source<T> {
  const { service, operation, names = "NameContains", by = "CreationTime", size: most = "MaxResults", token: next = "NextToken", created = true } = listing;
  const filters: Filter[] = [];
  if (names) filters.push({ key: names, label: "Name", kind: "text" });
  if (listing.statuses) filters.push({ key: "StatusEquals", label: "Status", kind: "choice", values: listing.statuses });
  if (created) filters.push({ key: "CreationTime", label: "Created", kind: "time" });
  return {
    key: [service, operation, listing.given],
    live: listing.live,
    filters,
    words: names || undefined,
    operators: (filter) => (filter.kind === "text" ? [":"] : filter.kind === "choice" ? ["="] : [">=", "<"]),
    several: false,
    async ask(query, size, token, signal) {
      const input: Record<string, unknown> = { ...listing.given, [most]: size };
      if (token) input[next] = token;
      if (query.by ?? by) input.SortBy = query.by ?? by;
      if (by) input.SortOrder = query.descending === false ? "Ascending" : "Descending";
      for (const { propertyKey = names || "", operator, value } of query.tokens) {
        if (propertyKey === "CreationTime") input[operator === "<" ? "CreationTimeBefore" : "CreationTimeAfter"] = Date.parse(String(value)) / 1000;
        else input[propertyKey] = value;
      }
      const answer = (await call(service, operation as never, input as never, signal)) as Record<string, unknown>;
      const { rows } = listing;
      return { rows: (typeof rows === "string" ? answer[rows] : rows(answer)) as T[], next: answer[next] as string | undefined };
    },
  };
}

/** Rows that come all at once; filtered, sorted and paged here. `fields` are what a filter may look at. */
export function wholeSource<T>(whole: {
  key: readonly unknown[];
  live?: readonly string[];
  ask: (signal: AbortSignal) => Promise<T[]>;
  filters: readonly (Filter & { of: (row: T) => string | number | undefined })[];
}): Source<T> {
  const field = (key: string | undefined) => whole.filters.find((filter) => filter.key === key);
  const holds = (row: T, token: Token): boolean => {
    if (!token.propertyKey) return whole.filters.some((filter) => contains(filter.of(row), token.value)) !== token.operator.startsWith("!");
    const value = field(token.propertyKey)?.of(row);
    if (token.operator === ":") return contains(value, token.value);
    if (token.operator === "!:") return !contains(value, token.value);
    if (token.operator === "=") return String(value ?? "") === String(token.value);
    if (token.operator === "!=") return String(value ?? "") !== String(token.value);
    const wanted = typeof value === "number" && Number.isNaN(Number(token.value)) ? Date.parse(String(token.value)) / 1000 : Number(token.value);
    return value !== undefined && (token.operator === "<" ? Number(value) < wanted : Number(value) >= wanted);
  };
  return {
    key: whole.key,
    live: whole.live ?? [],
    filters: whole.filters,
    operators: (filter) => (filter.kind === "text" ? [":", "!:", "=", "!="] : filter.kind === "choice" ? ["=", "!="] : [">=", "<"]),
    several: true,
    async ask(query, size, token, signal) {
      let rows = (await whole.ask(signal)).filter((row) => query.tokens.every((one) => holds(row, one)));
      const by = field(query.by);
      if (by) {
        const order = (one: T, other: T) => compare(by.of(one), by.of(other));
        rows = rows.toSorted(query.descending === false ? order : (one, other) => order(other, one));
      }
      const start = Number(token ?? 0);
      return { rows: rows.slice(start, start + size), next: start + size < rows.length ? String(start + size) : undefined, total: rows.length };
    },
  };
}

function contains(value: string | number | undefined, words: unknown): boolean {
  return String(value ?? "").toLowerCase().includes(String(words).toLowerCase());
}

function compare(one: string | number | undefined, other: string | number | undefined): number {
  if (typeof one === "number" && typeof other === "number") return one - other;
  return String(one ?? "").localeCompare(String(other ?? ""), "en", { numeric: true });
}
