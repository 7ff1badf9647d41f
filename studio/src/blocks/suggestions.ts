/** What a field may well hold: the account's roles and models, images and instance types that are known. Anything else may be typed. */
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";

export interface Suggestion {
  value: string;
  description?: string;
}

export type Suggestions = "roles" | "models" | "images" | "instances" | "repositories" | "configurations";

const ASK: Record<Suggestions, (signal: AbortSignal) => Promise<Suggestion[]>> = {
  roles: async (signal) => {
    const { Roles = [] } = await call("iam", "ListRoles", { MaxItems: 1000 }, signal);
    return Roles.filter((role) => decodeURIComponent(role.AssumeRolePolicyDocument ?? "").includes("sagemaker.amazonaws.com")).map((role) => ({ value: role.Arn ?? "", description: role.Description }));
  },
  models: async (signal) => ((await call("sagemaker", "ListModels", { MaxResults: 100, SortBy: "CreationTime", SortOrder: "Descending" }, signal)).Models ?? []).map((model) => ({ value: model.ModelName ?? "" })),
  images: async (signal) => {
    // What jobs of late ran: names of images that are known to work here.
    const { TrainingJobSummaries = [] } = await call("sagemaker", "ListTrainingJobs", { MaxResults: 20 }, signal);
    const recent = await Promise.all(TrainingJobSummaries.slice(0, 8).map((job) => call("sagemaker", "DescribeTrainingJob", { TrainingJobName: job.TrainingJobName }, signal)));
    const used = recent.flatMap((job) => job.AlgorithmSpecification?.TrainingImage ?? []);
    return [...new Set([...used, ...AWS])].map((value) => ({ value, description: used.includes(value) ? "used lately" : undefined }));
  },
  repositories: async (signal) =>
    ((await call("sagemaker", "ListCodeRepositories", { MaxResults: 100 }, signal)).CodeRepositorySummaryList ?? []).map((one) => ({ value: one.CodeRepositoryName ?? "", description: one.GitConfig?.RepositoryUrl })),
  configurations: async (signal) =>
    ((await call("sagemaker", "ListNotebookInstanceLifecycleConfigs", { MaxResults: 100 }, signal)).NotebookInstanceLifecycleConfigs ?? []).map((one) => ({ value: one.NotebookInstanceLifecycleConfigName ?? "" })),
  instances: async () => ["ml.m5.large", "ml.m5.xlarge", "ml.m5.2xlarge", "ml.m5.4xlarge", "ml.c5.xlarge", "ml.c5.2xlarge", "ml.g4dn.xlarge", "ml.g5.xlarge", "ml.p3.2xlarge"].map((value) => ({ value })),
};

// AWS's registry names of us-east-1. Source: "Docker Registry Paths and Example Code".
const AWS = [
  "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:1.7-1",
  "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-scikit-learn:1.2-1-cpu-py3",
  "763104351884.dkr.ecr.us-east-1.amazonaws.com/pytorch-training:2.1-cpu-py310",
  "763104351884.dkr.ecr.us-east-1.amazonaws.com/tensorflow-training:2.13-cpu-py310",
];

export function useSuggestions(from: Suggestions): Suggestion[] {
  return useAnswer(["suggestions", from], ASK[from]).data ?? [];
}
