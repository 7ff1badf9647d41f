/** Light or dark: as the system is, until somebody chooses. */
import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useSyncExternalStore } from "react";

const KEY = "salvia-mode";
const system = matchMedia("(prefers-color-scheme: dark)");
let dark = system.matches; // read no more: Chromium tells of no change that was read before it came to tell
const listeners = new Set<() => void>();

function mode(): Mode {
  return (localStorage.getItem(KEY) as Mode | null) ?? (dark ? Mode.Dark : Mode.Light);
}

function apply(): void {
  applyMode(mode());
  document.documentElement.style.colorScheme = mode();
  for (const listener of listeners) listener();
}

export function start(): void {
  system.addEventListener("change", (change) => ((dark = change.matches), apply()));
  apply();
}

export function choose(chosen: Mode): void {
  localStorage.setItem(KEY, chosen);
  apply();
}

export function useMode(): Mode {
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    mode,
  );
}

export { Mode };
