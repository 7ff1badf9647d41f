/** What is known of a thing: label and value, in columns; what is not known is not shown. */
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

export type Fact = [label: string, value: ReactNode];

const ARN = "ARN"; // too long for a column, and there to be copied

export function Facts({ facts, columns = 3 }: { facts: readonly Fact[]; columns?: number }) {
  const known = facts.filter(([, value]) => value !== undefined && value !== null && value !== "");
  const short = known.filter(([label]) => label !== ARN);
  const arn = known.find(([label]) => label === ARN)?.[1];
  return (
    <SpaceBetween size="l">
      {short.length > 0 && <KeyValuePairs columns={columns} minColumnWidth={180} items={short.map(([label, value]) => ({ label, value: <span className="fact">{value}</span> }))} />}
      {arn !== undefined && (
        <KeyValuePairs
          items={[{ label: ARN, value: <CopyToClipboard variant="inline" textToCopy={String(arn)} copyButtonAriaLabel="Copy the ARN" copySuccessText="Copied" copyErrorText="Could not copy" /> }]}
        />
      )}
    </SpaceBetween>
  );
}
