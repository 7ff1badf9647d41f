/** The forms: a domain, a person in it, a space. */
import Spinner from "@cloudscape-design/components/spinner";
import { useLocation } from "wouter";
import { Problem } from "@/blocks/Problem";
import { type Group, RequestForm } from "@/blocks/RequestForm";
import { useCall } from "@/client/query";
import type { PageProps } from "@/pages";
import { flash } from "@/shell/flash";

const NAME = "Letters, digits and hyphens; at most 63.";

const DOMAIN: Group[] = [
  {
    title: "Domain",
    fields: [
      { at: "DomainName", label: "Name", kind: "text", hint: NAME },
      { at: "DefaultUserSettings.ExecutionRole", label: "Role", kind: "suggest", from: "roles", hint: "As whom its users work, unless a profile says otherwise. It must trust sagemaker.amazonaws.com." },
    ],
  },
];

export function CreateDomain() {
  const [, go] = useLocation();
  return (
    <RequestForm
      title="Create domain"
      description="A team's Studio: its people, and the spaces where they work."
      service="sagemaker"
      operation="CreateDomain"
      initial={{ DomainName: "", AuthMode: "IAM", DefaultUserSettings: { ExecutionRole: "" } }}
      groups={DOMAIN}
      submit="Create domain"
      onCancel={() => go("/domains")}
      onDone={({ DomainName }) => {
        flash({ type: "success", content: `${String(DomainName)} is created.` });
        go("/domains");
      }}
    />
  );
}

const PROFILE: Group[] = [
  {
    title: "User profile",
    fields: [
      { at: "UserProfileName", label: "Name", kind: "text", hint: NAME },
      { at: "UserSettings.ExecutionRole", label: "Role", kind: "suggest", from: "roles", optional: true, hint: "As whom this one works; else as the domain says." },
    ],
  },
];

export function CreateUserProfile({ params: { id = "" } }: PageProps) {
  const [, go] = useLocation();
  return (
    <RequestForm
      title="Create user profile"
      description="A person in this domain."
      service="sagemaker"
      operation="CreateUserProfile"
      initial={{ DomainId: id, UserProfileName: "" }}
      groups={PROFILE}
      submit="Create user profile"
      onCancel={() => go(`/domains/${id}`)}
      onDone={({ UserProfileName }) => {
        flash({ type: "success", content: `${String(UserProfileName)} is created.` });
        go(`/domains/${id}`);
      }}
    />
  );
}

export function CreateSpace({ params: { id = "" } }: PageProps) {
  const [, go] = useLocation();
  const profiles = useCall("sagemaker", "ListUserProfiles", { DomainIdEquals: id, MaxResults: 100 });
  if (profiles.error) return <Problem error={profiles.error} page="Create space" doing="list user profiles" retry={() => void profiles.refetch()} />;
  if (!profiles.data) return <Spinner size="large" />;
  const names = (profiles.data.UserProfiles ?? []).flatMap(({ UserProfileName }) => UserProfileName ?? []);
  const groups: Group[] = [
    {
      title: "Space",
      fields: [
        { at: "SpaceName", label: "Name", kind: "text", hint: NAME },
        { at: "OwnershipSettings.OwnerUserProfileName", label: "Owner", kind: "choice", options: names },
        { at: "SpaceSharingSettings.SharingType", label: "Sharing", kind: "choice", options: ["Private", "Shared"] },
        { at: "SpaceSettings.JupyterLabSettings.DefaultResourceSpec.InstanceType", label: "Instance type", kind: "suggest", from: "instances", optional: true, hint: "Of JupyterLab; else ml.t3.medium, or what the domain says." },
      ],
    },
  ];
  return (
    <RequestForm
      title="Create space"
      description="Where somebody works, or several do: it keeps their files while JupyterLab does not run."
      service="sagemaker"
      operation="CreateSpace"
      initial={{ DomainId: id, SpaceName: "", OwnershipSettings: { OwnerUserProfileName: names[0] ?? "" }, SpaceSharingSettings: { SharingType: "Private" } }}
      groups={groups}
      submit="Create space"
      onCancel={() => go(`/domains/${id}`)}
      onDone={({ SpaceName }) => {
        flash({ type: "success", content: `${String(SpaceName)} is created.` });
        go(`/domains/${id}`);
      }}
    />
  );
}
