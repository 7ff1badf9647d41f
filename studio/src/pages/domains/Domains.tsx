/** Studio's domains: each has user profiles, and spaces in which JupyterLab runs. */
import type { DomainDetails } from "@aws-sdk/client-sagemaker";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";

type Row = Wire<DomainDetails>;

// ListDomains neither filters nor sorts.
const source = listSource<Row>({ service: "sagemaker", operation: "ListDomains", rows: "Domains", live: ["Domain"], names: false, by: false, created: false });

const columns: Column<Row>[] = [
  { id: "name", header: "Name", cell: (row) => <Anchor href={`/domains/${row.DomainId}`}>{row.DomainName}</Anchor> },
  { id: "id", header: "ID", cell: (row) => row.DomainId },
  { id: "status", header: "Status", cell: (row) => <Status of={row.Status} /> },
  { id: "created", header: "Created", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "arn", header: "ARN", hidden: true, width: 360, cell: (row) => row.DomainArn },
];

export default function Domains() {
  return (
    <Table
      name="domains"
      title="Studio domains"
      source={source}
      columns={columns}
      id={(row) => row.DomainId ?? ""}
      actions={() => <Go variant="primary" href="/domains/create">Create domain</Go>}
      empty={
        <Nothing title="No domains" cli="aws sagemaker create-domain --domain-name team --auth-mode IAM --default-user-settings ExecutionRole=arn:aws:iam::123456789012:role/SageMakerExecutionRole">
          A domain is a team: it has user profiles, and spaces in which JupyterLab runs and keeps its files.
        </Nothing>
      }
    />
  );
}
