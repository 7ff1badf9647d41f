import Header from "@cloudscape-design/components/header";
import Table from "@cloudscape-design/components/table";
import { Anchor } from "@/blocks/Anchor";
import { Go } from "@/blocks/Go";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Status } from "@/blocks/Status";
import { Duration } from "@/blocks/Time";
import { useAnswer } from "@/client/query";
import { latest, NOUNS } from "./work";

const MOST = 20;

export function Running() {
  const answer = useAnswer(["home", "running"], (signal) => latest("running", MOST, signal), { live: NOUNS });
  const rows = answer.data ?? [];
  return (
    <Table
      header={
        <Header variant="h2" counter={answer.data && `(${rows.length}${rows.length === MOST ? "+" : ""})`} actions={<Go href="/training-jobs/create">Create training job</Go>}>
          Running
        </Header>
      }
      ariaLabels={{ tableLabel: "Running" }}
      loading={answer.isPending}
      loadingText="Loading what runs"
      items={rows}
      trackBy="href"
      columnDefinitions={[
        { id: "name", header: "Name", isRowHeader: true, cell: (work) => <Anchor href={work.href}>{work.name}</Anchor> },
        { id: "kind", header: "What", cell: (work) => work.one },
        { id: "status", header: "Status", cell: (work) => <Status of={work.status} detail={work.detail} /> },
        { id: "since", header: "For", cell: (work) => <Duration from={work.started} /> },
      ]}
      empty={
        answer.error ? (
          <Problem error={answer.error} doing="list what runs" />
        ) : (
          <Nothing title="Nothing runs" cli="aws sagemaker create-training-job --generate-cli-skeleton > job.json">
            Training, processing and transform jobs stand here while they run.
          </Nothing>
        )
      }
    />
  );
}
