/** How an endpoint's variants grow and shrink by themselves. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import type { ScalableTarget, ScalingPolicy } from "@aws-sdk/client-application-auto-scaling";
import { useState } from "react";
import { Confirm } from "@/blocks/Confirm";
import { Facts } from "@/blocks/Facts";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Status } from "@/blocks/Status";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useAnswer } from "@/client/query";
import type { Wire } from "@/client/wire";
import type { Described } from "./Endpoint";
import { Scale } from "./Scale";

const SPACE = "sagemaker";
const NAMES: Record<string, string> = {
  "sagemaker:variant:DesiredInstanceCount": "instances",
  "sagemaker:variant:DesiredProvisionedConcurrency": "provisioned concurrency",
};

export function Scaling({ endpoint }: { endpoint: Described }) {
  const [editing, setEditing] = useState<string>();
  const [dropping, setDropping] = useState<Wire<ScalableTarget>>();
  const variants = endpoint.ProductionVariants ?? [];
  const resources = variants.map((variant) => `endpoint/${endpoint.EndpointName}/variant/${variant.VariantName}`);
  const answer = useAnswer(["scaling", resources], (signal) => everything(resources, signal), { every: 10 });
  const drop = useAction((target: Wire<ScalableTarget>) =>
    call("application-autoscaling", "DeregisterScalableTarget", { ServiceNamespace: SPACE, ResourceId: target.ResourceId, ScalableDimension: target.ScalableDimension }),
  );
  if (answer.error && !answer.data) return <Problem error={answer.error} doing="show how it scales" retry={() => void answer.refetch()} />;
  const { targets = [], policies = [], activities = [] } = answer.data ?? {};

  return (
    <SpaceBetween size="l">
      {variants.map((variant, index) => {
        const resource = resources[index] ?? "";
        const target = targets.find((one) => one.ResourceId === resource);
        const own = policies.filter((policy) => policy.ResourceId === resource);
        return (
          <Container
            key={resource}
            header={
              <Header
                variant="h2"
                actions={
                  <SpaceBetween direction="horizontal" size="xs">
                    {target && <Button onClick={() => setDropping(target)}>Stop scaling</Button>}
                    <Button onClick={() => setEditing(variant.VariantName)}>{target ? "Change" : "Let it scale"}</Button>
                  </SpaceBetween>
                }
              >
                {variant.VariantName}
              </Header>
            }
          >
            {answer.data && !target ? (
              <Nothing title={`${variant.VariantName} does not scale by itself`}>
                Given bounds and a load for each instance, Application Auto Scaling adds instances as requests come, and takes them away as they cease.
              </Nothing>
            ) : (
              <SpaceBetween size="m">
                <Facts
                  facts={[
                    ["Scales", NAMES[target?.ScalableDimension ?? ""]],
                    ["Between", target && `${target.MinCapacity} and ${target.MaxCapacity}`],
                    ["Suspended", suspended(target)],
                    ["Registered", target && <Time at={target.CreationTime} />],
                  ]}
                />
                <CloudscapeTable
                  variant="embedded"
                  ariaLabels={{ tableLabel: `Scaling policies of ${variant.VariantName}` }}
                  items={own}
                  trackBy="PolicyARN"
                  columnDefinitions={[
                    { id: "name", header: "Policy", cell: (policy) => policy.PolicyName, isRowHeader: true },
                    { id: "type", header: "Kind", cell: (policy) => (policy.PolicyType === "TargetTrackingScaling" ? "target tracking" : "step scaling") },
                    { id: "what", header: "What it does", minWidth: 220, cell: (policy) => <span className="said">{purpose(policy)}</span> },
                    { id: "alarms", header: "Alarms", cell: (policy) => policy.Alarms?.length ?? 0 },
                  ]}
                  empty={<Nothing title="No policy">Only its bounds hold.</Nothing>}
                />
              </SpaceBetween>
            )}
          </Container>
        );
      })}
      {activities.length > 0 && (
        <CloudscapeTable
          header={<Header variant="h2">What was done</Header>}
          ariaLabels={{ tableLabel: "Scaling activities" }}
          items={activities}
          trackBy="ActivityId"
          wrapLines
          columnDefinitions={[
            { id: "at", header: "When", cell: (one) => <Time at={one.StartTime} />, isRowHeader: true, width: 140 },
            { id: "status", header: "Status", cell: (one) => <Status of={one.StatusCode} />, width: 150 },
            { id: "what", header: "What", cell: (one) => one.Description },
            { id: "why", header: "Why", cell: (one) => one.Cause },
            { id: "said", header: "Message", cell: (one) => one.StatusMessage ?? "–" },
          ]}
        />
      )}
      {editing && (
        <Scale
          endpoint={endpoint}
          variant={editing}
          target={targets.find((one) => one.ResourceId?.endsWith(`/${editing}`))}
          onClose={() => setEditing(undefined)}
        />
      )}
      {dropping && (
        <Confirm
          title="Stop scaling?"
          action="Stop scaling"
          busy={drop.isPending}
          error={drop.error}
          onClose={() => setDropping(undefined)}
          onConfirm={() => drop.mutate(dropping, { onSuccess: () => setDropping(undefined) })}
        >
          Its policies and their alarms are deleted; the instances that it has now stay.
        </Confirm>
      )}
    </SpaceBetween>
  );
}

async function everything(ResourceIds: string[], signal: AbortSignal) {
  const [targets, ...rest] = await Promise.all([
    call("application-autoscaling", "DescribeScalableTargets", { ServiceNamespace: SPACE, ResourceIds }, signal),
    ...ResourceIds.map(async (ResourceId) => ({
      policies: (await call("application-autoscaling", "DescribeScalingPolicies", { ServiceNamespace: SPACE, ResourceId }, signal)).ScalingPolicies ?? [],
      activities: (await call("application-autoscaling", "DescribeScalingActivities", { ServiceNamespace: SPACE, ResourceId, MaxResults: 20 }, signal)).ScalingActivities ?? [],
    })),
  ]);
  return {
    targets: targets.ScalableTargets ?? [],
    policies: rest.flatMap((one) => one.policies),
    activities: rest.flatMap((one) => one.activities).toSorted((one, other) => (other.StartTime ?? 0) - (one.StartTime ?? 0)),
  };
}

function suspended(target: Wire<ScalableTarget> | undefined): string | undefined {
  const { DynamicScalingInSuspended, DynamicScalingOutSuspended, ScheduledScalingSuspended } = target?.SuspendedState ?? {};
  return [DynamicScalingInSuspended && "scaling in", DynamicScalingOutSuspended && "scaling out", ScheduledScalingSuspended && "schedules"].filter(Boolean).join(", ") || undefined;
}

function purpose(policy: Wire<ScalingPolicy>): string {
  const tracking = policy.TargetTrackingScalingPolicyConfiguration;
  if (tracking) {
    const metric = tracking.PredefinedMetricSpecification?.PredefinedMetricType ?? tracking.CustomizedMetricSpecification?.MetricName ?? "a metric";
    return `keeps ${metric} at ${tracking.TargetValue}`;
  }
  const step = policy.StepScalingPolicyConfiguration;
  return (step?.StepAdjustments ?? []).map((one) => `${one.MetricIntervalLowerBound ?? "−∞"} to ${one.MetricIntervalUpperBound ?? "∞"}: ${one.ScalingAdjustment}`).join("; ");
}
