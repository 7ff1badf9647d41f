/** From a model, or a version of the registry, to an endpoint: three steps, and what they come to as code. */
import Alert from "@cloudscape-design/components/alert";
import Spinner from "@cloudscape-design/components/spinner";
import Wizard from "@cloudscape-design/components/wizard";
import { useState } from "react";
import { useLocation } from "wouter";
import { useSearchParams } from "@/client/address";
import { Problem } from "@/blocks/Problem";
import { useAction, useCall } from "@/client/query";
import { flash } from "@/shell/flash";
import { What, Where, Which } from "./DeploySteps";
import { calls, carryOut, type Plan } from "./plan";

export default function Deploy() {
  const [search] = useSearchParams();
  const existing = search.get("endpoint") ?? "";
  // An endpoint that is updated begins with what it has.
  const endpoint = useCall("sagemaker", "DescribeEndpoint", { EndpointName: existing }, { when: Boolean(existing) });
  const EndpointConfigName = search.get("config") ?? endpoint.data?.EndpointConfigName ?? "";
  const config = useCall("sagemaker", "DescribeEndpointConfig", { EndpointConfigName }, { when: Boolean(EndpointConfigName) });
  const error = endpoint.error ?? config.error;
  if (existing && endpoint.error) return <Problem error={endpoint.error} page={`Update ${existing}`} doing={`read ${existing}`} />;
  if (!error && ((existing && !endpoint.data) || (EndpointConfigName && !config.data))) return <Spinner size="large" />;
  const names = { model: search.get("model") ?? "", version: search.get("package") ?? "" };
  return <Steps initial={plan(names, existing, config.data?.ProductionVariants ?? [])} />;
}

/** What is proposed; each of it may be changed. */
function plan(names: { model: string; version: string }, endpoint: string, before: readonly { VariantName?: string; ModelName?: string; InstanceType?: string; InitialInstanceCount?: number; InitialVariantWeight?: number }[]): Plan {
  const version = /model-package\/(.+?)(?:\/(\d+))?$/.exec(names.version);
  const stem = version ? [version[1], version[2]].filter(Boolean).join("-") : names.model;
  const fresh = new Date().toISOString().slice(0, 19).replace(/[-:]/g, "").replace("T", "-");
  const base = (endpoint || stem || "my-endpoint").slice(0, 40);
  const kept = before.filter((variant) => variant.InstanceType && !version);
  return {
    packageArn: names.version,
    modelName: version ? `${stem.slice(0, 40)}-${fresh}` : "",
    role: "",
    variants: kept.length
      ? kept.map((variant) => ({
          name: variant.VariantName ?? "",
          model: names.model || (variant.ModelName ?? ""),
          type: variant.InstanceType ?? "",
          count: String(variant.InitialInstanceCount ?? 1),
          weight: String(variant.InitialVariantWeight ?? 1),
        }))
      : [{ name: before[0]?.VariantName ?? "AllTraffic", model: names.model || (before[0]?.ModelName ?? ""), type: "ml.m5.large", count: "1", weight: "1" }],
    serverless: before.length > 0 && !before[0]?.InstanceType,
    memory: "2048",
    concurrency: "5",
    sample: "",
    captureUri: "",
    config: `${base}-${fresh}`,
    endpoint: endpoint || stem.slice(0, 63),
    update: Boolean(endpoint),
    policy: "all",
  };
}

function Steps({ initial }: { initial: Plan }) {
  const [given, setGiven] = useState(initial);
  const [step, setStep] = useState(0);
  const [said, setSaid] = useState("");
  const [, go] = useLocation();
  const steps = calls(given);
  const deploy = useAction(() => carryOut(steps));
  const change = (some: Partial<Plan>) => setGiven((before) => ({ ...before, ...some }));
  const missing = [lacksModel(given), lacksResources(given), given.endpoint ? "" : "The endpoint needs a name."];
  const alert = said && (
    <Alert type="error" header="Not yet">
      {said}
    </Alert>
  );

  return (
    <Wizard
      i18nStrings={{
        stepNumberLabel: (number) => `Step ${number}`,
        collapsedStepsLabel: (number, count) => `Step ${number} of ${count}`,
        navigationAriaLabel: "Steps",
        cancelButton: "Cancel",
        previousButton: "Previous",
        nextButton: "Next",
        submitButton: given.update ? "Update endpoint" : "Deploy",
        optional: "optional",
      }}
      activeStepIndex={step}
      isLoadingNextStep={deploy.isPending}
      onCancel={() => go(given.update ? `/endpoints/${given.endpoint}` : "/endpoints")}
      onNavigate={({ detail }) => {
        const gap = detail.requestedStepIndex > step ? missing.slice(step, detail.requestedStepIndex).findIndex(Boolean) : -1;
        setSaid(gap < 0 ? "" : (missing[step + gap] ?? ""));
        setStep(gap < 0 ? detail.requestedStepIndex : step + gap);
      }}
      onSubmit={() => {
        const gap = missing.find(Boolean) ?? "";
        setSaid(gap);
        if (gap) return;
        deploy.mutate(undefined, {
          onSuccess: () => {
            flash({ type: "info", content: given.update ? `${given.endpoint} is being updated; the old fleet serves until the new one does.` : `${given.endpoint} is coming into service.` });
            go(`/endpoints/${given.endpoint}`);
          },
        });
      }}
      steps={[
        { title: "Model", description: "What is to be served, and by which variants.", errorText: undefined, content: <>{alert}<Which plan={given} onChange={change} /></> },
        { title: "Resources", description: "On what it runs, and what is kept of requests.", content: <>{alert}<Where plan={given} onChange={change} /></> },
        {
          title: "Endpoint",
          description: "Under which name it is invoked.",
          content: (
            <>
              {alert}
              <Problem error={deploy.error} doing={given.update ? "update the endpoint" : "deploy"} />
              <What plan={given} calls={steps} onChange={change} />
            </>
          ),
        },
      ]}
    />
  );
}

function lacksModel(plan: Plan): string {
  if (plan.packageArn) return plan.modelName && plan.role ? "" : "The new model needs a name and a role.";
  if (plan.variants.some((variant) => !variant.model || !variant.name)) return "Each variant needs a name and a model.";
  return new Set(plan.variants.map((variant) => variant.name)).size < plan.variants.length ? "Two variants have the same name." : "";
}

function lacksResources(plan: Plan): string {
  if (plan.sample && !plan.captureUri.startsWith("s3://")) return "Captured data need a place: s3://bucket/prefix.";
  if (plan.serverless) return plan.variants.length > 1 ? "A serverless endpoint has one variant." : "";
  return plan.variants.every((variant) => variant.type && Number(variant.count) > 0) ? "" : "Each variant needs an instance type and a number of instances.";
}
