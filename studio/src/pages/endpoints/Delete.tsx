/** Take endpoints down; what they were made of stays. */
import { Delete as Chosen } from "@/blocks/Delete";
import { call } from "@/client/call";

export function Delete(props: { names: readonly string[]; onClose: () => void; onDone?: () => void }) {
  return (
    <Chosen {...props} noun="endpoints" meanwhile="requests under way are still answered" remove={(EndpointName) => call("sagemaker", "DeleteEndpoint", { EndpointName })}>
      Nobody can invoke {props.names.length === 1 ? "it" : "them"} any more. Models and endpoint configurations stay, and can be deployed again.
    </Chosen>
  );
}
