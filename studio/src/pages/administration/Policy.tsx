/** One policy: its document, and whom it is attached to. Saved, it is a new version, which holds at once. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Box from "@cloudscape-design/components/box";
import { useState } from "react";
import { useLocation } from "wouter";
import { useSearchParams } from "@/client/address";
import { Anchor } from "@/blocks/Anchor";
import { Confirm } from "@/blocks/Confirm";
import { Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { moment } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useAnswer, useCall } from "@/client/query";
import { flash } from "@/shell/flash";
import { all, document, show } from "./all";
import { Editor } from "./Editor";

const VERSIONS = 5; // IAM keeps no more

export default function Policy() {
  const [search] = useSearchParams();
  const arn = search.get("name") ?? "";
  const got = useAnswer(["iam", "Policy", arn], async (signal) => {
    const { Policy: policy } = await call("iam", "GetPolicy", { PolicyArn: arn }, signal);
    const { PolicyVersion: version } = await call("iam", "GetPolicyVersion", { PolicyArn: arn, VersionId: policy?.DefaultVersionId }, signal);
    return { policy, text: document(version?.Document) };
  }, { live: ["Policy"] });
  const [edited, setEdited] = useState<string>();
  const [doomed, setDoomed] = useState(false);
  const [, go] = useLocation();
  const ours = arn.split(":")[4] !== "aws";
  const save = useAction(async () => {
    const versions = await all<{ VersionId?: string; IsDefaultVersion?: boolean }>("ListPolicyVersions", "Versions", { PolicyArn: arn });
    const oldest = versions.filter((one) => !one.IsDefaultVersion).at(-1);
    if (versions.length >= VERSIONS && oldest) await call("iam", "DeletePolicyVersion", { PolicyArn: arn, VersionId: oldest.VersionId });
    await call("iam", "CreatePolicyVersion", { PolicyArn: arn, PolicyDocument: edited ?? "", SetAsDefault: true });
  });
  const drop = useAction(async () => {
    for (const { VersionId, IsDefaultVersion } of await all<{ VersionId?: string; IsDefaultVersion?: boolean }>("ListPolicyVersions", "Versions", { PolicyArn: arn })) {
      if (!IsDefaultVersion) await call("iam", "DeletePolicyVersion", { PolicyArn: arn, VersionId });
    }
    await call("iam", "DeletePolicy", { PolicyArn: arn });
  });

  if (got.error) return <Problem error={got.error} page={arn.split("/").at(-1)} doing="show the policy" retry={() => void got.refetch()} />;
  if (!got.data) return <Spinner size="large" />;
  const { policy, text } = got.data;
  return (
    <SpaceBetween size="l">
      <Heading actions={ours && <Button onClick={() => setDoomed(true)}>Delete</Button>}>{policy?.PolicyName}</Heading>
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          facts={[
            ["ARN", arn],
            ["Version", policy?.DefaultVersionId],
            ["Attached to", policy?.AttachmentCount],
            ["Last changed", moment(policy?.UpdateDate)],
            ["Description", policy?.Description],
          ]}
        />
      </Container>
      <Container
        header={
          <Header
            variant="h2"
            description={ours ? "Saved, it is a new version, which holds at once." : "AWS's own policies are not changed: write one of yours instead."}
            actions={
              edited !== undefined && (
                <SpaceBetween direction="horizontal" size="xs">
                  <Button variant="link" onClick={() => (setEdited(undefined), save.reset())}>Cancel</Button>
                  <Button variant="primary" loading={save.isPending} onClick={() => save.mutate(undefined, { onSuccess: () => void got.refetch().then(() => (setEdited(undefined), flash({ type: "success", content: "The policy is saved and holds." }))) })}>
                    Save
                  </Button>
                </SpaceBetween>
              )
            }
          >
            Document
          </Header>
        }
      >
        <SpaceBetween size="m">
          <Problem error={save.error} doing="save the policy" />
          <Editor label="Policy document" value={edited ?? text} onChange={ours ? setEdited : undefined} />
        </SpaceBetween>
      </Container>
      <Attached arn={arn} />
      <Container header={<Header variant="h2">The same, as code</Header>}>
        <Snippets service="iam" operation="GetPolicyVersion" input={{ PolicyArn: arn, VersionId: policy?.DefaultVersionId }} />
      </Container>
      {doomed && (
        <Confirm
          title={`Delete ${policy?.PolicyName}?`}
          action="Delete"
          busy={drop.isPending}
          error={drop.error}
          onClose={() => (setDoomed(false), drop.reset())}
          onConfirm={() => drop.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `${policy?.PolicyName} is deleted.` }), go("/policies")) })}
        >
          It must be attached to nobody. Its versions go with it.
        </Confirm>
      )}
    </SpaceBetween>
  );
}

function Attached({ arn }: { arn: string }) {
  const holders = useCall("iam", "ListEntitiesForPolicy", { PolicyArn: arn });
  const found = [
    ...(holders.data?.PolicyUsers ?? []).map(({ UserName = "" }) => ({ kind: "users" as const, name: UserName })),
    ...(holders.data?.PolicyGroups ?? []).map(({ GroupName = "" }) => ({ kind: "groups" as const, name: GroupName })),
    ...(holders.data?.PolicyRoles ?? []).map(({ RoleName = "" }) => ({ kind: "roles" as const, name: RoleName })),
  ];
  return (
    <Container header={<Header variant="h2">Attached to</Header>}>
      <Problem error={holders.error} doing="see whom it is attached to" />
      {holders.data && !found.length && <Box color="text-body-secondary">Nobody.</Box>}
      {found.length > 0 && (
        <ul className="members">
          {found.map(({ kind, name }) => (
            <li key={kind + name}>
              {kind.slice(0, -1)} <Anchor href={show(kind, name)}>{name}</Anchor>
            </li>
          ))}
        </ul>
      )}
    </Container>
  );
}
