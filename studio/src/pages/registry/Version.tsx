/** One version: what it is made of, how good it is, who approved it, where it came from. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useState } from "react";
import { useLocation } from "wouter";
import { Confirm } from "@/blocks/Confirm";
import { Facts } from "@/blocks/Facts";
import { Go } from "@/blocks/Go";
import { Heading } from "@/blocks/Heading";
import { Problem } from "@/blocks/Problem";
import { Status } from "@/blocks/Status";
import { Time } from "@/blocks/Time";
import { call, context } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import { useSession } from "@/client/session";
import type { Output } from "@/client/wire";
import type { PageProps } from "@/pages";
import { flash } from "@/shell/flash";
import { Approve } from "./Approve";
import { Lineage } from "./Lineage";
import { Metrics } from "./Metrics";

export type Package = Output<"sagemaker", "DescribeModelPackage">;

export default function Version({ params: { group = "", version = "" } }: PageProps) {
  const [deciding, setDeciding] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [, go] = useLocation();
  const arn = `arn:aws:sagemaker:${context.region}:${useSession()?.Account}:model-package/${group.toLowerCase()}/${version}`; // names in ARNs are in lower case
  const described = useCall("sagemaker", "DescribeModelPackage", { ModelPackageName: arn }, { live: ["ModelPackage"] });
  const remove = useAction(() => call("sagemaker", "DeleteModelPackage", { ModelPackageName: arn }));
  if (described.error && !described.data) return <Problem error={described.error} page={`${group}, version ${version}`} doing={`show version ${version} of ${group}`} retry={() => void described.refetch()} />;
  if (!described.data) return <Spinner size="large" />;
  const found = described.data;
  const containers = found.InferenceSpecification?.Containers ?? [];
  const failures = [...(found.ModelPackageStatusDetails?.ValidationStatuses ?? []), ...(found.ModelPackageStatusDetails?.ImageScanStatuses ?? [])].filter((one) => one.FailureReason);
  return (
    <SpaceBetween size="l">
      <Heading
        status={<Status of={found.ModelApprovalStatus} />}
        description={found.ModelPackageDescription}
        actions={
          <>
            <Button onClick={() => setDeleting(true)}>Delete</Button>
            <Button onClick={() => setDeciding(true)}>Approve or reject</Button>
            <Go href={`/endpoints/deploy?package=${encodeURIComponent(arn)}`} variant="primary" disabled={found.ModelApprovalStatus !== "Approved"} disabledReason="Only an approved version may be deployed.">
              Deploy
            </Go>
          </>
        }
      >
        {group}, version {version}
      </Heading>
      {failures.map((one) => (
        <Alert key={one.Name} type="error" header={`${one.Name} failed`}>
          <span className="said">{one.FailureReason}</span>
        </Alert>
      ))}
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          facts={[
            ["Created", <Time key="created" at={found.CreationTime} />],
            ["By", found.CreatedBy?.UserProfileName ?? found.CreatedBy?.IamIdentity?.Arn?.split("/").pop()],
            ["Status", <Status key="status" of={found.ModelPackageStatus} />],
            ["Approval", found.ApprovalDescription && <span className="said">{found.ApprovalDescription}</span>],
            ["Decided", found.LastModifiedTime && <Time key="modified" at={found.LastModifiedTime} />],
            ["Takes", found.InferenceSpecification?.SupportedContentTypes?.join(", ")],
            ["Answers", found.InferenceSpecification?.SupportedResponseMIMETypes?.join(", ")],
            ["Task", found.Task],
            ["Sample payload", found.SamplePayloadUrl],
            ["ARN", found.ModelPackageArn],
            ...Object.entries(found.CustomerMetadataProperties ?? {}),
          ]}
        />
      </Container>
      <Metrics found={found} />
      {containers.map((container, index) => (
        <Container key={index} header={<Header variant="h2">{containers.length > 1 ? (container.ContainerHostname ?? `Container ${index + 1}`) : "Container"}</Header>}>
          <Facts
            columns={2}
            facts={[
              ["Image", container.Image],
              ["Data", container.ModelDataUrl ?? container.ModelDataSource?.S3DataSource?.S3Uri],
              ["Framework", [container.Framework, container.FrameworkVersion].filter(Boolean).join(" ")],
              ...Object.entries(container.Environment ?? {}),
            ]}
          />
        </Container>
      ))}
      <Lineage found={found} data={containers.flatMap((container) => container.ModelDataUrl ?? [])} />
      {deciding && <Approve arn={arn} title={`${group}, version ${version}`} before={found.ModelApprovalStatus} comment={found.ApprovalDescription} onClose={() => setDeciding(false)} />}
      {deleting && (
        <Confirm
          title={`Delete version ${version} of ${group}?`}
          action="Delete"
          busy={remove.isPending}
          error={remove.error}
          onClose={() => setDeleting(false)}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `Version ${version} is deleted.` }), go(`/model-package-groups/${group}`)) })}
        >
          Its number does not come again. Models that were made of it stay.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
