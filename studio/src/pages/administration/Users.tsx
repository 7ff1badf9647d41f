/** Users: people and programs with a name and rights of their own. */
import type { User } from "@aws-sdk/client-iam";
import { Anchor } from "@/blocks/Anchor";
import { Nothing } from "@/blocks/Nothing";
import { wholeSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import { all, show } from "./all";
import { CreateNamed } from "./CreateNamed";

type Row = Wire<User>;

const source = wholeSource<Row>({
  key: ["iam", "ListUsers"],
  live: ["User"],
  ask: (signal) => all<User>("ListUsers", "Users", {}, signal),
  filters: [
    { key: "name", label: "Name", kind: "text", of: (row) => row.UserName },
    { key: "created", label: "Created", kind: "time", of: (row) => row.CreateDate },
  ],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "name", cell: (row) => <Anchor href={show("users", row.UserName ?? "")}>{row.UserName}</Anchor> },
  { id: "arn", header: "ARN", width: 360, cell: (row) => row.Arn },
  { id: "created", header: "Created", sort: "created", cell: (row) => <Time at={row.CreateDate} /> },
  { id: "used", header: "Password last used", cell: (row) => <Time at={row.PasswordLastUsed} /> },
];

export default function Users() {
  return (
    <Table
      name="users"
      title="Users"
      source={source}
      columns={columns}
      id={(row) => row.UserName ?? ""}
      actions={() => <CreateNamed noun="User" />}
      empty={<Nothing title="No users" cli="aws iam create-user --user-name ada">A user signs in by password, or signs requests with an access key.</Nothing>}
    />
  );
}
