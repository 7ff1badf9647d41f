import { Confirm } from "@/blocks/Confirm";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";
import type { Kind } from "./kinds";

export function Stop({ kind, names, onClose }: { kind: Kind; names: readonly string[]; onClose: () => void }) {
  const stop = useAction(() => Promise.all(names.map((name) => call("sagemaker", `Stop${kind.noun}`, { [`${kind.noun}Name`]: name } as never))));
  if (!names.length) return null;
  const these = names.length === 1 ? names[0] : `${names.length} ${kind.title.toLowerCase()}`;
  return (
    <Confirm
      title={`Stop ${these}?`}
      action="Stop"
      busy={stop.isPending}
      error={stop.error}
      onClose={onClose}
      onConfirm={() =>
        stop.mutate(undefined, {
          onSuccess: () => {
            flash({ type: "info", content: `Stopping ${these}: its program has two minutes to save what it has.` });
            onClose();
          },
        })
      }
    >
      {kind.noun === "TrainingJob" ? "The program is told to end, and has two minutes for it. What it saved is uploaded; a stopped job does not go on." : "A stopped job does not go on."}
    </Confirm>
  );
}
