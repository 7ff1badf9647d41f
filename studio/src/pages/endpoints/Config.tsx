/** One endpoint configuration. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import CloudscapeTable from "@cloudscape-design/components/table";
import { useState } from "react";
import { useLocation } from "wouter";
import { Anchor } from "@/blocks/Anchor";
import { Confirm } from "@/blocks/Confirm";
import { Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import type { PageProps } from "@/pages";
import { flash } from "@/shell/flash";
import { shares } from "./shares";

export default function Config({ params: { name = "" } }: PageProps) {
  const [deleting, setDeleting] = useState(false);
  const [, go] = useLocation();
  const described = useCall("sagemaker", "DescribeEndpointConfig", { EndpointConfigName: name });
  const remove = useAction(() => call("sagemaker", "DeleteEndpointConfig", { EndpointConfigName: name }));
  if (described.error && !described.data) return <Problem error={described.error} page={name} doing={`show ${name}`} retry={() => void described.refetch()} />;
  if (!described.data) return <Spinner size="large" />;
  const { EndpointConfigArn, CreationTime, ProductionVariants = [], DataCaptureConfig: capture, AsyncInferenceConfig: later, ...rest } = described.data;
  const parts = shares(ProductionVariants.map((variant) => variant.InitialVariantWeight ?? 1));
  const request = { ...rest, ProductionVariants, ...(capture && { DataCaptureConfig: capture }), ...(later && { AsyncInferenceConfig: later }) };
  return (
    <SpaceBetween size="l">
      <Heading actions={<Button onClick={() => setDeleting(true)}>Delete</Button>}>{name}</Heading>
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          facts={[
            ["Created", <Time key="created" at={CreationTime} />],
            ["Data capture", capture?.EnableCapture ? `${capture.InitialSamplingPercentage} % of requests, to ${capture.DestinationS3Uri}` : undefined],
            ["Asynchronous", later && `answers go to ${later.OutputConfig?.S3OutputPath}`],
            ["ARN", EndpointConfigArn],
          ]}
        />
      </Container>
      <CloudscapeTable
        header={<Header variant="h2">Variants</Header>}
        ariaLabels={{ tableLabel: "Variants" }}
        items={ProductionVariants}
        trackBy="VariantName"
        columnDefinitions={[
          { id: "name", header: "Variant", cell: (variant) => variant.VariantName, isRowHeader: true },
          { id: "model", header: "Model", cell: (variant) => <Anchor href={`/models/${variant.ModelName}`}>{variant.ModelName}</Anchor> },
          {
            id: "on",
            header: "Runs on",
            cell: ({ ServerlessConfig: serverless, ...variant }) =>
              serverless ? `serverless, ${serverless.MemorySizeInMB} MB, at most ${serverless.MaxConcurrency} at once` : `${variant.InitialInstanceCount} × ${variant.InstanceType}`,
          },
          { id: "part", header: "Of the traffic", cell: (variant) => `${parts[ProductionVariants.indexOf(variant)] ?? 0} %` },
        ]}
      />
      <Container header={<Header variant="h2" description="What would create this configuration again: change its name first.">The same, as code</Header>}>
        <Snippets service="sagemaker" operation="CreateEndpointConfig" input={request} />
      </Container>
      {deleting && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete"
          busy={remove.isPending}
          error={remove.error}
          onClose={() => setDeleting(false)}
          onConfirm={() =>
            remove.mutate(undefined, {
              onSuccess: () => {
                flash({ type: "success", content: `${name} is deleted.` });
                go("/endpoint-configs");
              },
            })
          }
        >
          Endpoints that were made of it serve on.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
