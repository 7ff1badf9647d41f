/** One stream of changes for the whole page, of the nouns that are on it; none while nobody looks. */
import { useEffect, useSyncExternalStore } from "react";
import { context } from "./call";
import { queries } from "./query";

export interface Change {
  Noun: string;
  Name: string;
  Arn: string;
  Status: string;
}

const wanted = new Map<string, number>();
const listeners = new Set<() => void>();
let source: EventSource | undefined;
let open: string | undefined; // what the stream was opened for
let connected = false;
let timer: number | undefined;
const changed = new Set<string>();
let renewal: number | undefined;

function tell(state: boolean): void {
  if (state === connected) return;
  connected = state;
  for (const listener of listeners) listener();
}

function close(): void {
  source?.close();
  source = open = undefined;
  tell(false);
}

/** Reopen when the nouns changed. A browser has six connections to a host: a tab that nobody sees keeps none. */
function settle(): void {
  const nouns = document.hidden ? "" : [...wanted.keys()].sort().join(",");
  const key = nouns && `${context.region} ${nouns}`;
  if (key === (open ?? "")) return;
  close();
  if (!nouns) return;
  open = key;
  const region = context.region ? `&region=${encodeURIComponent(context.region)}` : "";
  source = new EventSource(`/_live?nouns=${encodeURIComponent(nouns)}${region}`);
  source.addEventListener("open", () => tell(true));
  source.addEventListener("error", () => tell(false));
  source.addEventListener("change", (event) => {
    changed.add((JSON.parse((event as MessageEvent<string>).data) as Change).Noun);
    renewal ??= window.setTimeout(() => renew(), 100);
  });
}

/** Whoever shows what changed asks anew: once for a burst of changes. */
function renew(all = false): void {
  const nouns = new Set(changed);
  changed.clear();
  renewal = undefined;
  const concerned = (live: readonly string[] = []) => (all ? live.length > 0 : live.some((noun) => nouns.has(noun)));
  void queries.invalidateQueries({ predicate: (query) => concerned(query.meta?.live as readonly string[] | undefined) });
}

function soon(): void {
  clearTimeout(timer);
  timer = window.setTimeout(settle, 200);
}

document.addEventListener("visibilitychange", () => {
  soon();
  if (!document.hidden) renew(true);
});

/** Hear of these nouns while the component stands. True while the stream is open. */
export function useLive(nouns: readonly string[]): boolean {
  const key = nouns.join(",");
  useEffect(() => {
    const mine = key ? key.split(",") : [];
    for (const noun of mine) wanted.set(noun, (wanted.get(noun) ?? 0) + 1);
    soon();
    return () => {
      for (const noun of mine) {
        const count = (wanted.get(noun) ?? 1) - 1;
        if (count) wanted.set(noun, count);
        else wanted.delete(noun);
      }
      soon();
    };
  }, [key]);
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => connected,
  );
}
