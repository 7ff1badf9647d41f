/** One run of a pipeline: its graph as it goes, and each step on asking. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import CloudscapeTable from "@cloudscape-design/components/table";
import { Suspense, lazy, useMemo, useState } from "react";
import { useSearchParams } from "@/client/address";
import { Confirm } from "@/blocks/Confirm";
import { Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { Status } from "@/blocks/Status";
import { Duration, Time } from "@/blocks/Time";
import { call, context } from "@/client/call";
import { useAction, useAnswer, useCall } from "@/client/query";
import { token } from "@/client/token";
import { useSession } from "@/client/session";
import type { Output } from "@/client/wire";
import type { PageProps } from "@/pages";
import { flash } from "@/shell/flash";
import { graph } from "./graph";
import { Step } from "./Step";

const Dag = lazy(() => import("./Dag"));
const EVERY = 2; // seconds: a step's beginning is no change of the run's status

export default function Execution({ params: { name = "", execution = "" } }: PageProps) {
  const [search, setSearch] = useSearchParams();
  const [stopping, setStopping] = useState(false);
  const PipelineExecutionArn = `arn:aws:sagemaker:${context.region}:${useSession()?.Account}:pipeline/${name.toLowerCase()}/execution/${execution}`; // names in ARNs are in lower case
  const described = useCall("sagemaker", "DescribePipelineExecution", { PipelineExecutionArn }, { live: ["PipelineExecution"] });
  const status = described.data?.PipelineExecutionStatus ?? "";
  const running = status === "Executing" || status === "Stopping";
  const definition = useCall("sagemaker", "DescribePipelineDefinitionForExecution", { PipelineExecutionArn });
  // Asked anew once the run's status is another one: an answer of before may lack the last step's end.
  const steps = useAnswer(["steps", PipelineExecutionArn, status, described.data?.LastModifiedTime], (signal) => begun(PipelineExecutionArn, signal), { every: running ? EVERY : undefined, keep: true });
  const parameters = useCall("sagemaker", "ListPipelineParametersForExecution", { PipelineExecutionArn, MaxResults: 50 });
  const retry = useAction(() => call("sagemaker", "RetryPipelineExecution", { PipelineExecutionArn, ClientRequestToken: token() }));
  const stop = useAction(() => call("sagemaker", "StopPipelineExecution", { PipelineExecutionArn, ClientRequestToken: token() }));
  const text = definition.data?.PipelineDefinition;
  const drawn = useMemo(() => (text ? graph(text) : undefined), [text]);
  const runs = useMemo(() => new Map((steps.data ?? []).map((one) => [one.StepName ?? "", { status: one.StepStatus, started: one.StartTime, ended: one.EndTime }])), [steps.data]);

  const error = described.error ?? definition.error;
  if (error && !(described.data && drawn)) return <Problem error={error} page={execution} doing={`show ${execution}`} retry={() => void described.refetch()} />;
  if (!described.data || !drawn) return <Spinner size="large" />;
  // What failed is what one wants to see; else what runs.
  const proposed = steps.data?.find((one) => one.StepStatus === "Failed") ?? steps.data?.find((one) => one.StepStatus === "Executing") ?? steps.data?.[0];
  const chosen = search.get("step") ?? proposed?.StepName ?? drawn.nodes[0]?.id;
  const node = drawn.nodes.find((one) => one.id === chosen);
  const choose = (step: string) => setSearch({ step }, { replace: true });
  const values = parameters.data?.PipelineParameters ?? [];
  return (
    <SpaceBetween size="l">
      <Heading
        status={<Status of={status} />}
        description={described.data.PipelineExecutionDescription}
        actions={
          <>
            {status === "Executing" && <Button onClick={() => setStopping(true)}>Stop</Button>}
            {(status === "Failed" || status === "Stopped") && (
              <Button
                loading={retry.isPending}
                onClick={() => retry.mutate(undefined, { onSuccess: () => flash({ type: "info", content: "It goes on where it failed; what succeeded is kept." }) })}
              >
                Retry
              </Button>
            )}
          </>
        }
      >
        {described.data.PipelineExecutionDisplayName ?? execution}
      </Heading>
      <Problem error={retry.error} doing="retry" />
      {described.data.FailureReason && (
        <Alert type="error" header="Why it failed">
          <span className="said">{described.data.FailureReason}</span>
        </Alert>
      )}
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts
          columns={4}
          facts={[
            ["Started", <Time key="started" at={described.data.CreationTime} />],
            ["Took", <Duration key="took" from={described.data.CreationTime} to={running ? undefined : described.data.LastModifiedTime} />],
            ["By", described.data.CreatedBy?.UserProfileName ?? described.data.CreatedBy?.IamIdentity?.Arn?.split("/").pop()],
            ["Selected steps", described.data.SelectiveExecutionConfig?.SelectedSteps?.map((one) => one.StepName).join(", ")],
            ...values.map((one): [string, string | undefined] => [one.Name ?? "", one.Value]),
          ]}
        />
      </Container>
      <Container header={<Header variant="h2" description="Choose a step to see what it did.">Graph</Header>}>
        <Suspense fallback={<Spinner />}>
          <Dag graph={drawn} runs={runs} chosen={chosen} onChoose={choose} />
        </Suspense>
      </Container>
      {node && <Step key={node.id} node={node} run={steps.data?.find((one) => one.StepName === node.id)} />}
      <CloudscapeTable
        header={<Header variant="h2" counter={`(${steps.data?.length ?? 0} of ${drawn.nodes.length})`}>Steps begun</Header>}
        ariaLabels={{ tableLabel: "Steps begun" }}
        items={(steps.data ?? []).toReversed()}
        trackBy="StepName"
        loading={steps.isPending}
        loadingText="Loading the steps"
        columnDefinitions={[
          { id: "name", header: "Step", isRowHeader: true, minWidth: 180, cell: (one) => <Button variant="inline-link" onClick={() => choose(one.StepName ?? "")}>{one.StepDisplayName ?? one.StepName}</Button> },
          { id: "status", header: "Status", cell: (one) => <Status of={one.StepStatus} /> },
          { id: "started", header: "Started", cell: (one) => <Time at={one.StartTime} /> },
          { id: "took", header: "Took", cell: (one) => <Duration from={one.StartTime} to={one.EndTime} /> },
        ]}
        empty={<Nothing title="No step has begun" />}
      />
      <Container header={<Header variant="h2" description="What would start it again.">The same, as code</Header>}>
        <Snippets service="sagemaker" operation="StartPipelineExecution" input={{ PipelineName: name, ...(values.length && { PipelineParameters: values }) }} />
      </Container>
      {stopping && (
        <Confirm
          title={`Stop ${described.data.PipelineExecutionDisplayName ?? execution}?`}
          action="Stop"
          busy={stop.isPending}
          error={stop.error}
          onClose={() => setStopping(false)}
          onConfirm={() => stop.mutate(undefined, { onSuccess: () => setStopping(false) })}
        >
          Its jobs are stopped; it can be retried later, from where it was.
        </Confirm>
      )}
    </SpaceBetween>
  );
}

type Begun = NonNullable<Output<"sagemaker", "ListPipelineExecutionSteps">["PipelineExecutionSteps"]>;

/** Every step that has begun, the last one first. */
async function begun(PipelineExecutionArn: string, signal: AbortSignal): Promise<Begun> {
  const found: Begun = [];
  let NextToken: string | undefined;
  do {
    const page = await call("sagemaker", "ListPipelineExecutionSteps", { PipelineExecutionArn, MaxResults: 100, SortOrder: "Descending", ...(NextToken && { NextToken }) }, signal);
    found.push(...(page.PipelineExecutionSteps ?? []));
    ({ NextToken } = page);
  } while (NextToken);
  return found;
}
