/** What is done with notebook instances: opened, started, stopped, deleted. */
import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { Confirm } from "@/blocks/Confirm";
import { OpenJupyterLab } from "@/blocks/OpenJupyterLab";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";

const failed = (error: Error) => flash({ type: "error", content: error.message });

export function Open({ name, status, primary }: { name: string; status?: string; primary?: boolean }) {
  return <OpenJupyterLab name={name} status={status} primary={primary} link={() => call("sagemaker", "CreatePresignedNotebookInstanceUrl", { NotebookInstanceName: name })} />;
}

/** Of one instance that is chosen or shown. */
export function Acts({ name, status, onDeleted }: { name?: string; status?: string; onDeleted?: () => void }) {
  const [doomed, setDoomed] = useState(false);
  const named = { NotebookInstanceName: name };
  const start = useAction(() => call("sagemaker", "StartNotebookInstance", named));
  const stop = useAction(() => call("sagemaker", "StopNotebookInstance", named));
  const drop = useAction(() => call("sagemaker", "DeleteNotebookInstance", named));
  return (
    <>
      {status === "InService" ? (
        <Button loading={stop.isPending} onClick={() => stop.mutate(undefined, { onError: failed })}>Stop</Button>
      ) : (
        <Button loading={start.isPending} disabled={status !== "Stopped" && status !== "Failed"} onClick={() => start.mutate(undefined, { onError: failed })}>Start</Button>
      )}
      <Button disabled={status !== "Stopped" && status !== "Failed"} disabledReason={status === "InService" ? "Stop it first" : undefined} onClick={() => setDoomed(true)}>Delete</Button>
      {doomed && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete"
          busy={drop.isPending}
          error={drop.error}
          onClose={() => setDoomed(false)}
          onConfirm={() => drop.mutate(undefined, { onSuccess: () => (setDoomed(false), flash({ type: "info", content: `${name} is being deleted.` }), onDeleted?.()) })}
        >
          Its volume goes with it: notebooks and data that are not elsewhere are lost.
        </Confirm>
      )}
    </>
  );
}
