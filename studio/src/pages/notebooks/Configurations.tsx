/** Lifecycle configurations: scripts that make notebook instances what they are to be. */
import type { NotebookInstanceLifecycleConfigSummary } from "@aws-sdk/client-sagemaker";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";

type Row = Wire<NotebookInstanceLifecycleConfigSummary>;

const source = listSource<Row>({
  service: "sagemaker",
  operation: "ListNotebookInstanceLifecycleConfigs",
  rows: "NotebookInstanceLifecycleConfigs",
  live: ["NotebookInstanceLifecycleConfig"],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", cell: (row) => <Anchor href={`/lifecycle-configurations/${row.NotebookInstanceLifecycleConfigName}`}>{row.NotebookInstanceLifecycleConfigName}</Anchor> },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "changed", header: "Last changed", sort: "LastModifiedTime", cell: (row) => <Time at={row.LastModifiedTime} /> },
];

export default function Configurations() {
  return (
    <Table
      name="lifecycle-configurations"
      title="Lifecycle configurations"
      source={source}
      columns={columns}
      id={(row) => row.NotebookInstanceLifecycleConfigName ?? ""}
      actions={() => <Go variant="primary" href="/lifecycle-configurations/create">Create lifecycle configuration</Go>}
      empty={
        <Nothing title="No lifecycle configurations" cli="aws sagemaker create-notebook-instance-lifecycle-config --notebook-instance-lifecycle-config-name tools --on-start Content=$(base64 -w0 start.sh)">
          A script that runs once when a notebook instance is created, and one that runs whenever it starts: packages, data, settings.
        </Nothing>
      }
    />
  );
}
