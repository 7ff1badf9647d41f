/** One job: what it is, how it stands, its curves and its log side by side, and how to do it again. */
import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Spinner from "@cloudscape-design/components/spinner";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Tabs from "@cloudscape-design/components/tabs";
import { useState } from "react";
import { useSearchParams } from "@/client/address";
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";
import { Named } from "@/blocks/Anchor";
import { Facts } from "@/blocks/Facts";
import { Go } from "@/blocks/Go";
import { Heading } from "@/blocks/Heading";
import { Logs } from "@/blocks/Logs";
import { Problem } from "@/blocks/Problem";
import { Snippets } from "@/blocks/Snippets";
import { Status } from "@/blocks/Status";
import { Duration, Time } from "@/blocks/Time";
import { Timeline } from "@/blocks/Timeline";
import type { PageProps } from "@/pages";
import { Curves, Instances } from "./Curves";
import { type Job, type Kind, PROCESSING, request, RUNNING, TRAINING, TRANSFORM } from "./kinds";
import { Outputs } from "./Outputs";
import { Parameters } from "./Parameters";
import { Stop } from "./Stop";

function Detail({ kind, name }: { kind: Kind; name: string }) {
  const [stopping, setStopping] = useState(false);
  const [search, setSearch] = useSearchParams();
  const described = useAnswer<Record<string, unknown>>(
    ["sagemaker", `Describe${kind.noun}`, name],
    (signal) => call("sagemaker", `Describe${kind.noun}`, { [`${kind.noun}Name`]: name } as never, signal) as Promise<Record<string, unknown>>,
    { live: [kind.noun] },
  );
  if (described.error && !described.data) return <Problem error={described.error} page={name} doing={`show ${name}`} retry={() => void described.refetch()} />;
  if (!described.data) return <Spinner size="large" />;

  const job: Job = kind.read(described.data as never);
  const running = RUNNING.has(job.status);
  return (
    <SpaceBetween size="l">
      <Heading
        status={<Status of={job.status} detail={running ? job.detail : undefined} />}
        actions={
          <>
            {job.status === "InProgress" && <Button onClick={() => setStopping(true)}>Stop</Button>}
            <Go href={`${kind.path}/create?from=${name}`}>Clone</Go>
          </>
        }
      >
        {name}
      </Heading>
      {job.failure && (
        <Alert type="error" header="Why it failed">
          <span className="said">{job.failure}</span>
        </Alert>
      )}
      <div className="split">
        <Container header={<Header variant="h2">Summary</Header>}>
          <Facts
            facts={[
              ["Created", <Time key="created" at={job.created} />],
              ["Duration", <Duration key="duration" from={job.created} to={job.ended} />],
              ["Instances", `${job.instances} × ${job.instance ?? "?"}`],
              [kind === TRANSFORM ? "Model" : "Image", job.image],
              ["Role", job.role && <Named key="role" arn={job.role} />],
              ...job.facts,
              ["ARN", job.arn],
            ]}
          />
        </Container>
        <Container header={<Header variant="h2">Timeline</Header>}>
          <Timeline steps={job.steps} label={`Statuses of ${name}`} />
        </Container>
      </div>
      <Tabs
        ariaLabel={`More of ${name}`}
        activeTabId={search.get("tab") ?? "progress"}
        onChange={({ detail }) => setSearch({ tab: detail.activeTabId }, { replace: true })}
        tabs={[
          {
            id: "progress",
            label: "Progress",
            content: (
              <SpaceBetween size="l">
                {kind === TRAINING && <Curves kind={kind} job={job} running={running} />}
                <Instances kind={kind} job={job} running={running} />
                <Container header={<Header variant="h2">Log</Header>}>
                  <Logs group={kind.space} prefix={`${name}/`} running={running} />
                </Container>
              </SpaceBetween>
            ),
          },
          { id: "configuration", label: "Configuration", content: <Parameters job={job} /> },
          { id: "output", label: "Output", content: <Outputs job={job} running={running} /> },
          {
            id: "code",
            label: "Code",
            content: (
              <Container header={<Header variant="h2" description="What would create this job again: change its name first.">The same, as code</Header>}>
                <Snippets service="sagemaker" operation={`Create${kind.noun}`} input={request(kind, described.data)} />
              </Container>
            ),
          },
        ]}
      />
      <Stop kind={kind} names={stopping ? [name] : []} onClose={() => setStopping(false)} />
    </SpaceBetween>
  );
}

export const TrainingJob = ({ params }: PageProps) => <Detail kind={TRAINING} name={params.name ?? ""} />;
export const ProcessingJob = ({ params }: PageProps) => <Detail kind={PROCESSING} name={params.name ?? ""} />;
export const TransformJob = ({ params }: PageProps) => <Detail kind={TRANSFORM} name={params.name ?? ""} />;
