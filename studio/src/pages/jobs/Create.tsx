/** Create a job, from nothing or from another one: a form, the same as JSON, and as code. */
import Spinner from "@cloudscape-design/components/spinner";
import { useLocation } from "wouter";
import { useSearchParams } from "@/client/address";
import { Problem } from "@/blocks/Problem";
import { type Group, RequestForm } from "@/blocks/RequestForm";
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";
import { flash } from "@/shell/flash";
import { ENVIRONMENT, PROCESSING_GROUPS, TRAINING_GROUPS, TRANSFORM_GROUPS } from "./forms";
import { type Kind, PROCESSING, request, TRAINING, TRANSFORM } from "./kinds";

function Create({ kind, groups, fresh }: { kind: Kind; groups: readonly Group[]; fresh: object }) {
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const from = search.get("from") ?? "";
  const original = useAnswer<Record<string, unknown>>(
    ["sagemaker", `Describe${kind.noun}`, from],
    (signal) => call("sagemaker", `Describe${kind.noun}`, { [`${kind.noun}Name`]: from } as never, signal) as Promise<Record<string, unknown>>,
    { when: Boolean(from) },
  );
  if (original.error && !original.data) return <Problem error={original.error} page={`Clone ${from}`} doing={`read ${from}`} />;
  if (from && !original.data) return <Spinner size="large" />;
  const key = `${kind.noun}Name`;
  const initial = original.data ? { ...request(kind, original.data), [key]: another(from) } : { [key]: "", ...fresh };
  return (
    <RequestForm
      title={from ? `Clone ${from}` : `Create ${kind.one}`}
      description={kind.what}
      service="sagemaker"
      operation={`Create${kind.noun}`}
      initial={initial}
      groups={[...groups, ENVIRONMENT]}
      submit={`Create ${kind.one}`}
      onCancel={() => go(from ? `${kind.path}/${from}` : kind.path)}
      onDone={(input) => {
        flash({ type: "success", content: `${String(input[key])} is created.` });
        go(`${kind.path}/${String(input[key])}`);
      }}
    />
  );
}

/** `job-3` after `job-2`, `job-2` after `job`; no longer than a name may be. */
function another(name: string): string {
  const [, stem = name, count] = /^(.*?)(?:-(\d{1,3}))?$/.exec(name) ?? [];
  const suffix = `-${Number(count ?? 1) + 1}`;
  return stem.slice(0, 63 - suffix.length) + suffix;
}

export const CreateTrainingJob = () => (
  <Create
    kind={TRAINING}
    groups={TRAINING_GROUPS}
    fresh={{
      AlgorithmSpecification: { TrainingImage: "", TrainingInputMode: "File" },
      RoleArn: "",
      InputDataConfig: [{ ChannelName: "train", DataSource: { S3DataSource: { S3DataType: "S3Prefix", S3Uri: "", S3DataDistributionType: "FullyReplicated" } } }],
      OutputDataConfig: { S3OutputPath: "" },
      ResourceConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 10 },
      StoppingCondition: { MaxRuntimeInSeconds: 86_400 },
      HyperParameters: {},
    }}
  />
);

export const CreateProcessingJob = () => (
  <Create
    kind={PROCESSING}
    groups={PROCESSING_GROUPS}
    fresh={{
      AppSpecification: { ImageUri: "", ContainerEntrypoint: ["python3", "/opt/ml/processing/input/code/prepare.py"] },
      RoleArn: "",
      ProcessingResources: { ClusterConfig: { InstanceType: "ml.m5.large", InstanceCount: 1, VolumeSizeInGB: 10 } },
      ProcessingInputs: [],
      ProcessingOutputConfig: { Outputs: [] },
    }}
  />
);

export const CreateTransformJob = () => (
  <Create
    kind={TRANSFORM}
    groups={TRANSFORM_GROUPS}
    fresh={{
      ModelName: "",
      TransformInput: { DataSource: { S3DataSource: { S3DataType: "S3Prefix", S3Uri: "" } }, ContentType: "text/csv", SplitType: "Line" },
      TransformOutput: { S3OutputPath: "", AssembleWith: "Line" },
      TransformResources: { InstanceType: "ml.m5.large", InstanceCount: 1 },
    }}
  />
);
