import { Delete as Chosen } from "@/blocks/Delete";
import { call } from "@/client/call";

export function Delete(props: { names: readonly string[]; onClose: () => void; onDone?: () => void }) {
  return (
    <Chosen {...props} noun="models" remove={(ModelName) => call("sagemaker", "DeleteModel", { ModelName })}>
      Data in S3 stay, and endpoints that serve {props.names.length === 1 ? "it" : "them"} serve on.
    </Chosen>
  );
}
