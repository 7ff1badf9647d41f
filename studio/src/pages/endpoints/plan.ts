/** A deployment as one fills it in, and the calls that it comes to. */
import type { Step } from "@/blocks/Recipe";
import { call } from "@/client/call";

export interface Variant {
  name: string;
  model: string;
  type: string;
  count: string;
  weight: string;
}

export interface Plan {
  /** A version of the registry, of which a model is made first; else "". */
  packageArn: string;
  modelName: string;
  role: string;
  variants: readonly Variant[];
  serverless: boolean;
  memory: string;
  concurrency: string;
  /** Of requests, in percent; "": none is captured. */
  sample: string;
  captureUri: string;
  config: string;
  endpoint: string;
  /** Whether the endpoint exists, and is updated. */
  update: boolean;
  policy: Policy;
}

export type Policy = "all" | "canary" | "linear" | "rolling";

// Source: developer guide, "Deployment guardrails for updating models in production".
const SHAPES: Record<Policy, object | undefined> = {
  all: undefined,
  canary: { BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: "CANARY", CanarySize: { Type: "CAPACITY_PERCENT", Value: 10 }, WaitIntervalInSeconds: 300 } } },
  linear: { BlueGreenUpdatePolicy: { TrafficRoutingConfiguration: { Type: "LINEAR", LinearStepSize: { Type: "CAPACITY_PERCENT", Value: 25 }, WaitIntervalInSeconds: 120 } } },
  rolling: { RollingUpdatePolicy: { MaximumBatchSize: { Type: "CAPACITY_PERCENT", Value: 25 }, WaitIntervalInSeconds: 60 } },
};

const number = (text: string) => (text.trim() === "" || Number.isNaN(Number(text)) ? (text as unknown as number) : Number(text)); // what is no number, the server refuses by name

/** In their order; what each needs, the one before made. */
export function calls(plan: Plan): Step[] {
  const made: Step[] = [];
  if (plan.packageArn) {
    made.push(["sagemaker", "CreateModel", { ModelName: plan.modelName, PrimaryContainer: { ModelPackageName: plan.packageArn }, ExecutionRoleArn: plan.role }]);
  }
  const variants = plan.variants.map((variant) => ({
    VariantName: variant.name,
    ModelName: plan.packageArn ? plan.modelName : variant.model,
    ...(plan.serverless
      ? { ServerlessConfig: { MemorySizeInMB: number(plan.memory), MaxConcurrency: number(plan.concurrency) } }
      : { InstanceType: variant.type, InitialInstanceCount: number(variant.count), InitialVariantWeight: number(variant.weight) }),
  }));
  const capture = plan.sample && {
    DataCaptureConfig: {
      EnableCapture: true,
      InitialSamplingPercentage: number(plan.sample),
      DestinationS3Uri: plan.captureUri,
      CaptureOptions: [{ CaptureMode: "Input" }, { CaptureMode: "Output" }],
    },
  };
  made.push(["sagemaker", "CreateEndpointConfig", { EndpointConfigName: plan.config, ProductionVariants: variants, ...capture }]);
  const endpoint = { EndpointName: plan.endpoint, EndpointConfigName: plan.config };
  const shape = SHAPES[plan.policy];
  made.push(plan.update ? ["sagemaker", "UpdateEndpoint", { ...endpoint, ...(shape && { DeploymentConfig: shape }) }] : ["sagemaker", "CreateEndpoint", endpoint]);
  return made;
}

const UNDO: Record<string, (input: Record<string, unknown>) => Promise<unknown>> = {
  CreateModel: ({ ModelName }) => call("sagemaker", "DeleteModel", { ModelName: String(ModelName) }),
  CreateEndpointConfig: ({ EndpointConfigName }) => call("sagemaker", "DeleteEndpointConfig", { EndpointConfigName: String(EndpointConfigName) }),
};

/** All of it, or nothing: what was made before the call that failed is deleted again. */
export async function carryOut(steps: readonly Step[]): Promise<void> {
  const done: Step[] = [];
  for (const step of steps) {
    try {
      await call(step[0] as "sagemaker", step[1] as never, step[2] as never);
      done.push(step);
    } catch (error) {
      for (const [, operation, input] of done.reverse()) await UNDO[operation]?.(input as Record<string, unknown>).catch(() => {});
      throw error;
    }
  }
}
