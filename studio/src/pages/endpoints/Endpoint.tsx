/** One endpoint: how it stands, who gets which part of the traffic, how fast it answers; and a place to ask it. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs from "@cloudscape-design/components/tabs";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { useSearchParams } from "@/client/address";
import { Anchor } from "@/blocks/Anchor";
import { Facts } from "@/blocks/Facts";
import { Go } from "@/blocks/Go";
import { Heading } from "@/blocks/Heading";
import { Problem } from "@/blocks/Problem";
import { Status } from "@/blocks/Status";
import { Time } from "@/blocks/Time";
import { useCall } from "@/client/query";
import type { Output } from "@/client/wire";
import type { PageProps } from "@/pages";
import { Captured } from "./Captured";
import { Charts } from "./Charts";
import { Delete } from "./Delete";
import { EndpointLogs } from "./EndpointLogs";
import { Invoke } from "./Invoke";
import { Progress } from "./Progress";
import { Scaling } from "./Scaling";
import { Variants } from "./Variants";

export type Described = Output<"sagemaker", "DescribeEndpoint">;

const MOVING = new Set(["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting"]);

export default function Endpoint({ params: { name = "" } }: PageProps) {
  const [deleting, setDeleting] = useState(false);
  const [search, setSearch] = useSearchParams();
  const [, go] = useLocation();
  // What an update has done so far changes more often than its status.
  const [moving, setMoving] = useState(false);
  const described = useCall("sagemaker", "DescribeEndpoint", { EndpointName: name }, { live: ["Endpoint"], every: moving ? 2 : undefined });
  const endpoint = described.data;
  useEffect(() => setMoving(MOVING.has(endpoint?.EndpointStatus ?? "")), [endpoint?.EndpointStatus]);
  const config = useCall("sagemaker", "DescribeEndpointConfig", { EndpointConfigName: endpoint?.EndpointConfigName }, { when: Boolean(endpoint?.EndpointConfigName) });

  if (described.error && !endpoint) return <Problem error={described.error} page={name} doing={`show ${name}`} retry={() => void described.refetch()} />;
  if (!endpoint) return <Spinner size="large" />;
  const capture = endpoint.DataCaptureConfig;
  const serving = endpoint.EndpointStatus !== "Failed" && endpoint.EndpointStatus !== "Creating";

  return (
    <SpaceBetween size="l">
      <Heading
        status={<Status of={endpoint.EndpointStatus} />}
        actions={
          <>
            <Button onClick={() => setDeleting(true)}>Delete</Button>
            <Go href={`/endpoints/deploy?endpoint=${name}`} disabled={endpoint.EndpointStatus !== "InService"}>
              Update
            </Go>
          </>
        }
      >
        {name}
      </Heading>
      {endpoint.FailureReason && (
        <Alert type={endpoint.EndpointStatus === "Failed" ? "error" : "warning"} header={endpoint.EndpointStatus === "Failed" ? "Why it failed" : "Why the last update was taken back"}>
          <span className="said">{endpoint.FailureReason}</span>
        </Alert>
      )}
      {moving && <Progress endpoint={endpoint} />}
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          facts={[
            ["Created", <Time key="created" at={endpoint.CreationTime} />],
            ["Last modified", <Time key="modified" at={endpoint.LastModifiedTime} />],
            ["Configuration", endpoint.EndpointConfigName && <Anchor href={`/endpoint-configs/${endpoint.EndpointConfigName}`}>{endpoint.EndpointConfigName}</Anchor>],
            ["Kind", kind(endpoint)],
            ["Data capture", capture && (capture.EnableCapture ? `${capture.CurrentSamplingPercentage} % of requests` : "stopped")],
            ["ARN", endpoint.EndpointArn],
          ]}
        />
      </Container>
      <Tabs
        ariaLabel={`More of ${name}`}
        activeTabId={search.get("tab") ?? "traffic"}
        onChange={({ detail }) => setSearch({ tab: detail.activeTabId }, { replace: true })}
        tabs={[
          {
            id: "traffic",
            label: "Traffic",
            content: (
              <SpaceBetween size="l">
                <Variants key={JSON.stringify(endpoint.ProductionVariants?.map((one) => [one.DesiredWeight, one.DesiredInstanceCount]))} endpoint={endpoint} variants={config.data?.ProductionVariants ?? []} />
                <Charts endpoint={endpoint} />
              </SpaceBetween>
            ),
          },
          ...(serving ? [{ id: "invoke", label: "Invoke", content: <Invoke endpoint={endpoint} /> }] : []),
          ...(serving ? [{ id: "scaling", label: "Scaling", content: <Scaling endpoint={endpoint} /> }] : []),
          ...(capture ? [{ id: "captured", label: "Captured data", content: <Captured endpoint={endpoint} /> }] : []),
          { id: "log", label: "Log", content: <EndpointLogs endpoint={endpoint} running={endpoint.EndpointStatus !== "Failed"} /> },
        ]}
      />
      {deleting && <Delete names={[name]} onClose={() => setDeleting(false)} onDone={() => go("/endpoints")} />}
    </SpaceBetween>
  );
}

function kind(endpoint: Described): string {
  if (endpoint.AsyncInferenceConfig) return "asynchronous";
  return endpoint.ProductionVariants?.some((variant) => variant.CurrentServerlessConfig) ? "serverless" : "real-time";
}
