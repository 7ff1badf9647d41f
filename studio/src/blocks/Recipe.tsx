/** Several calls, one after another, as code. */
import Tabs from "@cloudscape-design/components/tabs";
import { Code } from "./Code";
import { asCli, asPython } from "./snippets";

export type Step = readonly [service: string, operation: string, input: object];

export function Recipe({ calls }: { calls: readonly Step[] }) {
  const cli = calls.map(([service, operation, input]) => asCli(service, operation, input as Record<string, unknown>)).join("\n\n");
  const python = calls
    .map(([service, operation, input], index) => {
      const whole = asPython(service, operation, input as Record<string, unknown>);
      return calls[index - 1]?.[0] === service ? whole.slice(whole.indexOf("client.", whole.indexOf("boto3.client(") + 13)) : whole;
    })
    .join("\n");
  return (
    <Tabs
      ariaLabel="The same, as code"
      tabs={[
        { id: "cli", label: "AWS CLI", content: <Code text={cli} label="AWS CLI" /> },
        { id: "python", label: "Python", content: <Code text={python} label="Python" /> },
      ]}
    />
  );
}
