/** A model from an image and data in S3. */
import { useLocation } from "wouter";
import { type Group, RequestForm } from "@/blocks/RequestForm";
import { flash } from "@/shell/flash";

const GROUPS: Group[] = [
  {
    title: "Model",
    fields: [
      { at: "ModelName", label: "Name", kind: "text", hint: "Letters, digits and hyphens; at most 63, unique in the account and region." },
      { at: "ExecutionRoleArn", label: "Role", kind: "suggest", from: "roles", hint: "As whom its data are read. It must trust sagemaker.amazonaws.com." },
    ],
  },
  {
    title: "Container",
    description: "A model of several containers, or one of the registry's versions, is written as JSON.",
    fields: [
      { at: "PrimaryContainer.Image", label: "Image", kind: "suggest", from: "images", hint: "AWS's own names run as they are." },
      { at: "PrimaryContainer.ModelDataUrl", label: "Model data", kind: "text", optional: true, placeholder: "s3://my-bucket/output/my-job/output/model.tar.gz" },
    ],
  },
  { title: "Environment", fields: [{ at: "PrimaryContainer.Environment", label: "Variables", kind: "map", add: "Add variable", optional: true }] },
  { title: "Network", fields: [{ at: "EnableNetworkIsolation", label: "Without a network", kind: "switch", optional: true }] },
];

export default function Create() {
  const [, go] = useLocation();
  return (
    <RequestForm
      title="Create model"
      description="An image that can serve, and the data that it serves from."
      service="sagemaker"
      operation="CreateModel"
      initial={{ ModelName: "", PrimaryContainer: { Image: "" }, ExecutionRoleArn: "" }}
      groups={GROUPS}
      submit="Create model"
      onCancel={() => go("/models")}
      onDone={(input) => {
        flash({ type: "success", content: `${String(input.ModelName)} is created.` });
        go(`/models/${String(input.ModelName)}`);
      }}
    />
  );
}
