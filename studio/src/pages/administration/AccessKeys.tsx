/** A user's access keys: programs sign requests with them. The secret is shown once. */
import type { AccessKeyMetadata } from "@aws-sdk/client-iam";
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import { useState } from "react";
import { Code } from "@/blocks/Code";
import { Confirm } from "@/blocks/Confirm";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Status } from "@/blocks/Status";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import type { Wire } from "@/client/wire";

export function AccessKeys({ name }: { name: string }) {
  const listed = useCall("iam", "ListAccessKeys", { UserName: name });
  const [doomed, setDoomed] = useState<string>();
  const create = useAction(() => call("iam", "CreateAccessKey", { UserName: name }));
  const turn = useAction((key: Wire<AccessKeyMetadata>) => call("iam", "UpdateAccessKey", { UserName: name, AccessKeyId: key.AccessKeyId, Status: key.Status === "Active" ? "Inactive" : "Active" }));
  const drop = useAction((AccessKeyId: string) => call("iam", "DeleteAccessKey", { UserName: name, AccessKeyId }));
  const made = create.data?.AccessKey;
  return (
    <>
      <CloudscapeTable
        header={
          <Header variant="h2" counter={listed.data && `(${listed.data.AccessKeyMetadata?.length})`} actions={<Button loading={create.isPending} onClick={() => create.mutate(undefined)}>Create access key</Button>}>
            Access keys
          </Header>
        }
        ariaLabels={{ tableLabel: "Access keys" }}
        items={listed.data?.AccessKeyMetadata ?? []}
        loading={listed.isPending}
        loadingText="Loading access keys"
        filter={<Problem error={create.error ?? turn.error} doing="change the access keys" />}
        empty={listed.error ? <Problem error={listed.error} doing="list the access keys" /> : <Nothing title="No access keys">The AWS CLI and the SDKs sign requests with one.</Nothing>}
        columnDefinitions={[
          { id: "key", header: "Access key", isRowHeader: true, cell: (key) => <code>{key.AccessKeyId}</code> },
          { id: "status", header: "Status", cell: (key) => <Status of={key.Status} /> },
          { id: "created", header: "Created", cell: (key) => <Time at={key.CreateDate} /> },
          {
            id: "do",
            header: "Change",
            cell: (key) => (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="inline-link" ariaLabel={`${key.Status === "Active" ? "Deactivate" : "Activate"} ${key.AccessKeyId}`} onClick={() => turn.mutate(key)}>
                  {key.Status === "Active" ? "Deactivate" : "Activate"}
                </Button>
                <Button variant="inline-link" ariaLabel={`Delete ${key.AccessKeyId}`} onClick={() => setDoomed(key.AccessKeyId)}>Delete</Button>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {made && (
        <Modal visible size="large" header="A new access key" closeAriaLabel="Close" onDismiss={() => create.reset()} footer={<Button variant="primary" onClick={() => create.reset()}>I have kept it</Button>}>
          <SpaceBetween size="m">
            <Alert type="warning">The secret is shown now and never again: nobody can look it up, only make another key.</Alert>
            <Code label="Access key" text={`export AWS_ACCESS_KEY_ID=${made.AccessKeyId}\nexport AWS_SECRET_ACCESS_KEY=${made.SecretAccessKey}\nexport AWS_ENDPOINT_URL=${location.protocol}//${location.host.replace(/^studio\./, "")}`} />
          </SpaceBetween>
        </Modal>
      )}
      {doomed && (
        <Confirm title={`Delete ${doomed}?`} action="Delete" busy={drop.isPending} error={drop.error} onClose={() => setDoomed(undefined)} onConfirm={() => drop.mutate(doomed, { onSuccess: () => setDoomed(undefined) })}>
          What signs with it is refused from now on.
        </Confirm>
      )}
    </>
  );
}
