import { useCallback, useMemo } from "react";
import { useLocation } from "wouter";
import { useSearch } from "wouter/use-browser-location";

type Query = URLSearchParams | Record<string, string>;
type Change = (before: URLSearchParams) => URLSearchParams;

/** The address's query, and a way to change it. wouter's own decodes it twice: a key that holds `%2F` would lose it. */
export function useSearchParams(): [URLSearchParams, (next: Query | Change, options?: { replace?: boolean }) => void] {
  const [path, go] = useLocation();
  const search = useSearch();
  const params = useMemo(() => new URLSearchParams(search), [search]);
  const change = useCallback(
    (next: Query | Change, options?: { replace?: boolean }) => {
      const asked = typeof next === "function" ? next(new URLSearchParams(location.search)) : next;
      const text = new URLSearchParams(asked).toString();
      go(text ? `${path}?${text}` : path, options);
    },
    [path, go],
  );
  return [params, change];
}
