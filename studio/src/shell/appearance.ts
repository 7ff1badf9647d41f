/** Light or dark: as the system is, until somebody chooses. */
import { applyMode, Mode } from "@cloudscape-design/global-styles";
import { useSyncExternalStore } from "react";

const KEY = "salvia-mode";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set<() => void>();

function mode(): Mode {
  return (localStorage.getItem(KEY) as Mode | null) ?? (system.matches ? Mode.Dark : Mode.Light);
}

function apply(): void {
  applyMode(mode());
  document.documentElement.style.colorScheme = mode();
  for (const listener of listeners) listener();
}

export function start(): void {
  system.addEventListener("change", apply);
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
