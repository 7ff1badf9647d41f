import { useLocation } from "wouter";
import { type Group, RequestForm } from "@/blocks/RequestForm";
import { flash } from "@/shell/flash";

const GROUPS: Group[] = [
  {
    title: "Code repository",
    fields: [
      { at: "CodeRepositoryName", label: "Name", kind: "text", hint: "What notebook instances call it: letters, digits and hyphens; at most 63." },
      { at: "GitConfig.RepositoryUrl", label: "Address", kind: "text", placeholder: "https://…" },
      { at: "GitConfig.Branch", label: "Branch", kind: "text", optional: true, hint: "Else the repository's own default." },
    ],
  },
];

export default function Create() {
  const [, go] = useLocation();
  return (
    <RequestForm
      title="Create code repository"
      description="A Git repository under a name of this account."
      service="sagemaker"
      operation="CreateCodeRepository"
      initial={{ CodeRepositoryName: "", GitConfig: { RepositoryUrl: "" } }}
      groups={GROUPS}
      submit="Create code repository"
      onCancel={() => go("/code-repositories")}
      onDone={({ CodeRepositoryName: name }) => {
        flash({ type: "success", content: `${String(name)} is created.` });
        go("/code-repositories");
      }}
    />
  );
}
