/** Bounds for a variant, and the load that each of its instances should have. */
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ScalableTarget } from "@aws-sdk/client-application-auto-scaling";
import { useState } from "react";
import { Confirm } from "@/blocks/Confirm";
import { Recipe } from "@/blocks/Recipe";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import type { Wire } from "@/client/wire";
import { flash } from "@/shell/flash";
import type { Described } from "./Endpoint";

const POLICY = "by-load";

interface Props {
  endpoint: Described;
  variant: string;
  target?: Wire<ScalableTarget>;
  onClose: () => void;
}

export function Scale({ endpoint, variant, target, onClose }: Props) {
  const serverless = Boolean(endpoint.ProductionVariants?.find((one) => one.VariantName === variant)?.CurrentServerlessConfig);
  const [low, setLow] = useState(String(target?.MinCapacity ?? 1));
  const [high, setHigh] = useState(String(target?.MaxCapacity ?? 4));
  const [load, setLoad] = useState(serverless ? "0.7" : "70");
  const where = {
    ServiceNamespace: "sagemaker" as const,
    ResourceId: `endpoint/${endpoint.EndpointName}/variant/${variant}`,
    ScalableDimension: serverless ? ("sagemaker:variant:DesiredProvisionedConcurrency" as const) : ("sagemaker:variant:DesiredInstanceCount" as const),
  };
  const bounds = { ...where, MinCapacity: Number(low), MaxCapacity: Number(high) };
  const policy = {
    ...where,
    PolicyName: POLICY,
    PolicyType: "TargetTrackingScaling" as const,
    TargetTrackingScalingPolicyConfiguration: {
      TargetValue: Number(load),
      PredefinedMetricSpecification: {
        PredefinedMetricType: serverless ? ("SageMakerVariantProvisionedConcurrencyUtilization" as const) : ("SageMakerVariantInvocationsPerInstance" as const),
      },
    },
  };
  const save = useAction(async () => {
    await call("application-autoscaling", "RegisterScalableTarget", bounds);
    if (load) await call("application-autoscaling", "PutScalingPolicy", policy);
  });
  const bad = !/^\d+$/.test(low) || !/^\d+$/.test(high) || Number(low) > Number(high) ? "Two whole numbers, the smaller one first." : "";
  const badLoad = load === "" || Number(load) > 0 ? "" : "A number above zero; empty for bounds alone.";
  return (
    <Confirm
      large
      title={`How ${variant} scales`}
      action="Save"
      doing="save how it scales"
      busy={save.isPending}
      blocked={bad || badLoad}
      error={save.error}
      onClose={onClose}
      onConfirm={() => save.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `${variant} scales between ${low} and ${high}.` }), onClose()) })}
    >
      <SpaceBetween size="m">
        <div className="fields">
          <FormField label="At least" errorText={bad}>
            <Input type="number" inputMode="numeric" value={low} onChange={({ detail }) => setLow(detail.value)} />
          </FormField>
          <FormField label="At most">
            <Input type="number" inputMode="numeric" value={high} onChange={({ detail }) => setHigh(detail.value)} />
          </FormField>
          <FormField
            label={serverless ? "Utilisation, from 0 to 1" : "Invocations a minute, of each instance"}
            description={`What the policy ${POLICY} keeps to, by adding and taking away.`}
            errorText={badLoad}
          >
            <Input type="number" inputMode="decimal" value={load} onChange={({ detail }) => setLoad(detail.value)} />
          </FormField>
        </div>
        <ExpandableSection headerText="The same, as code">
          <Recipe calls={[["application-autoscaling", "RegisterScalableTarget", bounds], ...(load ? [["application-autoscaling", "PutScalingPolicy", policy] as const] : [])]} />
        </ExpandableSection>
      </SpaceBetween>
    </Confirm>
  );
}
