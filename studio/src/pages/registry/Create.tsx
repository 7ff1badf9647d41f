/** The two forms of the registry: a group, and a version of it that no pipeline registered. */
import { useLocation } from "wouter";
import { type Group, RequestForm } from "@/blocks/RequestForm";
import { useSearchParams } from "@/client/address";
import { flash } from "@/shell/flash";

const PATH = "/model-package-groups";

const GROUP: Group[] = [
  {
    title: "Group",
    fields: [
      { at: "ModelPackageGroupName", label: "Name", kind: "text", hint: "Letters, digits and hyphens; at most 63, unique in the account and region." },
      { at: "ModelPackageGroupDescription", label: "Description", kind: "text", optional: true, placeholder: "Who leaves?" },
    ],
  },
];

export function CreateGroup() {
  const [, go] = useLocation();
  return (
    <RequestForm
      title="Create model package group"
      description="The versions of one model."
      service="sagemaker"
      operation="CreateModelPackageGroup"
      initial={{ ModelPackageGroupName: "" }}
      groups={GROUP}
      submit="Create group"
      onCancel={() => go(PATH)}
      onDone={({ ModelPackageGroupName: name }) => {
        flash({ type: "success", content: `${String(name)} is created.` });
        go(`${PATH}/${String(name)}`);
      }}
    />
  );
}

const VERSION: Group[] = [
  {
    title: "Version",
    fields: [
      { at: "ModelPackageGroupName", label: "Group", kind: "text" },
      { at: "ModelPackageDescription", label: "Description", kind: "text", optional: true },
      { at: "ModelApprovalStatus", label: "Approval", kind: "choice", options: ["PendingManualApproval", "Approved", "Rejected"] },
    ],
  },
  {
    title: "Containers",
    fields: [
      {
        at: "InferenceSpecification.Containers",
        label: "Containers",
        kind: "rows",
        add: "Add container",
        fresh: { Image: "", ModelDataUrl: "" },
        fields: [
          { at: "Image", label: "Image", kind: "text", placeholder: "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1" },
          { at: "ModelDataUrl", label: "Model data", kind: "text", optional: true, placeholder: "s3://my-bucket/output/my-job/output/model.tar.gz" },
        ],
      },
      { at: "InferenceSpecification.SupportedContentTypes", label: "Takes", kind: "lines", hint: "One type a line." },
      { at: "InferenceSpecification.SupportedResponseMIMETypes", label: "Answers", kind: "lines", hint: "One type a line." },
    ],
  },
];

export function Register() {
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const group = search.get("group") ?? "";
  return (
    <RequestForm
      title="Register version"
      description="What it is made of. Metrics, baselines and validation are written as JSON."
      service="sagemaker"
      operation="CreateModelPackage"
      initial={{
        ModelPackageGroupName: group,
        ModelApprovalStatus: "PendingManualApproval",
        InferenceSpecification: { Containers: [{ Image: "", ModelDataUrl: "" }], SupportedContentTypes: ["text/csv"], SupportedResponseMIMETypes: ["text/csv"] },
      }}
      groups={VERSION}
      submit="Register version"
      onCancel={() => go(group ? `${PATH}/${group}` : PATH)}
      onDone={({ ModelPackageGroupName: name }) => {
        flash({ type: "success", content: `A version of ${String(name)} is registered.` });
        go(`${PATH}/${String(name)}`);
      }}
    />
  );
}
