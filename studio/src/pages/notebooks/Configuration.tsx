/** One lifecycle configuration: its two scripts, to write and to change. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { useLocation } from "wouter";
import { decoded } from "@/blocks/bytes";
import { Confirm } from "@/blocks/Confirm";
import { Go } from "@/blocks/Go";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import type { PageProps } from "@/pages";
import { flash } from "@/shell/flash";

const PATH = "/lifecycle-configurations";
const FRESH = "#!/bin/bash\nset -e\n\n";

interface Scripts {
  OnCreate: string;
  OnStart: string;
}

/** Scripts travel in base64, and an empty one is none. */
function member(script: string): { Content: string }[] {
  return script.trim() ? [{ Content: btoa(String.fromCharCode(...new TextEncoder().encode(script))) }] : [];
}

const script = (found: { Content?: string }[] | undefined) => new TextDecoder().decode(decoded(found?.[0]?.Content ?? ""));

export function Create() {
  return <Editor scripts={{ OnCreate: "", OnStart: FRESH }} />;
}

export function Edit({ params: { name = "" } }: PageProps) {
  const got = useCall("sagemaker", "DescribeNotebookInstanceLifecycleConfig", { NotebookInstanceLifecycleConfigName: name });
  if (got.error) return <Problem error={got.error} page={name} doing={`show ${name}`} retry={() => void got.refetch()} />;
  if (!got.data) return <Spinner size="large" />;
  return <Editor name={name} scripts={{ OnCreate: script(got.data.OnCreate), OnStart: script(got.data.OnStart) }} />;
}

function Editor({ name, scripts }: { name?: string; scripts: Scripts }) {
  const [, go] = useLocation();
  const [called, setCalled] = useState(name ?? "");
  const [text, setText] = useState(scripts);
  const [doomed, setDoomed] = useState(false);
  const key = { NotebookInstanceLifecycleConfigName: called };
  const input = { ...key, OnCreate: member(text.OnCreate), OnStart: member(text.OnStart) };
  const operation = name ? "UpdateNotebookInstanceLifecycleConfig" : "CreateNotebookInstanceLifecycleConfig";
  const save = useAction(() => call("sagemaker", operation, input));
  const drop = useAction(() => call("sagemaker", "DeleteNotebookInstanceLifecycleConfig", key));
  const done = (what: string) => {
    flash({ type: "success", content: `${called} is ${what}.` });
    go(PATH);
  };
  return (
    <Form
      header={
        <Header variant="h1" description="Each script has five minutes, and writes to the instance's log." actions={name && <Button onClick={() => setDoomed(true)}>Delete</Button>}>
          {name ?? "Create lifecycle configuration"}
        </Header>
      }
      actions={
        <SpaceBetween direction="horizontal" size="xs">
          <Go variant="link" href={PATH}>Cancel</Go>
          <Button variant="primary" loading={save.isPending} disabled={!called} onClick={() => save.mutate(undefined, { onSuccess: () => done(name ? "saved: instances take it up when they next start" : "created") })}>
            {name ? "Save" : "Create"}
          </Button>
        </SpaceBetween>
      }
    >
      <SpaceBetween size="l">
        <Problem error={save.error} doing="save it" />
        <Container>
          <SpaceBetween size="m">
            {!name && (
              <FormField label="Name" constraintText="Letters, digits and hyphens; at most 63.">
                <Input value={called} onChange={({ detail }) => setCalled(detail.value)} autoFocus />
              </FormField>
            )}
            <FormField stretch label="When an instance starts" description="Whenever: also the first time, after the other one.">
              <Textarea className="script" rows={10} spellcheck={false} value={text.OnStart} onChange={({ detail }) => setText({ ...text, OnStart: detail.value })} />
            </FormField>
            <FormField stretch label="When an instance is created" description="Once.">
              <Textarea className="script" rows={10} spellcheck={false} value={text.OnCreate} onChange={({ detail }) => setText({ ...text, OnCreate: detail.value })} />
            </FormField>
          </SpaceBetween>
        </Container>
        <Container header={<Header variant="h2">The same, as code</Header>}>
          <Snippets service="sagemaker" operation={operation} input={input} />
        </Container>
      </SpaceBetween>
      {doomed && (
        <Confirm title={`Delete ${name}?`} action="Delete" busy={drop.isPending} error={drop.error} onClose={() => setDoomed(false)} onConfirm={() => drop.mutate(undefined, { onSuccess: () => done("deleted") })}>
          Its scripts are lost with it.
        </Confirm>
      )}
    </Form>
  );
}
