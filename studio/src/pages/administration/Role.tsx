/** One role: who may take it up, and what it may do. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useState } from "react";
import { useSearchParams } from "@/client/address";
import { Problem } from "@/blocks/Problem";
import { duration, moment } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import { flash } from "@/shell/flash";
import { document } from "./all";
import { deleteRole } from "./bare";
import { Editor } from "./Editor";
import { Identity } from "./Identity";

export default function Role() {
  const [search] = useSearchParams();
  const name = search.get("name") ?? "";
  const got = useCall("iam", "GetRole", { RoleName: name }, { live: ["Role"] });
  if (got.error) return <Problem error={got.error} page={name} doing={`show ${name}`} retry={() => void got.refetch()} />;
  if (!got.data) return <Spinner size="large" />;
  const role = got.data.Role;
  return (
    <Identity
      noun="Role"
      name={name}
      facts={[
        ["ARN", role?.Arn],
        ["Created", moment(role?.CreateDate)],
        ["Longest session", role?.MaxSessionDuration && duration(role.MaxSessionDuration)],
        ["Description", role?.Description],
        ["Permissions boundary", role?.PermissionsBoundary?.PermissionsBoundaryArn],
      ]}
      remove={() => deleteRole(name)}
      warning="Jobs, endpoints and people that use it are refused from now on."
    >
      <Trust name={name} stored={document(role?.AssumeRolePolicyDocument)} />
    </Identity>
  );
}

function Trust({ name, stored }: { name: string; stored: string }) {
  const [text, setText] = useState<string>();
  const save = useAction(() => call("iam", "UpdateAssumeRolePolicy", { RoleName: name, PolicyDocument: text ?? stored }));
  return (
    <Container
      header={
        <Header
          variant="h2"
          description="Who may take this role up: services that work with it, users and roles who switch to it."
          actions={
            text !== undefined && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => (setText(undefined), save.reset())}>Cancel</Button>
                <Button variant="primary" loading={save.isPending} onClick={() => save.mutate(undefined, { onSuccess: () => (setText(undefined), flash({ type: "success", content: "The trust policy is saved." })) })}>
                  Save
                </Button>
              </SpaceBetween>
            )
          }
        >
          Trust
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Problem error={save.error} doing="save the trust policy" />
        <Editor label="Trust policy" value={text ?? stored} onChange={setText} />
      </SpaceBetween>
    </Container>
  );
}
