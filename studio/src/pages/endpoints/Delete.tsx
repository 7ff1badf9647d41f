/** Take endpoints down; what they were made of stays. */
import { Confirm } from "@/blocks/Confirm";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";

export function Delete({ names, onClose, onDone }: { names: readonly string[]; onClose: () => void; onDone?: () => void }) {
  const remove = useAction(() => Promise.all(names.map((EndpointName) => call("sagemaker", "DeleteEndpoint", { EndpointName }))));
  const these = names.length === 1 ? names[0] : `${names.length} endpoints`;
  return (
    <Confirm
      title={`Delete ${these}?`}
      action="Delete"
      busy={remove.isPending}
      error={remove.error}
      onClose={onClose}
      onConfirm={() =>
        remove.mutate(undefined, {
          onSuccess: () => {
            flash({ type: "info", content: `Deleting ${these}: requests under way are still answered.` });
            onClose();
            onDone?.();
          },
        })
      }
    >
      Nobody can invoke {names.length === 1 ? "it" : "them"} any more. Models and endpoint configurations stay, and can be deployed again.
    </Confirm>
  );
}
