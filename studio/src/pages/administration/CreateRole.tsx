/** A new role: its name, who may take it up. What it may do is said on its page. */
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

const JOBS = JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", Principal: { Service: "sagemaker.amazonaws.com" }, Action: "sts:AssumeRole" }] }, null, 2);

export default function CreateRole() {
  const [name, setName] = useState("");
  const [description, setDescription] = useState("");
  const [trust, setTrust] = useState(JOBS);
  const [, go] = useLocation();
  const input = { RoleName: name, AssumeRolePolicyDocument: trust, ...(description && { Description: description }) };
  const create = useAction(() => call("iam", "CreateRole", input));
  return (
    <Form
      header={<Header variant="h1" description="A job, an endpoint or a notebook runs with a role's rights.">Create role</Header>}
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Go variant="link" href="/roles">Cancel</Go>
          <Button variant="primary" loading={create.isPending} disabled={!name} onClick={() => create.mutate(undefined, { onSuccess: () => go(show("roles", name)) })}>Create role</Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        <Problem error={create.error} doing="create the role" />
        <Container>
          <SpaceBetween size="m">
            <FormField label="Name" constraintText="Letters, digits and +=,.@_-">
              <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
            </FormField>
            <FormField label={<span>Description <i>– optional</i></span>}>
              <Input value={description} onChange={({ detail }) => setDescription(detail.value)} />
            </FormField>
          </SpaceBetween>
        </Container>
        <Container header={<Header variant="h2" description="Who may take it up. As it stands: SageMaker, for jobs, endpoints and notebooks.">Trust policy</Header>}>
          <Editor label="Trust policy" value={trust} onChange={setTrust} />
        </Container>
        <Container header={<Header variant="h2">The same, as code</Header>}>
          <Snippets service="iam" operation="CreateRole" input={input} />
        </Container>
      </SpaceBetween>
    </Form>
  );
}
