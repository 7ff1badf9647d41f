/** Where a version came from: the job that made its data, the pipeline that registered it, what lineage knows. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import { Anchor } from "@/blocks/Anchor";
import { Facts } from "@/blocks/Facts";
import { Problem } from "@/blocks/Problem";
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";
import { pageOf } from "@/blocks/arns";
import type { Package } from "./Version";

export function Lineage({ found, data }: { found: Package; data: readonly string[] }) {
  const answer = useAnswer(["lineage", found.ModelPackageArn, data], (signal) => known(found.ModelPackageArn ?? "", data, signal));
  const made = found.MetadataProperties;
  if (answer.error) return <Problem error={answer.error} doing="show its lineage" retry={() => void answer.refetch()} />;
  const { jobs = [], near = [] } = answer.data ?? {};
  if (!jobs.length && !near.length && !made) return null;
  const by = pageOf(made?.GeneratedBy ?? "");
  return (
    <Container header={<Header variant="h2">Lineage</Header>}>
      <SpaceBetween size="l">
        <Facts
          facts={[
            ...jobs.map((name): [string, React.ReactNode] => ["Trained by", <Anchor key={name} href={`/training-jobs/${name}`}>{name}</Anchor>]),
            ["Registered by", by ? <Anchor href={by}>{made?.GeneratedBy?.split(":").pop()}</Anchor> : made?.GeneratedBy],
            ["Repository", made?.Repository],
            ["Commit", made?.CommitId],
          ]}
        />
        {near.length > 0 && (
          <CloudscapeTable
            variant="embedded"
            ariaLabels={{ tableLabel: "Lineage" }}
            items={near}
            trackBy="Arn"
            columnDefinitions={[
              { id: "arn", header: "What", cell: (one) => one.Arn?.split(":").slice(5).join(":"), isRowHeader: true },
              { id: "kind", header: "Kind", cell: (one) => one.LineageType },
              { id: "type", header: "Type", cell: (one) => one.Type ?? "–" },
            ]}
          />
        )}
      </SpaceBetween>
    </Container>
  );
}

async function known(arn: string, data: readonly string[], signal: AbortSignal) {
  const [jobs, { ArtifactSummaries = [] }] = await Promise.all([
    Promise.all(
      data.map((uri) =>
        call("sagemaker", "Search", { Resource: "TrainingJob", MaxResults: 5, SearchExpression: { Filters: [{ Name: "ModelArtifacts.S3ModelArtifacts", Operator: "Equals", Value: uri }] } }, signal),
      ),
    ),
    call("sagemaker", "ListArtifacts", { SourceUri: arn }, signal),
  ]);
  const starts = ArtifactSummaries.flatMap((one) => one.ArtifactArn ?? []);
  const { Vertices = [] } = starts.length ? await call("sagemaker", "QueryLineage", { StartArns: starts.slice(0, 1), Direction: "Both", IncludeEdges: false, MaxDepth: 5 }, signal) : {};
  return { jobs: jobs.flatMap((found) => (found.Results ?? []).flatMap((one) => one.TrainingJob?.TrainingJobName ?? [])), near: Vertices };
}
