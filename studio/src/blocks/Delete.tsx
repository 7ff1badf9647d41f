/** Delete what was chosen, one thing or several, once that is confirmed. */
import type { ReactNode } from "react";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";
import { Confirm } from "./Confirm";

interface Props {
  names: readonly string[];
  /** What several are: `models`. */
  noun: string;
  remove: (name: string) => Promise<unknown>;
  /** What is so while they go, where they take their time: `requests under way are still answered`. */
  meanwhile?: string;
  onClose: () => void;
  onDone?: () => void;
  /** What it means. */
  children: ReactNode;
}

export function Delete({ names, noun, remove, meanwhile, onClose, onDone, children }: Props) {
  const drop = useAction(() => Promise.all(names.map(remove)));
  const these = names.length === 1 ? names[0] : `${names.length} ${noun}`;
  return (
    <Confirm
      title={`Delete ${these}?`}
      action="Delete"
      busy={drop.isPending}
      error={drop.error}
      onClose={onClose}
      onConfirm={() =>
        drop.mutate(undefined, {
          onSuccess: () => {
            flash(meanwhile ? { type: "info", content: `Deleting ${these}: ${meanwhile}.` } : { type: "success", content: `${these} ${names.length === 1 ? "is" : "are"} deleted.` });
            onClose();
            onDone?.();
          },
        })
      }
    >
      {children}
    </Confirm>
  );
}
