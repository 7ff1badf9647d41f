/** What is known of a thing: label and value, in columns; what is not known is not shown. */
import KeyValuePairs from "@cloudscape-design/components/key-value-pairs";
import type { ReactNode } from "react";

export type Fact = [label: string, value: ReactNode];

export function Facts({ facts, columns = 3 }: { facts: readonly Fact[]; columns?: number }) {
  const known = facts.filter(([, value]) => value !== undefined && value !== null && value !== "");
  return <KeyValuePairs columns={columns} minColumnWidth={180} items={known.map(([label, value]) => ({ label, value: <span className="fact">{value}</span> }))} />;
}
