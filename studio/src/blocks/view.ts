/** What a table shows, and how: in the address, so that a link says it; its columns also in the browser, for next time. */
import { useCallback, useMemo, useReducer } from "react";
import { useSearchParams } from "@/client/address";
import type { Token } from "./source";

export interface View {
  tokens: readonly Token[];
  by?: string;
  descending?: boolean;
  columns: readonly string[];
  size: number;
}

function kept(key: string): Partial<View> {
  try {
    return JSON.parse(localStorage.getItem(key) ?? "{}") as Partial<View>;
  } catch {
    return {};
  }
}

function read(text: string | null): Partial<View> {
  if (!text) return {};
  try {
    const { tokens, by, descending, columns } = JSON.parse(text) as Partial<View>;
    return { ...(Array.isArray(tokens) && { tokens }), ...(by && { by, descending }), ...(Array.isArray(columns) && { columns }) };
  } catch {
    return {}; // somebody's broken link: the table as it is
  }
}

/** `linked`: whether the address holds it; a page has one such table at most. */
export function useView(name: string, preset: View, linked: boolean): [View, (view: View) => void] {
  const key = `salvia-table-${name}`;
  const [search, setSearch] = useSearchParams();
  const text = linked ? search.get("view") : null;
  const [changes, changed] = useReducer((before: number) => before + 1, 0); // columns change without the address
  const view = useMemo(() => {
    const given = { ...preset, ...kept(key), ...read(text) };
    const known = given.columns.filter((column) => typeof column === "string");
    return { ...given, columns: known.length ? known : preset.columns };
  }, [key, text, preset, changes]);
  const set = useCallback(
    (next: View) => {
      localStorage.setItem(key, JSON.stringify({ columns: next.columns, size: next.size, ...(linked ? {} : next) }));
      const said = { ...(next.tokens.length && { tokens: next.tokens }), ...(next.by && { by: next.by, descending: next.descending }) };
      changed();
      if (!linked) return;
      setSearch(
        (before) => {
          if (Object.keys(said).length) before.set("view", JSON.stringify(said));
          else before.delete("view");
          return before;
        },
        { replace: true },
      );
    },
    [key, linked, setSearch],
  );
  return [view, set];
}
