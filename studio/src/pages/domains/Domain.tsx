/** One domain: who is in it, and the spaces where they work. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useState } from "react";
import { useLocation } from "wouter";
import { Named } from "@/blocks/Anchor";
import { Delete } from "@/blocks/Delete";
import { Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Problem } from "@/blocks/Problem";
import { Status } from "@/blocks/Status";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useCall } from "@/client/query";
import type { PageProps } from "@/pages";
import { Profiles } from "./Profiles";
import { Spaces } from "./Spaces";

export default function Domain({ params: { id = "" } }: PageProps) {
  const [deleting, setDeleting] = useState(false);
  const [, go] = useLocation();
  const described = useCall("sagemaker", "DescribeDomain", { DomainId: id }, { live: ["Domain"] });
  if (described.error && !described.data) return <Problem error={described.error} page={id} doing={`show ${id}`} retry={() => void described.refetch()} />;
  if (!described.data) return <Spinner size="large" />;
  const domain = described.data;
  const settings = domain.DefaultUserSettings;
  const idle = settings?.JupyterLabAppSettings?.AppLifecycleManagement?.IdleSettings;
  return (
    <SpaceBetween size="l">
      <Heading status={<Status of={domain.Status} />} actions={<Button onClick={() => setDeleting(true)}>Delete</Button>}>
        {domain.DomainName}
      </Heading>
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          facts={[
            ["ID", id],
            ["Role of its users", settings?.ExecutionRole && <Named key="role" arn={settings.ExecutionRole} />],
            ["Idle apps end", idle?.LifecycleManagement === "ENABLED" ? `after ${idle.IdleTimeoutInMinutes} minutes` : undefined],
            ["VPC, which is recorded only", domain.VpcId],
            ["Created", <Time key="created" at={domain.CreationTime} />],
            ["ARN", domain.DomainArn],
          ]}
        />
      </Container>
      <Spaces domain={id} />
      <Profiles domain={id} />
      {deleting && (
        <Delete names={[domain.DomainName ?? id]} noun="domains" remove={() => call("sagemaker", "DeleteDomain", { DomainId: id })} onClose={() => setDeleting(false)} onDone={() => go("/domains")}>
          A domain that still has user profiles or spaces is not deleted.
        </Delete>
      )}
    </SpaceBetween>
  );
}
