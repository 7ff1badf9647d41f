/** What is done with notebook instances: opened, started, stopped, deleted. */
import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { Delete } from "@/blocks/Delete";
import { OpenJupyterLab } from "@/blocks/OpenJupyterLab";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { failed } from "@/shell/flash";

export function Open({ name, status, primary }: { name: string; status?: string; primary?: boolean }) {
  return <OpenJupyterLab name={name} status={status} primary={primary} link={() => call("sagemaker", "CreatePresignedNotebookInstanceUrl", { NotebookInstanceName: name })} />;
}

/** Of one instance that is chosen or shown. */
export function Acts({ name, status, onDeleted }: { name?: string; status?: string; onDeleted?: () => void }) {
  const [doomed, setDoomed] = useState(false);
  const named = { NotebookInstanceName: name };
  const start = useAction(() => call("sagemaker", "StartNotebookInstance", named));
  const stop = useAction(() => call("sagemaker", "StopNotebookInstance", named));
  return (
    <>
      {status === "InService" ? (
        <Button loading={stop.isPending} onClick={() => stop.mutate(undefined, { onError: failed })}>Stop</Button>
      ) : (
        <Button loading={start.isPending} disabled={status !== "Stopped" && status !== "Failed"} onClick={() => start.mutate(undefined, { onError: failed })}>Start</Button>
      )}
      <Button disabled={status !== "Stopped" && status !== "Failed"} disabledReason={status === "InService" ? "Stop it first" : undefined} onClick={() => setDoomed(true)}>Delete</Button>
      {doomed && (
        <Delete
          names={[name ?? ""]}
          noun="notebook instances"
          meanwhile="its volume goes with it"
          remove={(NotebookInstanceName) => call("sagemaker", "DeleteNotebookInstance", { NotebookInstanceName })}
          onClose={() => setDoomed(false)}
          onDone={onDeleted}
        >
          Its volume goes with it: notebooks and data that are not elsewhere are lost.
        </Delete>
      )}
    </>
  );
}
