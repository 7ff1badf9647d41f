/** Every operation of every service, typed by AWS's own SDK: types only, none of its code is shipped. */
import type { ApplicationAutoScaling } from "@aws-sdk/client-application-auto-scaling";
import type { CloudTrail } from "@aws-sdk/client-cloudtrail";
import type { CloudWatch } from "@aws-sdk/client-cloudwatch";
import type { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import type { CostExplorer } from "@aws-sdk/client-cost-explorer";
import type { IAM } from "@aws-sdk/client-iam";
import type { S3 } from "@aws-sdk/client-s3";
import type { SageMaker } from "@aws-sdk/client-sagemaker";
import type { SageMakerRuntime } from "@aws-sdk/client-sagemaker-runtime";
import type { ServiceQuotas } from "@aws-sdk/client-service-quotas";
import type { STS } from "@aws-sdk/client-sts";

/** Services by the name that botocore has for them. */
export interface Services {
  "application-autoscaling": ApplicationAutoScaling;
  ce: CostExplorer;
  cloudtrail: CloudTrail;
  cloudwatch: CloudWatch;
  iam: IAM;
  logs: CloudWatchLogs;
  s3: S3;
  sagemaker: SageMaker;
  "sagemaker-runtime": SageMakerRuntime;
  "service-quotas": ServiceQuotas;
  sts: STS;
}

export type Service = keyof Services;
type Own = "config" | "destroy" | "initConfig" | "middlewareStack" | "send" | `paginate${string}` | `waitUntil${string}`;
export type Operation<S extends Service> = Capitalize<Exclude<keyof Services[S] & string, Own>>;
export type AnyOperation = { [S in Service]: Operation<S> }[Service];

/** The last overload of an SDK's method: `(input, options, callback)`. */
type Signature<S extends Service, O extends string> = Services[S][Uncapitalize<O> & keyof Services[S]] extends (
  input: infer Input,
  options: never,
  callback: (error: never, output?: infer Output) => void,
) => void
  ? [Input, Output]
  : never;

export type Input<S extends Service, O extends string> = Wire<Signature<S, O>[0]>;
export type Output<S extends Service, O extends string> = Wire<Signature<S, O>[1]>;

/** As it stands on the wire: seconds for a date, base64 for bytes, no metadata. */
export type Wire<T> = T extends Date
  ? number
  : T extends Uint8Array | Blob | { transformToString: unknown }
    ? string
    : T extends (infer Member)[]
      ? Wire<Member>[]
      : T extends object
        ? { [Name in keyof T as Exclude<Name, "$metadata">]: Wire<T[Name]> }
        : T;
