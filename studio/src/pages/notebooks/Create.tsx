import { useLocation } from "wouter";
import { type Group, RequestForm } from "@/blocks/RequestForm";
import { flash } from "@/shell/flash";

const GROUPS: Group[] = [
  {
    title: "Notebook instance",
    fields: [
      { at: "NotebookInstanceName", label: "Name", kind: "text", hint: "Letters, digits and hyphens; at most 63." },
      { at: "InstanceType", label: "Instance type", kind: "suggest", from: "instances" },
      { at: "RoleArn", label: "Role", kind: "suggest", from: "roles", hint: "As whom notebooks act. It must trust sagemaker.amazonaws.com." },
      { at: "VolumeSizeInGB", label: "Volume, in GB", kind: "number", hint: "What lies on it outlasts a stop. It can grow later, never shrink." },
    ],
  },
  {
    title: "What is in it",
    fields: [
      { at: "LifecycleConfigName", label: "Lifecycle configuration", kind: "suggest", from: "configurations", optional: true, hint: "Scripts that run when it is created and whenever it starts." },
      { at: "DefaultCodeRepository", label: "Git repository", kind: "suggest", from: "repositories", optional: true, placeholder: "https://…", hint: "An address, or the name of a code repository of this account." },
    ],
  },
  {
    title: "Tags",
    description: "salvia:idle-minutes says after how long without work it stops by itself.",
    fields: [
      {
        at: "Tags",
        label: "Tags",
        kind: "rows",
        add: "Add tag",
        optional: true,
        fresh: { Key: "", Value: "" },
        fields: [
          { at: "Key", label: "Key", kind: "text", placeholder: "salvia:idle-minutes" },
          { at: "Value", label: "Value", kind: "text", placeholder: "60" },
        ],
      },
    ],
  },
];

export default function Create() {
  const [, go] = useLocation();
  return (
    <RequestForm
      title="Create notebook instance"
      description="JupyterLab on a machine of its own."
      service="sagemaker"
      operation="CreateNotebookInstance"
      initial={{ NotebookInstanceName: "", InstanceType: "ml.t3.medium", RoleArn: "", VolumeSizeInGB: 5 }}
      groups={GROUPS}
      submit="Create notebook instance"
      onCancel={() => go("/notebook-instances")}
      onDone={({ NotebookInstanceName: name }) => {
        flash({ type: "success", content: `${String(name)} is created and starts.` });
        go(`/notebook-instances/${String(name)}`);
      }}
    />
  );
}
