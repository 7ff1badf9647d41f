/** Notebook instances: machines with JupyterLab, whose files outlast their being stopped. */
import type { NotebookInstanceSummary } from "@aws-sdk/client-sagemaker";
import { useMemo } from "react";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import { Acts, Open } from "./acts";
import { type Cost, said, useCosts } from "./cost";

type Row = Wire<NotebookInstanceSummary>;

const source = listSource<Row>({
  service: "sagemaker",
  operation: "ListNotebookInstances",
  rows: "NotebookInstances",
  live: ["NotebookInstance"],
  statuses: ["Pending", "InService", "Stopping", "Stopped", "Failed", "Deleting", "Updating"],
});

const columnsOf = (costs: Map<string, Cost>): Column<Row>[] => [
  { id: "name", header: "Name", sort: "Name", cell: (row) => <Anchor href={`/notebook-instances/${row.NotebookInstanceName}`}>{row.NotebookInstanceName}</Anchor> },
  { id: "status", header: "Status", sort: "Status", width: 140, cell: (row) => <Status of={row.NotebookInstanceStatus} /> },
  { id: "open", header: "Open", width: 210, cell: (row) => <Open name={row.NotebookInstanceName ?? ""} status={row.NotebookInstanceStatus} /> },
  { id: "type", header: "Instance type", cell: (row) => row.InstanceType },
  { id: "cost", header: "Cost", width: 300, cell: (row) => said(costs.get(row.NotebookInstanceArn ?? ""), row.InstanceType, row.NotebookInstanceStatus === "InService") },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "config", header: "Lifecycle configuration", hidden: true, cell: (row) => row.NotebookInstanceLifecycleConfigName ?? "–" },
];

export default function Instances() {
  const costs = useCosts();
  const columns = useMemo(() => columnsOf(costs), [costs]);
  return (
    <Table
      name="notebook-instances"
      title="Notebook instances"
      source={source}
      columns={columns}
      id={(row) => row.NotebookInstanceName ?? ""}
      choose="one"
      actions={([chosen], clear) => (
        <>
          <Acts name={chosen?.NotebookInstanceName} status={chosen?.NotebookInstanceStatus} onDeleted={clear} />
          <Go variant="primary" href="/notebook-instances/create">Create notebook instance</Go>
        </>
      )}
      empty={
        <Nothing title="No notebook instances" cli="aws sagemaker create-notebook-instance --notebook-instance-name mine --instance-type ml.t3.medium --role-arn …">
          A notebook instance is JupyterLab with SDKs and a role's credentials in place. Stopped, it keeps its files and costs no time.
        </Nothing>
      }
    />
  );
}
