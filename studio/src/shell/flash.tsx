/** Messages above the page: what was done, and what was not. They are read aloud, and go with the next page. */
import Flashbar, { type FlashbarProps } from "@cloudscape-design/components/flashbar";
import { type ReactNode, useSyncExternalStore } from "react";

interface Message {
  type: "success" | "error" | "info" | "warning";
  content: ReactNode;
  header?: ReactNode;
}

let messages: readonly (FlashbarProps.MessageDefinition & { pages: number })[] = [];
let count = 0;
const listeners = new Set<() => void>();

function set(next: typeof messages): void {
  messages = next;
  for (const listener of listeners) listener();
}

/** Show a message; one that is shown just before going to another page is still seen there. */
export function flash(message: Message): void {
  const id = `flash-${++count}`;
  const dismiss = () => set(messages.filter((one) => one.id !== id));
  const ariaRole = message.type === "error" ? "alert" : "status";
  set([{ ...message, id, dismissible: true, dismissLabel: "Dismiss message", onDismiss: dismiss, ariaRole, pages: 0 } as const, ...messages].slice(0, 5));
}

/** What a button does that could not be done: for an action's `onError`. */
export const failed = (error: Error) => flash({ type: "error", content: error.message });

/** Another page: what was said on the one before the last goes. */
export function turned(): void {
  set(messages.filter((message) => message.pages < 1).map((message) => ({ ...message, pages: message.pages + 1 })));
}

export function Flashes() {
  const items = useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => messages,
  );
  return <Flashbar items={items} />;
}
