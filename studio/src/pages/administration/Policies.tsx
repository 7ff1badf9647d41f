/** Policies: AWS's, and the account's own. */
import type { Policy } from "@aws-sdk/client-iam";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { wholeSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import { all, show } from "./all";

type Row = Wire<Policy>;

/** AWS's own belong to no account: `arn:aws:iam::aws:policy/…`. */
const owner = (row: Row) => (row.Arn?.split(":")[4] === "aws" ? "AWS" : "This account");

const source = wholeSource<Row>({
  key: ["iam", "ListPolicies"],
  live: ["Policy"],
  ask: (signal) => all<Policy>("ListPolicies", "Policies", {}, signal),
  filters: [
    { key: "name", label: "Name", kind: "text", of: (row) => row.PolicyName },
    { key: "owner", label: "Owner", kind: "choice", values: ["AWS", "This account"], of: owner },
    { key: "used", label: "Attached to", kind: "number", of: (row) => row.AttachmentCount },
  ],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "name", width: 340, cell: (row) => <Anchor href={show("policies", row.Arn ?? "")}>{row.PolicyName}</Anchor> },
  { id: "owner", header: "Owner", sort: "owner", cell: owner },
  { id: "used", header: "Attached to", sort: "used", cell: (row) => row.AttachmentCount },
  { id: "description", header: "Description", width: 320, cell: (row) => row.Description ?? "–" },
  { id: "changed", header: "Last changed", cell: (row) => <Time at={row.UpdateDate} /> },
];

export default function Policies() {
  return (
    <Table
      name="policies"
      title="Policies"
      source={source}
      columns={columns}
      id={(row) => row.Arn ?? ""}
      actions={() => <Go variant="primary" href="/policies/create">Create policy</Go>}
      empty={<Nothing title="No policies" cli="aws iam create-policy --policy-name readers --policy-document file://readers.json">A policy says which actions are allowed or denied, on what.</Nothing>}
    />
  );
}
