import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Spinner from "@cloudscape-design/components/spinner";
import { Anchor } from "@/blocks/Anchor";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";
import { latest, NOUNS } from "./work";

const MOST = 4;

export function Failures() {
  const answer = useAnswer(
    ["home", "failures"],
    async (signal) => {
      const failed = await latest("Failed", MOST, signal);
      // A training job's summary does not say why; its description does.
      return Promise.all(
        failed.map(async (work) =>
          work.noun === "TrainingJob" ? { ...work, failure: (await call("sagemaker", "DescribeTrainingJob", { TrainingJobName: work.name }, signal)).FailureReason } : work,
        ),
      );
    },
    { live: NOUNS },
  );
  return (
    <Container header={<Header variant="h2">Last failures</Header>}>
      <Problem error={answer.error} doing="list failures" />
      {answer.isPending && <Spinner />}
      {answer.data?.length === 0 && <Nothing title="Nothing failed">What fails says here why, and what to do.</Nothing>}
      <ul className="plain">
        {answer.data?.map((work) => (
          <li key={work.href}>
            <Anchor href={work.href}>{work.name}</Anchor> <span className="quiet">{work.one}, <Time at={work.ended ?? work.started} /></span>
            <div className="said">{work.failure ?? "It gave no reason: its log may."}</div>
          </li>
        ))}
      </ul>
    </Container>
  );
}
