import { Confirm } from "@/blocks/Confirm";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";

export function Delete({ names, onClose, onDone }: { names: readonly string[]; onClose: () => void; onDone?: () => void }) {
  const remove = useAction(() => Promise.all(names.map((ModelName) => call("sagemaker", "DeleteModel", { ModelName }))));
  const these = names.length === 1 ? names[0] : `${names.length} models`;
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
            flash({ type: "success", content: `${these} ${names.length === 1 ? "is" : "are"} deleted.` });
            onClose();
            onDone?.();
          },
        })
      }
    >
      Data in S3 stay, and endpoints that serve {names.length === 1 ? "it" : "them"} serve on.
    </Confirm>
  );
}
