/** Who serves, and which part of the requests each gets. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import Slider from "@cloudscape-design/components/slider";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ProductionVariant } from "@aws-sdk/client-sagemaker";
import { useState } from "react";
import { Anchor } from "@/blocks/Anchor";
import { Facts } from "@/blocks/Facts";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { Status } from "@/blocks/Status";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import type { Wire } from "@/client/wire";
import { flash } from "@/shell/flash";
import type { Described } from "./Endpoint";
import { moved, shares } from "./shares";

interface Props {
  endpoint: Described;
  /** Of its configuration: which model, on what. */
  variants: readonly Wire<ProductionVariant>[];
}

export function Variants({ endpoint, variants }: Props) {
  const shown = endpoint.ProductionVariants ?? [];
  const before = shares(shown.map((variant) => variant.DesiredWeight ?? 0));
  const [parts, setParts] = useState(before);
  const [counts, setCounts] = useState(shown.map((variant) => String(variant.DesiredInstanceCount ?? "")));
  const reweighed = parts.some((part, index) => part !== before[index]);
  const resized = (index: number) => counts[index] !== String(shown[index]?.DesiredInstanceCount ?? "");
  const changed = reweighed || shown.some((_, index) => resized(index));
  const input = {
    EndpointName: endpoint.EndpointName,
    DesiredWeightsAndCapacities: shown.map((variant, index) => ({
      VariantName: variant.VariantName,
      ...(reweighed && { DesiredWeight: parts[index] }),
      ...(resized(index) && { DesiredInstanceCount: Number(counts[index]) }),
    })).filter((one) => Object.keys(one).length > 1),
  };
  const save = useAction(() => call("sagemaker", "UpdateEndpointWeightsAndCapacities", input));
  const ready = endpoint.EndpointStatus === "InService";
  const bad = counts.some((count) => count !== "" && !/^\d+$/.test(count));

  return (
    <Container
      header={
        <Header
          variant="h2"
          description={shown.length > 1 ? "Each variant gets its weight's part of the requests." : undefined}
          actions={
            changed && (
              <SpaceBetween direction="horizontal" size="xs">
                <Button variant="link" onClick={() => (setParts(before), setCounts(shown.map((variant) => String(variant.DesiredInstanceCount ?? ""))))}>
                  Reset
                </Button>
                <Button
                  variant="primary"
                  loading={save.isPending}
                  disabled={!ready || bad}
                  onClick={() => save.mutate(undefined, { onSuccess: () => flash({ type: "success", content: `${endpoint.EndpointName} takes on the new weights and capacities; what serves goes on serving.` }) })}
                >
                  Apply
                </Button>
              </SpaceBetween>
            )
          }
        >
          Variants
        </Header>
      }
    >
      <SpaceBetween size="l">
        <Problem error={save.error} doing="change weights and capacities" />
        {shown.map((variant, index) => {
          const given = variants.find((one) => one.VariantName === variant.VariantName);
          const name = variant.VariantName ?? "";
          const serverless = variant.CurrentServerlessConfig;
          return (
            <SpaceBetween key={name} size="xs">
              <Box variant="h3">
                {name} <span className="heading-status">{variant.VariantStatus?.map((status) => <Status key={status.Status} of={status.Status} />)}</span>
              </Box>
              {variant.VariantStatus?.map((status) => status.StatusMessage && <Box key={status.Status} color="text-body-secondary"><span className="said">{status.StatusMessage}</span></Box>)}
              <Facts
                facts={[
                  ["Model", given?.ModelName && <Anchor href={`/models/${given.ModelName}`}>{given.ModelName}</Anchor>],
                  ["Instances", serverless ? undefined : `${reaching(variant.CurrentInstanceCount, variant.DesiredInstanceCount)}${given?.InstanceType ? ` × ${given.InstanceType}` : ""}`],
                  ["Serverless", serverless && `${serverless.MemorySizeInMB} MB, at most ${serverless.MaxConcurrency} at once`],
                  ["Weight", shown.length > 1 ? reaching(variant.CurrentWeight, variant.DesiredWeight) : undefined],
                  ["Image", variant.DeployedImages?.map((image) => image.SpecifiedImage).join(", ")],
                ]}
              />
              {endpoint.EndpointStatus !== "Failed" && <div className="fields">
                {shown.length > 1 && (
                  <FormField label={`Traffic to ${name}`} info={<b>{parts[index]} %</b>} stretch>
                    <Slider
                      value={parts[index] ?? 0}
                      min={0}
                      max={100}
                      disabled={!ready}
                      valueFormatter={(value) => `${value} %`}
                      ariaDescription={`Part of the requests that ${name} gets`}
                      onChange={({ detail }) => setParts(moved(parts, index, detail.value))}
                    />
                  </FormField>
                )}
                {!serverless && (
                  <FormField label={`Instances of ${name}`} errorText={/^\d*$/.test(counts[index] ?? "") ? undefined : "A whole number"}>
                    <Input type="number" inputMode="numeric" value={counts[index] ?? ""} disabled={!ready} onChange={({ detail }) => setCounts(counts.with(index, detail.value))} />
                  </FormField>
                )}
              </div>}
            </SpaceBetween>
          );
        })}
        {changed && (
          <ExpandableSection headerText="The same, as code">
            <Snippets service="sagemaker" operation="UpdateEndpointWeightsAndCapacities" input={input} />
          </ExpandableSection>
        )}
      </SpaceBetween>
    </Container>
  );
}

/** `3`, or `1 of 3` on the way there. */
function reaching(now = 0, wanted = 0): string {
  return now === wanted ? String(now) : `${now} of ${wanted}`;
}
