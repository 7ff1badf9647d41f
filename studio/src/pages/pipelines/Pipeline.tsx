/** One pipeline: its runs, its steps, its definition. */
import type { PipelineExecutionSummary } from "@aws-sdk/client-sagemaker";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import Tabs from "@cloudscape-design/components/tabs";
import { Suspense, lazy, useMemo, useState } from "react";
import { useLocation } from "wouter";
import { useSearchParams } from "@/client/address";
import { Anchor, Named } from "@/blocks/Anchor";
import { Code } from "@/blocks/Code";
import { Confirm } from "@/blocks/Confirm";
import { Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import { token } from "@/client/token";
import type { Wire } from "@/client/wire";
import type { PageProps } from "@/pages";
import { flash } from "@/shell/flash";
import { graph } from "./graph";
import { Start } from "./Start";
import { Step } from "./Step";

const Dag = lazy(() => import("./Dag"));

type Row = Wire<PipelineExecutionSummary>;

const id = (row: Row) => row.PipelineExecutionArn?.split("/").pop() ?? "";

function columns(name: string): Column<Row>[] {
  return [
    { id: "name", header: "Run", width: 280, cell: (row) => <Anchor href={`/pipelines/${name}/${id(row)}`}>{row.PipelineExecutionDisplayName ?? id(row)}</Anchor> },
    { id: "status", header: "Status", cell: (row) => <Status of={row.PipelineExecutionStatus} /> },
    { id: "started", header: "Started", sort: "CreationTime", cell: (row) => <Time at={row.StartTime} /> },
    { id: "failure", header: "Failure", width: 360, cell: (row) => row.PipelineExecutionFailureReason ?? "–" },
    { id: "description", header: "Description", hidden: true, cell: (row) => row.PipelineExecutionDescription ?? "–" },
  ];
}

export default function Pipeline({ params: { name = "" } }: PageProps) {
  const [search, setSearch] = useSearchParams();
  const [starting, setStarting] = useState(false);
  const [deleting, setDeleting] = useState(false);
  const [step, setStep] = useState<string>();
  const [, go] = useLocation();
  const described = useCall("sagemaker", "DescribePipeline", { PipelineName: name }, { live: ["Pipeline"] });
  const source = useMemo(
    () => listSource<Row>({ service: "sagemaker", operation: "ListPipelineExecutions", rows: "PipelineExecutionSummaries", given: { PipelineName: name }, live: ["PipelineExecution"], names: false }),
    [name],
  );
  const shown = useMemo(() => columns(name), [name]);
  const remove = useAction(() => call("sagemaker", "DeletePipeline", { PipelineName: name, ClientRequestToken: token() }));
  const definition = described.data?.PipelineDefinition;
  const steps = useMemo(() => (definition ? graph(definition) : undefined), [definition]);
  if (described.error && !described.data) return <Problem error={described.error} page={name} doing={`show ${name}`} retry={() => void described.refetch()} />;
  if (!described.data || !steps) return <Spinner size="large" />;
  const node = steps.nodes.find((one) => one.id === step);
  return (
    <SpaceBetween size="l">
      <Heading
        description={described.data.PipelineDescription}
        actions={
          <>
            <Button onClick={() => setDeleting(true)}>Delete</Button>
            <Button variant="primary" onClick={() => setStarting(true)}>
              Start
            </Button>
          </>
        }
      >
        {described.data.PipelineDisplayName ?? name}
      </Heading>
      <Tabs
        ariaLabel={`More of ${name}`}
        activeTabId={search.get("tab") ?? "runs"}
        onChange={({ detail }) => setSearch({ tab: detail.activeTabId }, { replace: true })}
        tabs={[
          {
            id: "runs",
            label: "Runs",
            content: (
              <Table
                embedded
                name="pipeline-executions"
                title="Runs"
                source={source}
                columns={shown}
                id={id}
                empty={
                  <Nothing title="It has not run yet" cli={`aws sagemaker start-pipeline-execution --pipeline-name ${name}`}>
                    Each run keeps the definition and the parameters that it was started with.
                  </Nothing>
                }
              />
            ),
          },
          {
            id: "steps",
            label: "Steps",
            content: (
              <SpaceBetween size="l">
                <Container header={<Header variant="h2" counter={`(${steps.nodes.length})`}>Steps</Header>}>
                  <Suspense fallback={<Spinner />}>
                    <Dag graph={steps} runs={NONE} chosen={step} onChoose={setStep} />
                  </Suspense>
                </Container>
                {node && <Step node={node} />}
              </SpaceBetween>
            ),
          },
          {
            id: "definition",
            label: "Definition",
            content: (
              <SpaceBetween size="l">
                <Container header={<Header variant="h2">Summary</Header>}>
                  <Facts
                    facts={[
                      ["Created", <Time key="created" at={described.data.CreationTime} />],
                      ["Last modified", <Time key="modified" at={described.data.LastModifiedTime} />],
                      ["Steps at once", described.data.ParallelismConfiguration?.MaxParallelExecutionSteps],
                      ["Role", described.data.RoleArn && <Named key="role" arn={described.data.RoleArn} />],
                      ["ARN", described.data.PipelineArn],
                    ]}
                  />
                </Container>
                {steps.parameters.length > 0 && (
                  <Container header={<Header variant="h2">Parameters</Header>}>
                    <Facts facts={steps.parameters.map((one) => [`${one.Name}, ${one.Type}`, one.DefaultValue === undefined ? "must be given" : String(one.DefaultValue)])} />
                  </Container>
                )}
                <Container header={<Header variant="h2" description="As the SDK wrote it.">Definition</Header>}>
                  <Code text={JSON.stringify(JSON.parse(definition ?? "{}"), null, 2)} label="Definition" />
                </Container>
              </SpaceBetween>
            ),
          },
        ]}
      />
      {starting && <Start pipeline={name} parameters={steps.parameters} onClose={() => setStarting(false)} />}
      {deleting && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete"
          busy={remove.isPending}
          error={remove.error}
          onClose={() => setDeleting(false)}
          onConfirm={() => remove.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `${name} is deleted.` }), go("/pipelines")) })}
        >
          Its runs go with it. What they made stays.
        </Confirm>
      )}
    </SpaceBetween>
  );
}

const NONE = new Map<string, never>();
