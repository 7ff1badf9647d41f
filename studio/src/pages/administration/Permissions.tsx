/** What a user, group or role may do: policies attached to it, and those that are its own. */
import type { AttachedPolicy, Policy } from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import Multiselect, { type MultiselectProps } from "@cloudscape-design/components/multiselect";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import { useState } from "react";
import { Anchor } from "@/blocks/Anchor";
import { Confirm } from "@/blocks/Confirm";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { call } from "@/client/call";
import { useAction, useAnswer, useCall } from "@/client/query";
import type { Wire } from "@/client/wire";
import { all, document, show } from "./all";
import { Editor } from "./Editor";

export type Noun = "User" | "Group" | "Role";

interface Props {
  noun: Noun;
  name: string;
}

/** The operations are called alike: `AttachUserPolicy`, `AttachGroupPolicy`, … */
const ask = (operation: string, input: object) => call("iam", operation as never, input as never);

interface Row {
  name: string;
  /** Absent: a policy within. */
  arn?: string;
}

export function Permissions({ noun, name }: Props) {
  const named = { [`${noun}Name`]: name };
  const [attaching, setAttaching] = useState(false);
  const [editing, setEditing] = useState<string>(); // a policy within; "" is a new one
  const [doomed, setDoomed] = useState<Row>();
  const listed = useAnswer(["permissions", noun, name], async (signal) => {
    const [attached, within] = await Promise.all([
      all<AttachedPolicy>(`ListAttached${noun}Policies`, "AttachedPolicies", named, signal),
      all<string>(`List${noun}Policies`, "PolicyNames", named, signal),
    ]);
    return [...attached.map(({ PolicyName = "", PolicyArn }): Row => ({ name: PolicyName, arn: PolicyArn })), ...within.map((one): Row => ({ name: one }))];
  });
  const drop = useAction(({ name: policy, arn }: Row) => (arn ? ask(`Detach${noun}Policy`, { ...named, PolicyArn: arn }) : ask(`Delete${noun}Policy`, { ...named, PolicyName: policy })));

  return (
    <>
      <CloudscapeTable<Row>
        header={
          <Header
            variant="h2"
            counter={listed.data && `(${listed.data.length})`}
            description="What no policy allows is denied; what one denies stays denied."
            actions={
              <SpaceBetween direction="horizontal" size="xs">
                <Button onClick={() => setEditing("")}>Write a policy</Button>
                <Button onClick={() => setAttaching(true)}>Attach policies</Button>
              </SpaceBetween>
            }
          >
            Permissions
          </Header>
        }
        ariaLabels={{ tableLabel: "Permissions" }}
        items={listed.data ?? []}
        loading={listed.isPending}
        loadingText="Loading policies"
        wrapLines
        empty={listed.error ? <Problem error={listed.error} doing="list the policies" /> : <Nothing title="No policies">{`This ${noun.toLowerCase()} may do nothing by itself.`}</Nothing>}
        columnDefinitions={[
          {
            id: "name",
            header: "Policy",
            isRowHeader: true,
            cell: (row) => (row.arn ? <Anchor href={show("policies", row.arn)}>{row.name}</Anchor> : <Button variant="inline-link" onClick={() => setEditing(row.name)}>{row.name}</Button>),
          },
          { id: "kind", header: "Kind", cell: (row) => (row.arn ? (row.arn.split(":")[4] === "aws" ? "AWS's" : "This account's") : "Within: of this one alone") },
          {
            id: "do",
            header: "Change",
            cell: (row) => (
              <Button variant="inline-link" ariaLabel={`${row.arn ? "Detach" : "Delete"} ${row.name}`} onClick={() => setDoomed(row)}>
                {row.arn ? "Detach" : "Delete"}
              </Button>
            ),
          },
        ]}
      />
      {attaching && <Attach noun={noun} name={name} has={listed.data ?? []} onClose={() => setAttaching(false)} />}
      {editing !== undefined && <Within noun={noun} name={name} policy={editing} onClose={() => setEditing(undefined)} />}
      {doomed && (
        <Confirm
          title={doomed.arn ? `Detach ${doomed.name}?` : `Delete ${doomed.name}?`}
          action={doomed.arn ? "Detach" : "Delete"}
          busy={drop.isPending}
          error={drop.error}
          onClose={() => (setDoomed(undefined), drop.reset())}
          onConfirm={() => drop.mutate(doomed, { onSuccess: () => setDoomed(undefined) })}
        >
          What it allows {name} may not do any more, from the next request on.
        </Confirm>
      )}
    </>
  );
}

function Attach({ noun, name, has, onClose }: Props & { has: readonly Row[]; onClose: () => void }) {
  const [chosen, setChosen] = useState<readonly MultiselectProps.Option[]>([]);
  const policies = useAnswer(["iam", "ListPolicies", "all"], (signal) => all<Policy>("ListPolicies", "Policies", {}, signal));
  const attach = useAction(async () => {
    for (const { value } of chosen) await ask(`Attach${noun}Policy`, { [`${noun}Name`]: name, PolicyArn: value });
  });
  return (
    <Confirm title={`Attach policies to ${name}`} action="Attach" busy={attach.isPending} error={attach.error ?? policies.error} onClose={onClose} onConfirm={() => attach.mutate(undefined, { onSuccess: onClose })}>
      <FormField label="Policies">
        <Multiselect
          selectedOptions={chosen}
          onChange={({ detail }) => setChosen(detail.selectedOptions)}
          options={(policies.data ?? [])
            .filter(({ Arn }: Wire<Policy>) => !has.some(({ arn }) => arn === Arn))
            .map(({ Arn, PolicyName, Description }) => ({ value: Arn, label: PolicyName, description: Description }))}
          filteringType="auto"
          filteringAriaLabel="Find policies"
          placeholder="Choose policies"
          statusType={policies.isPending ? "loading" : "finished"}
          deselectAriaLabel={(option) => `Leave out ${option.label}`}
          expandToViewport
        />
      </FormField>
    </Confirm>
  );
}

export const FRESH = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Action: ["sagemaker:List*", "sagemaker:Describe*"], Resource: "*" }] }, null, 2);

function Within({ noun, name, policy, onClose }: Props & { policy: string; onClose: () => void }) {
  const named = { [`${noun}Name`]: name };
  const got = useCall("iam", `Get${noun}Policy`, { ...named, PolicyName: policy } as never, { when: policy !== "" });
  const [called, setCalled] = useState(policy);
  const [text, setText] = useState<string>();
  const shown = text ?? (policy ? document((got.data as { PolicyDocument?: string } | undefined)?.PolicyDocument) : FRESH);
  const put = useAction(() => ask(`Put${noun}Policy`, { ...named, PolicyName: called, PolicyDocument: shown }));
  return (
    <Modal
      visible
      size="large"
      header={policy || "Write a policy"}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <SpaceBetween direction="horizontal" size="xs" alignItems="end">
          <Button variant="primary" loading={put.isPending} disabled={!called} onClick={() => put.mutate(undefined, { onSuccess: onClose })}>Save</Button>
          <Button variant="link" onClick={onClose}>Cancel</Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="m">
        <Problem error={got.error} doing="read the policy" />
        {!policy && (
          <FormField label="Name">
            <Input value={called} onChange={({ detail }) => setCalled(detail.value)} autoFocus />
          </FormField>
        )}
        <Editor label="Policy document" value={shown} onChange={setText} />
        <Problem error={put.error} doing="save the policy" />
      </SpaceBetween>
    </Modal>
  );
}
