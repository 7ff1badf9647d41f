/** The fields of the three forms; what a request may hold beyond them is edited as JSON. */
import type { Field, Group } from "@/blocks/RequestForm";

const NAME = "Letters, digits and hyphens; at most 63, unique in the account and region.";

function instances(at: string, volume = true): Field[] {
  return [
    { at: `${at}.InstanceType`, label: "Instance type", kind: "suggest", from: "instances", hint: "Fitted into this machine, or queued until it is free, as the server was started." },
    { at: `${at}.InstanceCount`, label: "Instances", kind: "number" },
    ...(volume ? [{ at: `${at}.VolumeSizeInGB`, label: "Volume, in GB", kind: "number" } as const] : []),
  ];
}

const ROLE: Field = { at: "RoleArn", label: "Role", kind: "suggest", from: "roles", hint: "As whom the program reads data and writes results. It must trust sagemaker.amazonaws.com." };

export const ENVIRONMENT: Group = { title: "Environment", fields: [{ at: "Environment", label: "Variables", kind: "map", add: "Add variable", optional: true }] };

export const TRAINING_GROUPS: Group[] = [
  {
    title: "Job",
    fields: [
      { at: "TrainingJobName", label: "Name", kind: "text", hint: NAME },
      { at: "AlgorithmSpecification.TrainingImage", label: "Image", kind: "suggest", from: "images", hint: "AWS's own names run as they are." },
      { at: "AlgorithmSpecification.TrainingInputMode", label: "Input mode", kind: "choice", options: ["File", "FastFile", "Pipe"] },
      ROLE,
    ],
  },
  {
    title: "Hyperparameters",
    fields: [{ at: "HyperParameters", label: "Hyperparameters", kind: "map", add: "Add hyperparameter", optional: true }],
  },
  {
    title: "Input data",
    fields: [
      {
        at: "InputDataConfig",
        label: "Channels",
        kind: "rows",
        add: "Add channel",
        optional: true,
        fresh: { ChannelName: "", DataSource: { S3DataSource: { S3DataType: "S3Prefix", S3Uri: "", S3DataDistributionType: "FullyReplicated" } } },
        fields: [
          { at: "ChannelName", label: "Channel", kind: "text" },
          { at: "DataSource.S3DataSource.S3Uri", label: "S3 location", kind: "text", placeholder: "s3://my-bucket/train/" },
          { at: "ContentType", label: "Content type", kind: "text", placeholder: "text/csv", optional: true },
        ],
      },
    ],
  },
  {
    title: "Metrics",
    fields: [
      {
        at: "AlgorithmSpecification.MetricDefinitions",
        label: "What to find in the program's lines",
        kind: "rows",
        add: "Add metric",
        optional: true,
        fresh: { Name: "", Regex: "" },
        fields: [
          { at: "Name", label: "Metric", kind: "text", placeholder: "validation:rmse" },
          { at: "Regex", label: "Expression", kind: "text", placeholder: "validation-rmse=([0-9.]+)" },
        ],
      },
    ],
  },
  {
    title: "Output and resources",
    fields: [
      { at: "OutputDataConfig.S3OutputPath", label: "Output", kind: "text", placeholder: "s3://my-bucket/output/" },
      ...instances("ResourceConfig"),
      { at: "StoppingCondition.MaxRuntimeInSeconds", label: "Longest run, in seconds", kind: "number" },
    ],
  },
];

export const PROCESSING_GROUPS: Group[] = [
  {
    title: "Job",
    fields: [
      { at: "ProcessingJobName", label: "Name", kind: "text", hint: NAME },
      { at: "AppSpecification.ImageUri", label: "Image", kind: "suggest", from: "images", hint: "AWS's own names run as they are." },
      { at: "AppSpecification.ContainerEntrypoint", label: "Entrypoint", kind: "lines", hint: "One word a line.", optional: true },
      { at: "AppSpecification.ContainerArguments", label: "Arguments", kind: "lines", hint: "One a line.", optional: true },
      ROLE,
    ],
  },
  {
    title: "Inputs and outputs",
    fields: [
      {
        at: "ProcessingInputs",
        label: "Inputs",
        kind: "rows",
        add: "Add input",
        optional: true,
        fresh: { InputName: "", S3Input: { S3Uri: "", LocalPath: "/opt/ml/processing/input/data", S3DataType: "S3Prefix", S3InputMode: "File" } },
        fields: [
          { at: "InputName", label: "Input", kind: "text" },
          { at: "S3Input.S3Uri", label: "S3 location", kind: "text" },
          { at: "S3Input.LocalPath", label: "Path", kind: "text" },
        ],
      },
      {
        at: "ProcessingOutputConfig.Outputs",
        label: "Outputs",
        kind: "rows",
        add: "Add output",
        optional: true,
        fresh: { OutputName: "", S3Output: { S3Uri: "", LocalPath: "/opt/ml/processing/output", S3UploadMode: "EndOfJob" } },
        fields: [
          { at: "OutputName", label: "Output", kind: "text" },
          { at: "S3Output.S3Uri", label: "S3 location", kind: "text" },
          { at: "S3Output.LocalPath", label: "Path", kind: "text" },
        ],
      },
    ],
  },
  { title: "Resources", fields: instances("ProcessingResources.ClusterConfig") },
];

export const TRANSFORM_GROUPS: Group[] = [
  {
    title: "Job",
    fields: [
      { at: "TransformJobName", label: "Name", kind: "text", hint: NAME },
      { at: "ModelName", label: "Model", kind: "suggest", from: "models" },
    ],
  },
  {
    title: "Input and output",
    fields: [
      { at: "TransformInput.DataSource.S3DataSource.S3Uri", label: "Input", kind: "text", placeholder: "s3://my-bucket/batch/" },
      { at: "TransformInput.ContentType", label: "Content type", kind: "text", optional: true },
      { at: "TransformInput.SplitType", label: "Split objects by", kind: "choice", options: ["None", "Line", "RecordIO", "TFRecord"] },
      { at: "TransformOutput.S3OutputPath", label: "Output", kind: "text", placeholder: "s3://my-bucket/predictions/" },
      { at: "TransformOutput.AssembleWith", label: "Put together by", kind: "choice", options: ["None", "Line"] },
    ],
  },
  { title: "Resources", fields: instances("TransformResources", false) },
];
