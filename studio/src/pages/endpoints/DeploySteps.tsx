/** The wizard's three steps. */
import AttributeEditor from "@cloudscape-design/components/attribute-editor";
import Autosuggest from "@cloudscape-design/components/autosuggest";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import RadioGroup from "@cloudscape-design/components/radio-group";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tiles from "@cloudscape-design/components/tiles";
import type { ReactNode } from "react";
import { Recipe, type Step } from "@/blocks/Recipe";
import { useSuggestions } from "@/blocks/suggestions";
import { useCall } from "@/client/query";
import type { Plan, Policy, Variant } from "./plan";
import { shares } from "./shares";

interface Props {
  plan: Plan;
  onChange: (some: Partial<Plan>) => void;
}

function Suggest({ from, value, label, onChange }: { from: readonly { value: string }[]; value: string; label?: string; onChange: (value: string) => void }) {
  return <Autosuggest value={value} options={[...from]} ariaLabel={label} enteredTextLabel={(text) => `Use “${text}”`} onChange={({ detail }) => onChange(detail.value)} empty="None is known" />;
}

export function Which({ plan, onChange }: Props) {
  const models = useSuggestions("models");
  const roles = useSuggestions("roles");
  if (plan.packageArn) {
    return (
      <Container header={<Header variant="h2" description={`Of the version ${plan.packageArn}`}>A new model</Header>}>
        <div className="fields">
          <FormField label="Model name" stretch>
            <Input value={plan.modelName} onChange={({ detail }) => onChange({ modelName: detail.value })} />
          </FormField>
          <FormField label="Role" description="As whom its data are read. It must trust sagemaker.amazonaws.com." stretch>
            <Suggest from={roles} value={plan.role} onChange={(role) => onChange({ role })} />
          </FormField>
        </div>
      </Container>
    );
  }
  return (
    <Container header={<Header variant="h2" description="Several variants share the requests by their weights: to try a new model on a part of them.">Variants</Header>}>
      <Rows plan={plan} onChange={onChange} adding fields={[["model", "Model", models], ["name", "Variant", undefined]]} />
    </Container>
  );
}

export function Where({ plan, onChange }: Props) {
  const types = useSuggestions("instances");
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">What it runs on</Header>}>
        <SpaceBetween size="l">
          <Tiles
            ariaLabel="What it runs on"
            value={plan.serverless ? "serverless" : "instances"}
            onChange={({ detail }) => onChange({ serverless: detail.value === "serverless" })}
            items={[
              { value: "instances", label: "Instances", description: "Always there, answer at once." },
              { value: "serverless", label: "Serverless", description: "Start with the first request, end after five idle minutes." },
            ]}
          />
          {plan.serverless ? (
            <div className="fields">
              <FormField label="Memory, in MB" stretch>
                <Select
                  selectedOption={{ value: plan.memory, label: plan.memory }}
                  options={["1024", "2048", "3072", "4096", "5120", "6144"].map((value) => ({ value, label: value }))}
                  onChange={({ detail }) => onChange({ memory: detail.selectedOption.value })}
                />
              </FormField>
              <FormField label="Requests at once, at most" stretch>
                <Input type="number" inputMode="numeric" value={plan.concurrency} onChange={({ detail }) => onChange({ concurrency: detail.value })} />
              </FormField>
            </div>
          ) : (
            <Rows
              plan={plan}
              onChange={onChange}
              fields={[["type", "Instance type", types], ["count", "Instances", undefined], ...(plan.variants.length > 1 ? ([["weight", "Weight", undefined]] as const) : [])]}
            />
          )}
        </SpaceBetween>
      </Container>
      {!plan.serverless && (
        <Container header={<Header variant="h2" description="Requests and answers are written to S3: to watch what comes, and to learn from it.">Data capture</Header>}>
          <div className="fields">
            <FormField label="Percent of requests" description="Empty: nothing is captured." stretch>
              <Input type="number" inputMode="numeric" value={plan.sample} onChange={({ detail }) => onChange({ sample: detail.value })} />
            </FormField>
            <FormField label="To" stretch>
              <Input value={plan.captureUri} placeholder="s3://my-bucket/captured" onChange={({ detail }) => onChange({ captureUri: detail.value })} />
            </FormField>
          </div>
        </Container>
      )}
    </SpaceBetween>
  );
}

const POLICIES: [Policy, string, string][] = [
  ["all", "All at once", "A whole new fleet, then all traffic in one step"],
  ["canary", "Canary", "10 % for five minutes, then the rest"],
  ["linear", "Linear", "25 % every two minutes"],
  ["rolling", "Rolling", "A quarter of the instances at a time"],
];

export function What({ plan, calls, onChange }: Props & { calls: readonly Step[] }) {
  const endpoints = useCall("sagemaker", "ListEndpoints", { StatusEquals: "InService", MaxResults: 100 });
  return (
    <SpaceBetween size="l">
      <Container header={<Header variant="h2">Endpoint</Header>}>
        <SpaceBetween size="m">
          <RadioGroup
            ariaLabel="New or existing endpoint"
            value={plan.update ? "update" : "new"}
            onChange={({ detail }) => onChange({ update: detail.value === "update" })}
            items={[
              { value: "new", label: "A new endpoint" },
              { value: "update", label: "One that is in service", description: "It serves on with what it has until the new fleet is ready." },
            ]}
          />
          <div className="fields">
            <FormField label="Endpoint name" stretch>
              {plan.update ? (
                <Suggest from={(endpoints.data?.Endpoints ?? []).map((one) => ({ value: one.EndpointName ?? "" }))} value={plan.endpoint} onChange={(endpoint) => onChange({ endpoint })} />
              ) : (
                <Input value={plan.endpoint} onChange={({ detail }) => onChange({ endpoint: detail.value })} />
              )}
            </FormField>
            <FormField label="Configuration name" stretch>
              <Input value={plan.config} onChange={({ detail }) => onChange({ config: detail.value })} />
            </FormField>
          </div>
          {plan.update && (
            <FormField label="How traffic moves" stretch>
              <RadioGroup value={plan.policy} onChange={({ detail }) => onChange({ policy: detail.value as Policy })} items={POLICIES.map(([value, label, description]) => ({ value, label, description }))} />
            </FormField>
          )}
        </SpaceBetween>
      </Container>
      <Container header={<Header variant="h2" description="What will be called, in this order. If one fails, what those before it made is deleted again.">The same, as code</Header>}>
        <Recipe calls={calls} />
      </Container>
    </SpaceBetween>
  );
}

interface RowsProps extends Props {
  fields: readonly (readonly [member: keyof Variant, label: string, from: readonly { value: string }[] | undefined])[];
  adding?: boolean;
}

/** One row for each variant. */
function Rows({ plan, onChange, fields, adding }: RowsProps) {
  const parts = shares(plan.variants.map((variant) => Number(variant.weight) || 0));
  const put = (index: number, some: Partial<Variant>) => onChange({ variants: plan.variants.map((variant, at) => (at === index ? { ...variant, ...some } : variant)) });
  return (
    <AttributeEditor
      items={[...plan.variants]}
      addButtonText="Add variant"
      hideAddButton={!adding}
      isItemRemovable={() => Boolean(adding) && plan.variants.length > 1}
      removeButtonText="Remove"
      removeButtonAriaLabel={(variant) => `Remove ${variant.name}`}
      onAddButtonClick={() => onChange({ variants: [...plan.variants, { name: `Variant-${plan.variants.length + 1}`, model: "", type: "ml.m5.large", count: "1", weight: "1" }] })}
      onRemoveButtonClick={({ detail }) => onChange({ variants: plan.variants.toSpliced(detail.itemIndex, 1) })}
      definition={fields.map(([member, label, from]) => ({
        label: adding ? label : `${label}`,
        control: (variant: Variant, index: number): ReactNode => {
          const spoken = `${label} of ${adding ? `variant ${index + 1}` : variant.name}`;
          if (from) return <Suggest from={from} value={variant[member]} label={spoken} onChange={(value) => put(index, { [member]: value })} />;
          return <Input ariaLabel={spoken} value={variant[member]} inputMode={member === "count" || member === "weight" ? "numeric" : undefined} onChange={({ detail }) => put(index, { [member]: detail.value })} />;
        },
        ...(member === "weight" && { constraintText: (_: Variant, index: number) => `${parts[index] ?? 0} % of requests` }),
        ...(!adding && member === fields[0]?.[0] && { constraintText: (variant: Variant) => `${variant.name}: ${plan.packageArn ? plan.modelName : variant.model}` }),
      }))}
    />
  );
}
