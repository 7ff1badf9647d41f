/** Roles: rights to be taken up, by jobs and endpoints, by services, by people. */
import type { Role } from "@aws-sdk/client-iam";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { wholeSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import { all, document, show } from "./all";

type Row = Wire<Role>;

/** Whom a trust policy names, in short: `sagemaker`, an account, a user. */
export function trusted(row: Row): string {
  const statements = (JSON.parse(document(row.AssumeRolePolicyDocument) || "{}") as { Statement?: object | object[] }).Statement ?? [];
  const principals = [statements].flat().flatMap((statement) => {
    const { Principal: principal } = statement as { Principal?: string | Record<string, string | string[]> };
    return typeof principal === "string" ? [principal] : Object.values(principal ?? {}).flat();
  });
  return [...new Set(principals)].map((one) => one.replace(".amazonaws.com", "")).join(", ");
}

const source = wholeSource<Row>({
  key: ["iam", "ListRoles"],
  live: ["Role"],
  ask: (signal) => all<Role>("ListRoles", "Roles", {}, signal),
  filters: [
    { key: "name", label: "Name", kind: "text", of: (row) => row.RoleName },
    { key: "trusted", label: "Trusted", kind: "text", of: trusted },
  ],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "name", width: 280, cell: (row) => <Anchor href={show("roles", row.RoleName ?? "")}>{row.RoleName}</Anchor> },
  { id: "trusted", header: "Trusted", sort: "trusted", cell: trusted },
  { id: "description", header: "Description", width: 320, cell: (row) => row.Description ?? "–" },
  { id: "arn", header: "ARN", hidden: true, width: 360, cell: (row) => row.Arn },
  { id: "created", header: "Created", cell: (row) => <Time at={row.CreateDate} /> },
];

export default function Roles() {
  return (
    <Table
      name="roles"
      title="Roles"
      source={source}
      columns={columns}
      id={(row) => row.RoleName ?? ""}
      actions={() => <Go variant="primary" href="/roles/create">Create role</Go>}
      empty={<Nothing title="No roles" cli="aws iam create-role --role-name jobs --assume-role-policy-document file://trust.json">A job runs with a role's rights, not with those of whoever starts it.</Nothing>}
    />
  );
}
