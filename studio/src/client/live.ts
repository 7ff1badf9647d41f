/** One stream of changes for the whole page, of the nouns that are on it; none while nobody looks. */
import { useEffect, useSyncExternalStore } from "react";
import { context } from "./call";
import { queries } from "./query";

interface Change {
  Noun: string;
}

const AGAIN = 3000; // milliseconds before a lost stream is opened anew

const wanted = new Map<string, number>();
const listeners = new Set<() => void>();
let stream: AbortController | undefined;
let open = ""; // what the stream was opened for
let connected = false;
let timer: number | undefined;
const changed = new Set<string>();
let renewal: number | undefined;

function tell(state: boolean): void {
  if (state === connected) return;
  connected = state;
  for (const listener of listeners) listener();
}

/** Reopen when the nouns changed. A browser has six connections to a host: a tab that nobody sees keeps none. */
function settle(): void {
  const nouns = document.hidden ? "" : [...wanted.keys()].sort().join(",");
  const key = nouns && `${context.region} ${nouns}`;
  if (key === open) return;
  stream?.abort();
  tell(false);
  open = key;
  if (!nouns) return;
  stream = new AbortController();
  void listen(nouns, stream.signal);
}

/** Server-sent events by fetch: an EventSource cannot say which region it means. */
async function listen(nouns: string, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      const headers: Record<string, string> = context.region ? { "X-Salvia-Region": context.region } : {};
      const answer = await fetch(`/_live?nouns=${nouns}`, { headers, signal, credentials: "same-origin" });
      if (answer.ok && answer.body) {
        tell(true);
        let rest = "";
        const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
        for (let part = await reader.read(); !part.done; part = await reader.read()) {
          const events = (rest + part.value).split("\n\n");
          rest = events.pop() ?? "";
          for (const event of events) heard(event);
        }
      }
    } catch {
      // the server went, or the tab was left: whoever shows something asks by the clock meanwhile
    }
    if (signal.aborted) return;
    tell(false);
    await new Promise((resolve) => setTimeout(resolve, AGAIN));
    renew(true); // what happened meanwhile
  }
}

function heard(event: string): void {
  const data = /^data: ?(.*)$/m.exec(event)?.[1];
  if (!/^event: ?change$/m.test(event) || !data) return;
  changed.add((JSON.parse(data) as Change).Noun);
  renewal ??= window.setTimeout(() => renew(), 100);
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
