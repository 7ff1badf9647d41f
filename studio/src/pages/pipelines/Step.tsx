/** One step: how it went, what it made, what it was given. */
import Alert from "@cloudscape-design/components/alert";
import Container from "@cloudscape-design/components/container";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { PipelineExecutionStep } from "@aws-sdk/client-sagemaker";
import { Anchor } from "@/blocks/Anchor";
import { logOf, pageOf } from "@/blocks/arns";
import { Code } from "@/blocks/Code";
import { type Fact, Facts } from "@/blocks/Facts";
import { Logs } from "@/blocks/Logs";
import { Status } from "@/blocks/Status";
import { Duration, Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";
import type { Node } from "./graph";

type Run = Wire<PipelineExecutionStep>;

export function Step({ node, run }: { node: Node; run?: Run }) {
  const arn = made(run);
  const log = logOf(arn);
  return (
    <Container
      header={
        <Header variant="h2" description={node.description} info={run && <span className="heading-status"><Status of={run.StepStatus} /></span>}>
          {node.title}
        </Header>
      }
    >
      <SpaceBetween size="l">
        {run?.FailureReason && (
          <Alert type="error" header="Why it failed">
            <span className="said">{run.FailureReason}</span>
          </Alert>
        )}
        <Facts
          columns={4}
          facts={[
            ["Type", node.type],
            ["Name", node.title === node.id ? undefined : node.id],
            ["Started", run?.StartTime && <Time at={run.StartTime} />],
            ["Took", run?.StartTime && <Duration from={run.StartTime} to={run.EndTime} />],
            ["Attempts", (run?.AttemptCount ?? 1) > 1 ? run?.AttemptCount : undefined],
            ["Taken from", run?.CacheHitResult && <Anchor href={pageOf(run.CacheHitResult.SourcePipelineExecutionArn ?? "") ?? "#"}>an earlier run</Anchor>],
            ["Made", arn && (pageOf(arn) ? <Anchor href={pageOf(arn) ?? ""}>{arn.split("/").slice(1).join("/")}</Anchor> : arn)],
            ...outputs(run),
          ]}
        />
        {log && run && (
          <ExpandableSection headerText="Log" defaultExpanded={run.StepStatus === "Failed" || run.StepStatus === "Executing"}>
            <Logs group={log.group} prefix={log.prefix} running={!run.EndTime} height={300} />
          </ExpandableSection>
        )}
        <ExpandableSection headerText="Arguments">
          <Code text={JSON.stringify(node.arguments ?? {}, null, 2)} label={`Arguments of ${node.title}`} />
        </ExpandableSection>
      </SpaceBetween>
    </Container>
  );
}

/** The ARN of what the step made: whichever member of its metadata has one. */
function made(run: Run | undefined): string {
  for (const value of Object.values(run?.Metadata ?? {})) if (value && typeof value === "object" && "Arn" in value) return String(value.Arn);
  return "";
}

function outputs(run: Run | undefined): Fact[] {
  const { Condition, Callback } = run?.Metadata ?? {};
  return [
    ["Outcome", Condition?.Outcome],
    ["Queue", Callback?.SqsQueueUrl],
    ...(Callback?.OutputParameters ?? []).map((one): Fact => [one.Name ?? "", one.Value]),
  ];
}
