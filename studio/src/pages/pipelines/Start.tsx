/** Start a pipeline: its parameters as a form, with what the definition proposes. */
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { useLocation } from "wouter";
import { Confirm } from "@/blocks/Confirm";
import { Snippets } from "@/blocks/Snippets";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { token } from "@/client/token";
import { flash } from "@/shell/flash";
import type { Parameter } from "./graph";

interface Props {
  pipeline: string;
  parameters: readonly Parameter[];
  onClose: () => void;
}

export function Start({ pipeline, parameters, onClose }: Props) {
  const proposed = (parameter: Parameter) => (parameter.DefaultValue === undefined ? "" : String(parameter.DefaultValue));
  const [values, setValues] = useState<Record<string, string>>(Object.fromEntries(parameters.map((parameter) => [parameter.Name, proposed(parameter)])));
  const [name, setName] = useState("");
  const [once] = useState(token); // pressed twice, it starts once
  const [, go] = useLocation();
  const given = parameters.filter((parameter) => values[parameter.Name] !== proposed(parameter)).map((parameter) => ({ Name: parameter.Name, Value: values[parameter.Name] ?? "" }));
  const input = { PipelineName: pipeline, ...(name && { PipelineExecutionDisplayName: name }), ...(given.length && { PipelineParameters: given }) };
  const start = useAction(() => call("sagemaker", "StartPipelineExecution", { ...input, ClientRequestToken: once }));
  const missing = parameters.filter((parameter) => parameter.DefaultValue === undefined && !values[parameter.Name]);
  return (
    <Confirm
      large
      title={`Start ${pipeline}`}
      action="Start"
      doing={`start ${pipeline}`}
      busy={start.isPending}
      blocked={missing.length ? `${missing.map((parameter) => parameter.Name).join(", ")}: no value` : undefined}
      error={start.error}
      onClose={onClose}
      onConfirm={() =>
        start.mutate(undefined, {
          onSuccess: ({ PipelineExecutionArn = "" }) => {
            flash({ type: "success", content: `${pipeline} has started.` });
            go(`/pipelines/${pipeline}/${PipelineExecutionArn.split("/").at(-1)}`);
          },
        })
      }
    >
      <SpaceBetween size="m">
        <FormField label={<span>Name of this run <i>– optional</i></span>} stretch>
          <Input value={name} onChange={({ detail }) => setName(detail.value)} />
        </FormField>
        {parameters.map((parameter) => {
          const value = values[parameter.Name] ?? "";
          const choices = parameter.EnumValues?.map(String) ?? (parameter.Type === "Boolean" ? ["true", "false"] : undefined);
          const put = (next: string) => setValues({ ...values, [parameter.Name]: next });
          return (
            <FormField key={parameter.Name} label={parameter.Name} description={parameter.Type} stretch>
              {choices ? (
                <Select selectedOption={{ value, label: value }} options={choices.map((choice) => ({ value: choice, label: choice }))} onChange={({ detail }) => put(detail.selectedOption.value ?? "")} />
              ) : (
                <Input value={value} inputMode={parameter.Type === "Integer" ? "numeric" : parameter.Type === "Float" ? "decimal" : "text"} onChange={({ detail }) => put(detail.value)} />
              )}
            </FormField>
          );
        })}
        <ExpandableSection headerText="The same, as code">
          <Snippets service="sagemaker" operation="StartPipelineExecution" input={input} />
        </ExpandableSection>
      </SpaceBetween>
    </Confirm>
  );
}
