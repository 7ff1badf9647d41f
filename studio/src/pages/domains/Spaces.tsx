/** The spaces of a domain: whose each is, and JupyterLab in it. */
import type { AppDetails, SpaceDetails } from "@aws-sdk/client-sagemaker";
import Button from "@cloudscape-design/components/button";
import { useMemo, useState } from "react";
import { Delete } from "@/blocks/Delete";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { OpenJupyterLab } from "@/blocks/OpenJupyterLab";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import type { Wire } from "@/client/wire";
import { failed } from "@/shell/flash";

type Row = Wire<SpaceDetails>;
type App = Wire<AppDetails>;

const JUPYTERLAB = { AppType: "JupyterLab", AppName: "default" } as const;

const columnsOf = (apps: Map<string, App>): Column<Row>[] => [
  { id: "name", header: "Name", cell: (row) => row.SpaceName },
  { id: "owner", header: "Owner", cell: (row) => row.OwnershipSettingsSummary?.OwnerUserProfileName ?? "–" },
  { id: "sharing", header: "Sharing", cell: (row) => row.SpaceSharingSettingsSummary?.SharingType ?? "–" },
  { id: "app", header: "JupyterLab", cell: (row) => <Status of={apps.get(row.SpaceName ?? "")?.Status ?? (row.Status === "InService" ? undefined : row.Status)} /> },
  { id: "open", header: "Open", width: 210, cell: (row) => <Open space={row} app={apps.get(row.SpaceName ?? "")} /> },
  { id: "type", header: "Instance type", cell: (row) => apps.get(row.SpaceName ?? "")?.ResourceSpec?.InstanceType ?? "–" },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
];

export function Spaces({ domain: DomainId }: { domain: string }) {
  const [doomed, setDoomed] = useState<string>();
  const listed = useCall("sagemaker", "ListApps", { DomainIdEquals: DomainId, MaxResults: 100, SortBy: "CreationTime", SortOrder: "Descending" }, { live: ["App"] });
  const apps = useMemo(() => new Map((listed.data?.Apps ?? []).filter(({ Status }) => Status !== "Deleted").map((app) => [app.SpaceName ?? "", app])), [listed.data]);
  const columns = useMemo(() => columnsOf(apps), [apps]);
  const source = useMemo(
    () => listSource<Row>({ service: "sagemaker", operation: "ListSpaces", rows: "Spaces", given: { DomainIdEquals: DomainId }, live: ["Space"], names: "SpaceNameContains", created: false }),
    [DomainId],
  );
  const start = useAction((SpaceName: string) => call("sagemaker", "CreateApp", { DomainId, SpaceName, ...JUPYTERLAB }));
  const stop = useAction((SpaceName: string) => call("sagemaker", "DeleteApp", { DomainId, SpaceName, ...JUPYTERLAB }));
  return (
    <>
      <Table
        embedded
        name="spaces"
        title="Spaces"
        source={source}
        columns={columns}
        id={(row) => row.SpaceName ?? ""}
        choose="one"
        actions={([chosen]) => {
          const name = chosen?.SpaceName ?? "";
          const app = apps.get(name);
          return (
            <>
              {app ? (
                <Button disabled={app.Status !== "InService" && app.Status !== "Failed"} loading={stop.isPending} onClick={() => stop.mutate(name, { onError: failed })}>Stop</Button>
              ) : (
                <Button disabled={!chosen} loading={start.isPending} onClick={() => start.mutate(name, { onError: failed })}>Run JupyterLab</Button>
              )}
              <Button disabled={!chosen || Boolean(app)} disabledReason={app && "Stop it first"} onClick={() => setDoomed(name)}>Delete</Button>
              <Go href={`/domains/${DomainId}/create-space`}>Create space</Go>
            </>
          );
        }}
        empty={
          <Nothing title="No spaces" cli={`aws sagemaker create-space --domain-id ${DomainId} --space-name anns-work --ownership-settings OwnerUserProfileName=ann --space-sharing-settings SharingType=Private`}>
            A space keeps files; JupyterLab runs in it while somebody works there.
          </Nothing>
        }
      />
      {doomed && (
        <Delete names={[doomed]} noun="spaces" meanwhile="its files go" remove={(SpaceName) => call("sagemaker", "DeleteSpace", { DomainId, SpaceName })} onClose={() => setDoomed(undefined)}>
          Its files go with it: notebooks and data that are not elsewhere are lost.
        </Delete>
      )}
    </>
  );
}

/** As the space's owner. */
function Open({ space: { DomainId, SpaceName = "", OwnershipSettingsSummary: owner }, app }: { space: Row; app: App | undefined }) {
  return <OpenJupyterLab name={SpaceName} status={app?.Status} link={() => call("sagemaker", "CreatePresignedDomainUrl", { DomainId, SpaceName, UserProfileName: owner?.OwnerUserProfileName })} />;
}
