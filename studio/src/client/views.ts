/** Saved views: of the user, of one page. */
import type { UseQueryResult } from "@tanstack/react-query";
import { type ApiError, own } from "./call";
import { useAnswer } from "./query";

export interface SavedView<V> {
  Name: string;
  View: V;
}

export function useViews<V>(page: string): UseQueryResult<SavedView<V>[], ApiError> {
  return useAnswer(["/_views", page], async (signal) => (await own<{ Views: SavedView<V>[] }>("GET", `/_views/${page}`, undefined, signal)).Views);
}

export function saveView(page: string, name: string, view: unknown): Promise<unknown> {
  return own("PUT", `/_views/${page}/${encodeURIComponent(name)}`, { View: view });
}

export function forgetView(page: string, name: string): Promise<unknown> {
  return own("DELETE", `/_views/${page}/${encodeURIComponent(name)}`);
}
