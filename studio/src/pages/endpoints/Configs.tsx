/** Endpoint configurations: which models an endpoint serves, on what. */
import type { EndpointConfigSummary } from "@aws-sdk/client-sagemaker";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";

type Row = Wire<EndpointConfigSummary>;

const source = listSource<Row>({ service: "sagemaker", operation: "ListEndpointConfigs", rows: "EndpointConfigs", live: ["EndpointConfig"] });

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", width: 420, cell: (row) => <Anchor href={`/endpoint-configs/${row.EndpointConfigName}`}>{row.EndpointConfigName}</Anchor> },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "arn", header: "ARN", hidden: true, cell: (row) => row.EndpointConfigArn },
];

export default function Configs() {
  return (
    <Table
      name="endpoint-configs"
      title="Endpoint configurations"
      source={source}
      columns={columns}
      id={(row) => row.EndpointConfigName ?? ""}
      actions={() => (
        <Go href="/endpoints/deploy" variant="primary">
          Deploy
        </Go>
      )}
      empty={
        <Nothing
          title="No endpoint configurations"
          cli={`aws sagemaker create-endpoint-config --endpoint-config-name my-config \\
  --production-variants VariantName=AllTraffic,ModelName=my-model,InstanceType=ml.m5.large,InitialInstanceCount=1`}
          action={<Go href="/endpoints/deploy">Deploy a model</Go>}
        >
          An endpoint configuration says which models an endpoint serves, and on what. Deploying a model makes one.
        </Nothing>
      }
    />
  );
}
