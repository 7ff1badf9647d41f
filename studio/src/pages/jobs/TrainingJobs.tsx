import type { TrainingJobSummary } from "@aws-sdk/client-sagemaker";
import { Anchor } from "@/blocks/Anchor";
import { Nothing } from "@/blocks/Nothing";
import { listSource } from "@/blocks/source";
import { Status } from "@/blocks/Status";
import { type Column, Table } from "@/blocks/Table";
import { Duration, Time } from "@/blocks/Time";
import type { Wire } from "@/client/wire";

type Row = Wire<TrainingJobSummary>;

const source = listSource<Row>({
  service: "sagemaker",
  operation: "ListTrainingJobs",
  rows: "TrainingJobSummaries",
  live: ["TrainingJob"],
  statuses: ["InProgress", "Completed", "Failed", "Stopping", "Stopped"],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "Name", cell: (row) => <Anchor href={`/training-jobs/${row.TrainingJobName}`}>{row.TrainingJobName}</Anchor> },
  { id: "status", header: "Status", sort: "Status", cell: (row) => <Status of={row.TrainingJobStatus} detail={row.SecondaryStatus} /> },
  { id: "created", header: "Created", sort: "CreationTime", cell: (row) => <Time at={row.CreationTime} /> },
  { id: "duration", header: "Duration", cell: (row) => <Duration from={row.CreationTime} to={row.TrainingEndTime} /> },
  { id: "ended", header: "Ended", hidden: true, cell: (row) => <Time at={row.TrainingEndTime} /> },
  { id: "modified", header: "Last modified", hidden: true, cell: (row) => <Time at={row.LastModifiedTime} /> },
];

export default function TrainingJobs() {
  return (
    <Table
      name="training-jobs"
      title="Training jobs"
      source={source}
      columns={columns}
      id={(row) => row.TrainingJobName ?? ""}
      empty={
        <Nothing title="No training jobs" cli="aws sagemaker create-training-job --training-job-name my-first-job …">
          A training job runs an algorithm on your data and leaves a model in S3.
        </Nothing>
      }
    />
  );
}
