/** The models of the account and region. */
import type { ModelSummary } from "@aws-sdk/client-sagemaker";
import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import { Delete } from "./Delete";

type Row = Wire<ModelSummary>;

const source = listSource<Row>({ service: "sagemaker", operation: "ListModels", rows: "Models", live: ["Model"] });

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", width: 420, cell: (row) => <Anchor href={`/models/${row.ModelName}`}>{row.ModelName}</Anchor> },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "arn", header: "ARN", hidden: true, cell: (row) => row.ModelArn },
];

export default function Models() {
  const [deleting, setDeleting] = useState<string[]>([]);
  return (
    <>
      <Table
        name="models"
        title="Models"
        source={source}
        columns={columns}
        id={(row) => row.ModelName ?? ""}
        choose="many"
        actions={(chosen) => (
          <>
            <Button disabled={!chosen.length} onClick={() => setDeleting(chosen.map((row) => row.ModelName ?? ""))}>
              Delete
            </Button>
            <Go href={`/endpoints/deploy?model=${chosen[0]?.ModelName}`} disabled={chosen.length !== 1}>
              Deploy
            </Go>
            <Go href="/models/create" variant="primary">
              Create model
            </Go>
          </>
        )}
        empty={
          <Nothing
            title="No models"
            cli={`aws sagemaker create-model --model-name my-model \\
  --primary-container Image=683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1,ModelDataUrl=s3://my-bucket/output/my-job/output/model.tar.gz \\
  --execution-role-arn arn:aws:iam::123456789012:role/SageMakerExecutionRole`}
          >
            A model is an image that can serve, and the data that a training job left in S3. It is deployed to an endpoint, or used by a batch transform job.
          </Nothing>
        }
      />
      {deleting.length > 0 && <Delete names={deleting} onClose={() => setDeleting([])} />}
    </>
  );
}
