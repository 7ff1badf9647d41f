/** A user or a group needs nothing but a name; the rest is done on its page. */
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { useLocation } from "wouter";
import { Confirm } from "@/blocks/Confirm";
import { Snippets } from "@/blocks/Snippets";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { show } from "./all";

export function CreateNamed({ noun }: { noun: "User" | "Group" }) {
  const [name, setName] = useState<string>();
  const [, go] = useLocation();
  const word = noun.toLowerCase();
  const input = { [`${noun}Name`]: name ?? "" };
  const create = useAction(() => call("iam", `Create${noun}`, input as never));
  return (
    <>
      <Button variant="primary" onClick={() => setName("")}>Create {word}</Button>
      {name !== undefined && (
        <Confirm
          title={`Create ${word}`}
          action={`Create ${word}`}
          busy={create.isPending}
          error={create.error}
          onClose={() => (setName(undefined), create.reset())}
          onConfirm={() => create.mutate(undefined, { onSuccess: () => go(show(noun === "User" ? "users" : "groups", name)) })}
        >
          <FormField label="Name" constraintText="Letters, digits and +=,.@_-">
            <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
          </FormField>
          <Snippets service="iam" operation={`Create${noun}`} input={input} />
        </Confirm>
      )}
    </>
  );
}
