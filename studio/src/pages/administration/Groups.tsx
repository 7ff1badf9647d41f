/** Groups: users who may do the same. */
import type { Group } from "@aws-sdk/client-iam";
import { Anchor } from "@/blocks/Anchor";
import { Nothing } from "@/blocks/Nothing";
import { wholeSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import { all, show } from "./all";
import { CreateNamed } from "./CreateNamed";

type Row = Wire<Group>;

const source = wholeSource<Row>({
  key: ["iam", "ListGroups"],
  live: ["Group"],
  ask: (signal) => all<Group>("ListGroups", "Groups", {}, signal),
  filters: [{ key: "name", label: "Name", kind: "text", of: (row) => row.GroupName }],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "name", cell: (row) => <Anchor href={show("groups", row.GroupName ?? "")}>{row.GroupName}</Anchor> },
  { id: "arn", header: "ARN", width: 360, cell: (row) => row.Arn },
  { id: "created", header: "Created", cell: (row) => <Time at={row.CreateDate} /> },
];

export default function Groups() {
  return (
    <Table
      name="groups"
      title="Groups"
      source={source}
      columns={columns}
      id={(row) => row.GroupName ?? ""}
      actions={() => <CreateNamed noun="Group" />}
      empty={<Nothing title="No groups" cli="aws iam create-group --group-name scientists">Policies of a group hold for all its users: give rights to groups rather than to people.</Nothing>}
    />
  );
}
