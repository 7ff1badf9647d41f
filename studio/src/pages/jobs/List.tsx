/** The three tables of jobs. */
import Button from "@cloudscape-design/components/button";
import { useState } from "react";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { listSource, type Source } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Duration, Time } from "@/blocks/Time";
import { type Kind, PROCESSING, type Row, RUNNING, row, TRAINING, TRANSFORM } from "./kinds";
import { Stop } from "./Stop";

function source(kind: Kind): Source<Row> {
  return listSource<Row>({
    service: "sagemaker",
    operation: `List${kind.noun}s`,
    rows: (answer) => (answer[`${kind.noun}Summaries`] as Record<string, unknown>[]).map((summary) => row(kind, summary)),
    live: [kind.noun],
    statuses: ["InProgress", "Completed", "Failed", "Stopping", "Stopped"],
  });
}

function columns(kind: Kind): Column<Row>[] {
  return [
    { id: "name", header: "Name", sort: "Name", width: 340, cell: (job) => <Anchor href={`${kind.path}/${job.name}`}>{job.name}</Anchor> },
    { id: "status", header: "Status", sort: "Status", width: 200, cell: (job) => <Status of={job.status} detail={RUNNING.has(job.status) ? job.detail : undefined} /> },
    { id: "created", header: "Created", sort: "CreationTime", cell: (job) => <Time at={job.created} /> },
    { id: "duration", header: "Duration", cell: (job) => <Duration from={job.created} to={job.ended} /> },
    { id: "ended", header: "Ended", hidden: true, cell: (job) => <Time at={job.ended} /> },
    { id: "modified", header: "Last modified", hidden: true, cell: (job) => <Time at={job.modified} /> },
    ...(kind === TRAINING ? [] : [{ id: "failure", header: "Failure", cell: (job: Row) => job.failure ?? "–" }]),
  ];
}

function Jobs({ kind, from, shown }: { kind: Kind; from: Source<Row>; shown: Column<Row>[] }) {
  const [stopping, setStopping] = useState<string[]>([]);
  return (
    <>
      <Table
        name={kind.path.slice(1)}
        title={kind.title}
        source={from}
        columns={shown}
        id={(job) => job.name}
        choose="many"
        actions={(chosen) => (
          <div className="row">
            <Button disabled={!chosen.length || !chosen.every((job) => job.status === "InProgress")} onClick={() => setStopping(chosen.map((job) => job.name))}>
              Stop
            </Button>
            <Go href={`${kind.path}/create?from=${chosen[0]?.name}`} disabled={chosen.length !== 1}>
              Clone
            </Go>
            <Go href={`${kind.path}/create`} variant="primary">
              Create {kind.one}
            </Go>
          </div>
        )}
        empty={
          <Nothing title={`No ${kind.title.toLowerCase()}`} cli={kind.example}>
            {kind.what}
          </Nothing>
        }
      />
      <Stop kind={kind} names={stopping} onClose={() => setStopping([])} />
    </>
  );
}

const made = [TRAINING, PROCESSING, TRANSFORM].map((kind) => {
  const from = source(kind);
  const shown = columns(kind);
  return () => <Jobs kind={kind} from={from} shown={shown} />;
});

export const [TrainingJobs, ProcessingJobs, TransformJobs] = made as [() => React.JSX.Element, () => React.JSX.Element, () => React.JSX.Element];
