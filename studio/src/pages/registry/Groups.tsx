/** The registry: groups of versions of one model each. */
import type { ModelPackageGroupSummary } from "@aws-sdk/client-sagemaker";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";

type Row = Wire<ModelPackageGroupSummary>;

const source = listSource<Row>({ service: "sagemaker", operation: "ListModelPackageGroups", rows: "ModelPackageGroupSummaryList", live: ["ModelPackageGroup"] });

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", width: 340, cell: (row) => <Anchor href={`/model-package-groups/${row.ModelPackageGroupName}`}>{row.ModelPackageGroupName}</Anchor> },
  { id: "description", header: "Description", cell: (row) => row.ModelPackageGroupDescription ?? "–", width: 360 },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "arn", header: "ARN", hidden: true, cell: (row) => row.ModelPackageGroupArn },
];

export default function Groups() {
  return (
    <Table
      name="model-package-groups"
      title="Model registry"
      source={source}
      columns={columns}
      id={(row) => row.ModelPackageGroupName ?? ""}
      actions={() => <Go href="/model-package-groups/create" variant="primary">Create group</Go>}
      empty={
        <Nothing title="No model package groups" cli={`aws sagemaker create-model-package-group --model-package-group-name churn --model-package-group-description 'Who leaves?'`}>
          A group holds the versions of one model: what each is made of, how good it is, and who approved it. Pipelines register versions; somebody approves one; it is deployed.
        </Nothing>
      }
    />
  );
}
