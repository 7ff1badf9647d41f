/** A form for any operation: its fields are paths in the request, which may also be edited as JSON and is shown as code. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import CloudscapeForm from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import Textarea from "@cloudscape-design/components/textarea";
import { type ReactNode, useMemo, useState } from "react";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import type { Service } from "@/client/wire";
import { FieldInput } from "./FieldInput";
import { accused, type Json } from "./paths";
import { Problem } from "./Problem";
import { Snippets } from "./Snippets";
import type { Suggestions } from "./suggestions";

interface Common {
  /** `ResourceConfig.InstanceType`. */
  at: string;
  label: string;
  hint?: ReactNode;
  optional?: boolean;
  placeholder?: string;
}

export type Field = Common &
  (
    | { kind: "text" | "number" | "switch" | "lines" }
    | { kind: "choice"; options: readonly string[] }
    | { kind: "suggest"; from: Suggestions }
    | { kind: "map"; add: string }
    | { kind: "rows"; add: string; fresh: object; fields: readonly Field[] }
  );

export interface Group {
  title: string;
  description?: ReactNode;
  fields: readonly Field[];
}

interface Props {
  title: string;
  description?: ReactNode;
  service: Service;
  operation: string;
  initial: object;
  groups: readonly Group[];
  /** The button's words. */
  submit: string;
  onDone: (input: Json) => void;
  onCancel: () => void;
}

export function RequestForm({ title, description, service, operation, initial, groups, submit, onDone, onCancel }: Props) {
  const [input, setInput] = useState<Json>(initial as Json);
  const [tab, setTab] = useState("form");
  const [text, setText] = useState<string>();
  const broken = useMemo(() => (text === undefined ? "" : wrong(text)), [text]);
  const send = useAction((request: Json) => call(service, operation as never, request as never));
  const errors = useMemo(() => accused(send.error?.message ?? ""), [send.error]);

  function type(changed: string) {
    setText(changed);
    if (!wrong(changed)) setInput(JSON.parse(changed) as Json);
  }

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (!broken) send.mutate(input, { onSuccess: () => onDone(input), onError: () => window.scrollTo({ top: 0 }) });
      }}
    >
      <CloudscapeForm
        header={<Header variant="h1" description={description}>{title}</Header>}
        actions={
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" formAction="none" onClick={onCancel}>
              Cancel
            </Button>
            <Button variant="primary" loading={send.isPending} disabled={Boolean(broken)}>
              {submit}
            </Button>
          </SpaceBetween>
        }
      >
        <SpaceBetween size="l">
          <Problem error={send.error} doing={submit.toLowerCase()} />
          <Tabs
            ariaLabel="Ways to write the request"
            activeTabId={tab}
            onChange={({ detail }) => {
              setText(detail.activeTabId === "json" ? JSON.stringify(input, null, 2) : undefined);
              setTab(detail.activeTabId);
            }}
            tabs={[
              {
                id: "form",
                label: "Form",
                content: (
                  <SpaceBetween size="l">
                    {groups.map((group) => (
                      <Container key={group.title} header={<Header variant="h2" description={group.description}>{group.title}</Header>}>
                        <div className="fields">
                          {group.fields.map((field) => (
                            <FieldInput key={field.at} field={field} input={input} errors={errors} onChange={setInput} />
                          ))}
                        </div>
                      </Container>
                    ))}
                  </SpaceBetween>
                ),
              },
              {
                id: "json",
                label: "JSON",
                content: (
                  <Container>
                    <FormField stretch label={operation} description="The whole request: every member that the API knows may stand here." errorText={broken}>
                      <Textarea rows={28} spellcheck={false} value={text ?? ""} onChange={({ detail }) => type(detail.value)} />
                    </FormField>
                  </Container>
                ),
              },
              { id: "code", label: "Code", content: <Container><Snippets service={service} operation={operation} input={input} /></Container> },
            ]}
          />
        </SpaceBetween>
      </CloudscapeForm>
    </form>
  );
}

function wrong(text: string): string {
  try {
    const value: unknown = JSON.parse(text);
    return value && typeof value === "object" && !Array.isArray(value) ? "" : "A request is an object: { … }.";
  } catch (error) {
    return (error as Error).message;
  }
}
