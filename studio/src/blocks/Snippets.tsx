/** "Do the same": what a page did or is about to do, as one would type it. */
import Tabs from "@cloudscape-design/components/tabs";
import { Code } from "./Code";
import { asCli, asPython } from "./snippets";

interface Props {
  service: string;
  operation: string;
  input: object;
}

export function Snippets({ service, operation, input }: Props) {
  const given = input as Record<string, unknown>;
  return (
    <Tabs
      ariaLabel="The same, as code"
      tabs={[
        { id: "cli", label: "AWS CLI", content: <Code text={asCli(service, operation, given)} label="AWS CLI" /> },
        { id: "python", label: "Python", content: <Code text={asPython(service, operation, given)} label="Python" /> },
      ]}
    />
  );
}
