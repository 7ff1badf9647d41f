/** The pipelines of the account and region. */
import type { PipelineSummary } from "@aws-sdk/client-sagemaker";
import { Anchor } from "@/blocks/Anchor";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";

type Row = Wire<PipelineSummary>;

const source = listSource<Row>({ service: "sagemaker", operation: "ListPipelines", rows: "PipelineSummaries", live: ["Pipeline", "PipelineExecution"], names: "PipelineNamePrefix" });

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", width: 340, cell: (row) => <Anchor href={`/pipelines/${row.PipelineName}`}>{row.PipelineDisplayName ?? row.PipelineName}</Anchor> },
  { id: "description", header: "Description", width: 360, cell: (row) => row.PipelineDescription ?? "–" },
  { id: "ran", header: "Last run", cell: (row) => <Time at={row.LastExecutionTime} /> },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "modified", header: "Last modified", hidden: true, cell: (row) => <Time at={row.LastModifiedTime} /> },
];

export default function Pipelines() {
  return (
    <Table
      name="pipelines"
      title="Pipelines"
      source={source}
      columns={columns}
      id={(row) => row.PipelineName ?? ""}
      empty={
        <Nothing
          title="No pipelines"
          cli={`aws sagemaker create-pipeline --pipeline-name churn --pipeline-definition file://pipeline.json \\
  --role-arn arn:aws:iam::123456789012:role/SageMakerExecutionRole`}
        >
          A pipeline runs jobs in the order that their data demand, and decides by what they find. The SageMaker SDK writes its definition: Pipeline("churn", steps=[…]).upsert(role).
        </Nothing>
      }
    />
  );
}
