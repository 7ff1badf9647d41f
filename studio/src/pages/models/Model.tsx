/** One model: what it is made of, who serves it. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import type { ContainerDefinition } from "@aws-sdk/client-sagemaker";
import { useState } from "react";
import { useLocation } from "wouter";
import { Anchor, Named } from "@/blocks/Anchor";
import { Facts } from "@/blocks/Facts";
import { Go } from "@/blocks/Go";
import { Heading } from "@/blocks/Heading";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { Time } from "@/blocks/Time";
import { useCall } from "@/client/query";
import type { Wire } from "@/client/wire";
import type { PageProps } from "@/pages";
import { pageOf } from "@/blocks/arns";
import { Delete } from "./Delete";

export default function Model({ params: { name = "" } }: PageProps) {
  const [deleting, setDeleting] = useState(false);
  const [, go] = useLocation();
  const described = useCall("sagemaker", "DescribeModel", { ModelName: name }, { live: ["Model"] });
  if (described.error && !described.data) return <Problem error={described.error} page={name} doing={`show ${name}`} retry={() => void described.refetch()} />;
  if (!described.data) return <Spinner size="large" />;
  const { ModelArn, CreationTime, DeploymentRecommendation: _, ...request } = described.data;
  const containers = request.PrimaryContainer ? [request.PrimaryContainer] : (request.Containers ?? []);
  return (
    <SpaceBetween size="l">
      <Heading
        actions={
          <>
            <Button onClick={() => setDeleting(true)}>Delete</Button>
            <Go href={`/endpoints/deploy?model=${name}`} variant="primary">
              Deploy
            </Go>
          </>
        }
      >
        {name}
      </Heading>
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          facts={[
            ["Created", <Time key="created" at={CreationTime} />],
            ["Role", request.ExecutionRoleArn && <Named key="role" arn={request.ExecutionRoleArn} />],
            ["Containers", containers.length > 1 ? `${containers.length}, ${request.InferenceExecutionConfig?.Mode === "Direct" ? "each invoked by name" : "one after another"}` : undefined],
            ["Network", request.EnableNetworkIsolation ? "isolated" : undefined],
            ["ARN", ModelArn],
          ]}
        />
      </Container>
      {containers.map((container, index) => (
        <OneContainer key={index} container={container} title={containers.length > 1 ? (container.ContainerHostname ?? `Container ${index + 1}`) : "Container"} />
      ))}
      <Container header={<Header variant="h2" description="What would create this model again: change its name first.">The same, as code</Header>}>
        <Snippets service="sagemaker" operation="CreateModel" input={request} />
      </Container>
      {deleting && <Delete names={[name]} onClose={() => setDeleting(false)} onDone={() => go("/models")} />}
    </SpaceBetween>
  );
}

function OneContainer({ container, title }: { container: Wire<ContainerDefinition>; title: string }) {
  const version = container.ModelPackageName;
  const environment = Object.entries(container.Environment ?? {});
  return (
    <Container header={<Header variant="h2">{title}</Header>}>
      <SpaceBetween size="l">
        <Facts
          columns={2}
          facts={[
            ["Image", container.Image],
            ["Data", container.ModelDataUrl ?? container.ModelDataSource?.S3DataSource?.S3Uri],
            ["Models", container.Mode === "MultiModel" ? "many: a request names one by TargetModel" : undefined],
            ["From the registry", version && pageOf(version) ? <Anchor href={pageOf(version) ?? ""}>{version.split("model-package/")[1]}</Anchor> : version],
          ]}
        />
        {environment.length > 0 && <Facts columns={2} facts={environment.map(([key, value]) => [key, <code key={key}>{value}</code>])} />}
      </SpaceBetween>
    </Container>
  );
}
