/** A new policy of the account's. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useLocation } from "wouter";
import { Go } from "@/blocks/Go";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { show } from "./all";
import { Editor } from "./Editor";
import { FRESH } from "./Permissions";

export default function CreatePolicy() {
  const [name, setName] = useState("");
  const [text, setText] = useState(FRESH);
  const [, go] = useLocation();
  const input = { PolicyName: name, PolicyDocument: text };
  const create = useAction(() => call("iam", "CreatePolicy", input));
  return (
    <Form
      header={<Header variant="h1" description="It holds for the users, groups and roles that it is attached to.">Create policy</Header>}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Go variant="link" href="/policies">Cancel</Go>
          <Button variant="primary" loading={create.isPending} disabled={!name} onClick={() => create.mutate(undefined, { onSuccess: ({ Policy }) => go(show("policies", Policy?.Arn ?? "")) })}>
            Create policy
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        <Problem error={create.error} doing="create the policy" />
        <Container>
          <FormField label="Name" constraintText="Letters, digits and +=,.@_-">
            <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
          </FormField>
        </Container>
        <Container header={<Header variant="h2" description="Which actions are allowed or denied, on what, and when.">Document</Header>}>
          <Editor label="Policy document" value={text} onChange={setText} />
        </Container>
        <Container header={<Header variant="h2">The same, as code</Header>}>
          <Snippets service="iam" operation="CreatePolicy" input={input} />
        </Container>
      </SpaceBetween>
    </Form>
  );
}
