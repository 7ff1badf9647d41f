/** Training, processing and transform jobs are told, listed and stopped alike: what differs, as data. */
import type { DescribeProcessingJobResponse, DescribeTrainingJobResponse, DescribeTransformJobResponse } from "@aws-sdk/client-sagemaker";
import { type Fact } from "@/blocks/Facts";
import { duration } from "@/blocks/Time";
import type { Wire } from "@/client/wire";

type Training = Wire<DescribeTrainingJobResponse>;
type Processing = Wire<DescribeProcessingJobResponse>;
type Transform = Wire<DescribeTransformJobResponse>;

/** A row of a List. */
export interface Row {
  name: string;
  status: string;
  detail?: string;
  created: number;
  ended?: number;
  modified?: number;
  failure?: string;
}

export interface Step {
  status: string;
  started: number;
  ended?: number;
  message?: string;
}

/** A job as its page shows it. */
export interface Job extends Row {
  arn: string;
  started?: number;
  role?: string;
  image?: string;
  instance?: string;
  instances: number;
  steps: Step[];
  facts: Fact[];
  inputs: { name: string; uri: string; type?: string }[];
  /** S3 prefixes below which it writes. */
  outputs: { name: string; uri: string }[];
  parameters: Record<string, string>;
  environment: Record<string, string>;
  /** Names of what its program is told to measure. */
  metrics: string[];
}

export interface Kind {
  noun: "TrainingJob" | "ProcessingJob" | "TransformJob";
  path: string;
  title: string;
  one: string;
  what: string;
  /** Where CloudWatch has its logs and its instances' metrics. */
  space: string;
  /** Members of the Create request. */
  members: readonly string[];
  deletable: boolean;
  example: string;
  read: (described: never) => Job;
}

export function row(kind: Kind, summary: Record<string, unknown>): Row {
  return {
    name: String(summary[`${kind.noun}Name`]),
    status: String(summary[`${kind.noun}Status`]),
    detail: summary.SecondaryStatus as string | undefined,
    created: Number(summary.CreationTime),
    ended: summary[kind.noun.replace("Job", "EndTime")] as number | undefined,
    modified: summary.LastModifiedTime as number | undefined,
    failure: (summary.FailureReason ?? summary.ExitMessage) as string | undefined,
  };
}

const bytes = (gigabytes: number | undefined) => (gigabytes ? `${gigabytes} GB` : undefined);
const allowed = (yes: boolean | undefined, words: string) => (yes ? words : undefined);

function steps(job: { CreationTime?: number; StartTime?: number; EndTime?: number; status: string; one: string }): Step[] {
  const { CreationTime = 0, StartTime, EndTime, status } = job;
  const found: Step[] = [{ status: "Starting", started: CreationTime, ended: StartTime ?? EndTime }];
  if (StartTime) found.push({ status: job.one, started: StartTime, ended: EndTime });
  if (EndTime) found.push({ status, started: EndTime, ended: EndTime });
  return found;
}

export const TRAINING: Kind = {
  noun: "TrainingJob",
  path: "/training-jobs",
  title: "Training jobs",
  one: "training job",
  what: "A training job runs an algorithm or your own program on data in S3, on as many instances as you say, and leaves a model in S3.",
  space: "/aws/sagemaker/TrainingJobs",
  deletable: true,
  members: [
    "TrainingJobName", "HyperParameters", "AlgorithmSpecification", "RoleArn", "InputDataConfig", "OutputDataConfig", "ResourceConfig", "VpcConfig",
    "StoppingCondition", "EnableNetworkIsolation", "EnableInterContainerTrafficEncryption", "EnableManagedSpotTraining", "CheckpointConfig",
    "DebugHookConfig", "TensorBoardOutputConfig", "ExperimentConfig", "Environment", "RetryStrategy",
  ],
  example: `aws sagemaker create-training-job --training-job-name my-first-job \\
  --algorithm-specification TrainingImage=811284229777.dkr.ecr.us-east-1.amazonaws.com/xgboost:latest,TrainingInputMode=File \\
  --role-arn arn:aws:iam::123456789012:role/SageMakerExecutionRole \\
  --output-data-config S3OutputPath=s3://my-bucket/output/ \\
  --resource-config InstanceType=ml.m5.xlarge,InstanceCount=1,VolumeSizeInGB=50`,
  read: (job: Training): Job => ({
    ...row(TRAINING, job as Record<string, unknown>),
    arn: job.TrainingJobArn ?? "",
    started: job.TrainingStartTime,
    role: job.RoleArn,
    image: job.AlgorithmSpecification?.TrainingImage ?? job.AlgorithmSpecification?.AlgorithmName,
    instance: job.ResourceConfig?.InstanceType ?? job.ResourceConfig?.InstanceGroups?.map((group) => group.InstanceType).join(", "),
    instances: job.ResourceConfig?.InstanceCount ?? job.ResourceConfig?.InstanceGroups?.reduce((sum, group) => sum + (group.InstanceCount ?? 0), 0) ?? 1,
    steps: (job.SecondaryStatusTransitions ?? []).map((step) => ({
      status: step.Status ?? "",
      started: step.StartTime ?? 0,
      ended: step.EndTime,
      message: step.StatusMessage,
    })),
    facts: [
      ["Input mode", job.AlgorithmSpecification?.TrainingInputMode],
      ["Volume", bytes(job.ResourceConfig?.VolumeSizeInGB)],
      ["Longest run", job.StoppingCondition?.MaxRuntimeInSeconds && duration(job.StoppingCondition.MaxRuntimeInSeconds)],
      ["Billed time", job.BillableTimeInSeconds === undefined ? undefined : duration(job.BillableTimeInSeconds)],
      ["Spot", allowed(job.EnableManagedSpotTraining, saved(job))],
      ["Network", allowed(job.EnableNetworkIsolation, "isolated")],
      ["Checkpoints", job.CheckpointConfig?.S3Uri],
      ["Retries", job.RetryStrategy?.MaximumRetryAttempts],
      ["Tuning job", job.TuningJobArn],
    ],
    inputs: (job.InputDataConfig ?? []).map((channel) => ({
      name: channel.ChannelName ?? "",
      uri: channel.DataSource?.S3DataSource?.S3Uri ?? channel.DataSource?.FileSystemDataSource?.DirectoryPath ?? "",
      type: channel.ContentType,
    })),
    outputs: job.OutputDataConfig?.S3OutputPath ? [{ name: "Model and output", uri: `${job.OutputDataConfig.S3OutputPath.replace(/\/$/, "")}/${job.TrainingJobName}/` }] : [],
    parameters: job.HyperParameters ?? {},
    environment: job.Environment ?? {},
    metrics: (job.AlgorithmSpecification?.MetricDefinitions ?? []).map((metric) => metric.Name ?? ""),
  }),
};

function saved(job: Training): string {
  const { BillableTimeInSeconds: billed, TrainingTimeInSeconds: trained } = job;
  return billed !== undefined && trained ? `saved ${Math.round((1 - billed / trained) * 100)} %` : "yes";
}

export const PROCESSING: Kind = {
  noun: "ProcessingJob",
  path: "/processing-jobs",
  title: "Processing jobs",
  one: "processing job",
  what: "A processing job runs your program over files from S3 and puts what it writes back: to prepare data, or to evaluate a model.",
  space: "/aws/sagemaker/ProcessingJobs",
  deletable: true,
  members: ["ProcessingJobName", "ProcessingInputs", "ProcessingOutputConfig", "ProcessingResources", "StoppingCondition", "AppSpecification", "Environment", "NetworkConfig", "RoleArn", "ExperimentConfig"],
  example: `aws sagemaker create-processing-job --processing-job-name my-first-job \\
  --app-specification ImageUri=683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3,ContainerEntrypoint=python3,-c,'print("hello")' \\
  --role-arn arn:aws:iam::123456789012:role/SageMakerExecutionRole \\
  --processing-resources ClusterConfig='{InstanceCount=1,InstanceType=ml.m5.xlarge,VolumeSizeInGB=20}'`,
  read: (job: Processing): Job => ({
    ...row(PROCESSING, job as Record<string, unknown>),
    arn: job.ProcessingJobArn ?? "",
    started: job.ProcessingStartTime,
    role: job.RoleArn,
    image: job.AppSpecification?.ImageUri,
    instance: job.ProcessingResources?.ClusterConfig?.InstanceType,
    instances: job.ProcessingResources?.ClusterConfig?.InstanceCount ?? 1,
    steps: steps({ ...job, StartTime: job.ProcessingStartTime, EndTime: job.ProcessingEndTime, status: job.ProcessingJobStatus ?? "", one: "Processing" }),
    facts: [
      ["Entrypoint", job.AppSpecification?.ContainerEntrypoint?.join(" ")],
      ["Arguments", job.AppSpecification?.ContainerArguments?.join(" ")],
      ["Volume", bytes(job.ProcessingResources?.ClusterConfig?.VolumeSizeInGB)],
      ["Longest run", job.StoppingCondition?.MaxRuntimeInSeconds && duration(job.StoppingCondition.MaxRuntimeInSeconds)],
      ["Network", allowed(job.NetworkConfig?.EnableNetworkIsolation, "isolated")],
      ["Exit message", job.ExitMessage],
    ],
    inputs: (job.ProcessingInputs ?? []).map((input) => ({ name: input.InputName ?? "", uri: input.S3Input?.S3Uri ?? "", type: input.S3Input?.LocalPath })),
    outputs: (job.ProcessingOutputConfig?.Outputs ?? []).flatMap((output) => (output.S3Output?.S3Uri ? [{ name: output.OutputName ?? "", uri: output.S3Output.S3Uri }] : [])),
    parameters: {},
    environment: job.Environment ?? {},
    metrics: [],
  }),
};

export const TRANSFORM: Kind = {
  noun: "TransformJob",
  path: "/transform-jobs",
  title: "Batch transform jobs",
  one: "batch transform job",
  what: "A batch transform job sends every object below an S3 prefix through a model and keeps its answers: predictions without an endpoint.",
  space: "/aws/sagemaker/TransformJobs",
  deletable: false,
  members: [
    "TransformJobName", "ModelName", "MaxConcurrentTransforms", "ModelClientConfig", "MaxPayloadInMB", "BatchStrategy", "Environment", "TransformInput",
    "TransformOutput", "DataCaptureConfig", "TransformResources", "DataProcessing", "ExperimentConfig",
  ],
  example: `aws sagemaker create-transform-job --transform-job-name my-first-job --model-name my-model \\
  --transform-input DataSource='{S3DataSource={S3DataType=S3Prefix,S3Uri=s3://my-bucket/batch/}}',ContentType=text/csv,SplitType=Line \\
  --transform-output S3OutputPath=s3://my-bucket/predictions/,AssembleWith=Line \\
  --transform-resources InstanceType=ml.m5.xlarge,InstanceCount=1`,
  read: (job: Transform): Job => ({
    ...row(TRANSFORM, job as Record<string, unknown>),
    arn: job.TransformJobArn ?? "",
    started: job.TransformStartTime,
    image: job.ModelName,
    instance: job.TransformResources?.InstanceType,
    instances: job.TransformResources?.InstanceCount ?? 1,
    steps: steps({ ...job, StartTime: job.TransformStartTime, EndTime: job.TransformEndTime, status: job.TransformJobStatus ?? "", one: "Transforming" }),
    facts: [
      ["Batch strategy", job.BatchStrategy],
      ["Split by", job.TransformInput?.SplitType],
      ["Concurrent requests", job.MaxConcurrentTransforms],
      ["Largest payload", job.MaxPayloadInMB === undefined ? undefined : `${job.MaxPayloadInMB} MB`],
      ["Joined with", job.DataProcessing?.JoinSource],
      ["Input filter", job.DataProcessing?.InputFilter],
      ["Output filter", job.DataProcessing?.OutputFilter],
    ],
    inputs: [{ name: "Input", uri: job.TransformInput?.DataSource?.S3DataSource?.S3Uri ?? "", type: job.TransformInput?.ContentType }],
    outputs: job.TransformOutput?.S3OutputPath ? [{ name: "Predictions", uri: job.TransformOutput.S3OutputPath }] : [],
    parameters: {},
    environment: job.Environment ?? {},
    metrics: [],
  }),
};

export const RUNNING = new Set(["InProgress", "Stopping"]);

/** What would create the job again. */
export function request(kind: Kind, described: Record<string, unknown>): Record<string, unknown> {
  const given = Object.fromEntries(kind.members.filter((member) => described[member] !== undefined).map((member) => [member, described[member]]));
  const algorithm = given.AlgorithmSpecification as { TrainingImage?: string; AlgorithmName?: string } | undefined;
  // An algorithm's own image is told back, and may not be given.
  if (algorithm?.AlgorithmName) given.AlgorithmSpecification = { ...algorithm, TrainingImage: undefined };
  return given;
}
