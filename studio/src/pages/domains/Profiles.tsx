/** The user profiles of a domain. */
import type { UserProfileDetails } from "@aws-sdk/client-sagemaker";
import Button from "@cloudscape-design/components/button";
import { useMemo, useState } from "react";
import { Delete } from "@/blocks/Delete";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import type { Wire } from "@/client/wire";

type Row = Wire<UserProfileDetails>;

const columns: Column<Row>[] = [
  { id: "name", header: "Name", cell: (row) => row.UserProfileName },
  { id: "status", header: "Status", cell: (row) => <Status of={row.Status} /> },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
];

export function Profiles({ domain: DomainId }: { domain: string }) {
  const [doomed, setDoomed] = useState<string>();
  const source = useMemo(
    () =>
      listSource<Row>({ service: "sagemaker", operation: "ListUserProfiles", rows: "UserProfiles", given: { DomainIdEquals: DomainId }, live: ["UserProfile"], names: "UserProfileNameContains", created: false }),
    [DomainId],
  );
  return (
    <>
      <Table
        embedded
        name="user-profiles"
        title="User profiles"
        source={source}
        columns={columns}
        id={(row) => row.UserProfileName ?? ""}
        choose="one"
        actions={([chosen]) => (
          <>
            <Button disabled={!chosen} onClick={() => setDoomed(chosen?.UserProfileName)}>Delete</Button>
            <Go href={`/domains/${DomainId}/create-user-profile`}>Create user profile</Go>
          </>
        )}
        empty={
          <Nothing title="No user profiles" cli={`aws sagemaker create-user-profile --domain-id ${DomainId} --user-profile-name ann`}>
            A profile is a person in this domain: it owns spaces, and has settings and a role of its own.
          </Nothing>
        }
      />
      {doomed && (
        <Delete names={[doomed]} noun="user profiles" remove={(UserProfileName) => call("sagemaker", "DeleteUserProfile", { DomainId, UserProfileName })} onClose={() => setDoomed(undefined)}>
          A profile that still owns spaces is not deleted.
        </Delete>
      )}
    </>
  );
}
