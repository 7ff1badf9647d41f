/** One model's versions. */
import type { ModelPackageSummary } from "@aws-sdk/client-sagemaker";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useMemo, useState } from "react";
import { useLocation } from "wouter";
import { Anchor } from "@/blocks/Anchor";
import { Confirm } from "@/blocks/Confirm";
import { Go } from "@/blocks/Go";
import { Heading } from "@/blocks/Heading";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import type { Wire } from "@/client/wire";
import type { PageProps } from "@/pages";
import { flash } from "@/shell/flash";
import { Approve } from "./Approve";

type Row = Wire<ModelPackageSummary>;

const columns: Column<Row>[] = [
  {
    id: "version",
    header: "Version",
    sort: "Name",
    width: 130,
    cell: (row) => <Anchor href={`/model-package-groups/${row.ModelPackageGroupName}/${row.ModelPackageVersion}`}>Version {row.ModelPackageVersion}</Anchor>,
  },
  { id: "approval", header: "Approval", cell: (row) => <Status of={row.ModelApprovalStatus} />, width: 220 },
  { id: "description", header: "Description", cell: (row) => row.ModelPackageDescription ?? "–", width: 320 },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "status", header: "Status", hidden: true, cell: (row) => <Status of={row.ModelPackageStatus} /> },
  { id: "arn", header: "ARN", hidden: true, cell: (row) => row.ModelPackageArn },
];

export default function Group({ params: { group = "" } }: PageProps) {
  const [deciding, setDeciding] = useState<Row>();
  const [deleting, setDeleting] = useState(false);
  const [, go] = useLocation();
  const described = useCall("sagemaker", "DescribeModelPackageGroup", { ModelPackageGroupName: group });
  const source = useMemo(
    () => listSource<Row>({ service: "sagemaker", operation: "ListModelPackages", rows: "ModelPackageSummaryList", given: { ModelPackageGroupName: group }, live: ["ModelPackage"], names: false }),
    [group],
  );
  const remove = useAction(() => call("sagemaker", "DeleteModelPackageGroup", { ModelPackageGroupName: group }));
  if (described.error && !described.data) return <Problem error={described.error} page={group} doing={`show ${group}`} retry={() => void described.refetch()} />;
  if (!described.data) return <Spinner size="large" />;
  return (
    <SpaceBetween size="l">
      <Heading description={described.data.ModelPackageGroupDescription} actions={<Button onClick={() => setDeleting(true)}>Delete</Button>}>
        {group}
      </Heading>
      <Table
        embedded
        name="model-packages"
        title="Versions"
        source={source}
        columns={columns}
        id={(row) => String(row.ModelPackageVersion)}
        choose="one"
        actions={([chosen]) => (
          <>
            <Button disabled={!chosen} onClick={() => setDeciding(chosen)}>
              Approve or reject
            </Button>
            <Go href={`/endpoints/deploy?package=${encodeURIComponent(chosen?.ModelPackageArn ?? "")}`} disabled={chosen?.ModelApprovalStatus !== "Approved"}>
              Deploy
            </Go>
            <Go href={`/model-package-groups/register?group=${group}`}>Register version</Go>
          </>
        )}
        empty={
          <Nothing
            title="No versions"
            cli={`aws sagemaker create-model-package --model-package-group-name ${group} \\
  --inference-specification '{"Containers": [{"Image": "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1", "ModelDataUrl": "s3://my-bucket/model.tar.gz"}], "SupportedContentTypes": ["text/csv"], "SupportedResponseMIMETypes": ["text/csv"]}'`}
          >
            A RegisterModel step of a pipeline, or CreateModelPackage, registers the first one.
          </Nothing>
        }
      />
      {deciding && <Approve arn={deciding.ModelPackageArn ?? ""} title={`${group}, version ${deciding.ModelPackageVersion}`} before={deciding.ModelApprovalStatus} onClose={() => setDeciding(undefined)} />}
      {deleting && (
        <Confirm
          title={`Delete ${group}?`}
          action="Delete"
          busy={remove.isPending}
          error={remove.error}
          onClose={() => setDeleting(false)}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `${group} is deleted.` }), go("/model-package-groups")) })}
        >
          A group that still has versions is not deleted.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
