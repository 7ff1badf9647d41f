/** The endpoints of the account and region. */
import type { EndpointSummary } from "@aws-sdk/client-sagemaker";
import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import { Delete } from "./Delete";

type Row = Wire<EndpointSummary>;

const source = listSource<Row>({
  service: "sagemaker",
  operation: "ListEndpoints",
  rows: "Endpoints",
  live: ["Endpoint"],
  statuses: ["InService", "Creating", "Updating", "RollingBack", "Deleting", "Failed"],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", width: 340, cell: (row) => <Anchor href={`/endpoints/${row.EndpointName}`}>{row.EndpointName}</Anchor> },
  { id: "status", header: "Status", sort: "Status", cell: (row) => <Status of={row.EndpointStatus} /> },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "modified", header: "Last modified", cell: (row) => <Time at={row.LastModifiedTime} /> },
  { id: "arn", header: "ARN", hidden: true, cell: (row) => row.EndpointArn },
];

export default function Endpoints() {
  const [deleting, setDeleting] = useState<string[]>([]);
  return (
    <>
      <Table
        name="endpoints"
        title="Endpoints"
        source={source}
        columns={columns}
        id={(row) => row.EndpointName ?? ""}
        choose="many"
        actions={(chosen) => (
          <>
            <Button disabled={!chosen.length} onClick={() => setDeleting(chosen.map((row) => row.EndpointName ?? ""))}>
              Delete
            </Button>
            <Go href="/endpoints/deploy" variant="primary">
              Deploy
            </Go>
          </>
        )}
        empty={
          <Nothing title="No endpoints" cli="aws sagemaker create-endpoint --endpoint-name my-endpoint --endpoint-config-name my-config" action={<Go href="/endpoints/deploy">Deploy a model</Go>}>
            An endpoint keeps a model loaded on instances that answer requests at once: InvokeEndpoint, by name. It runs, and costs, until it is deleted.
          </Nothing>
        }
      />
      {deleting.length > 0 && <Delete names={deleting} onClose={() => setDeleting([])} />}
    </>
  );
}
