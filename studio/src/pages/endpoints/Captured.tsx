/** What is captured of requests and answers, and where it lies. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import { Anchor } from "@/blocks/Anchor";
import { place, size } from "@/blocks/bytes";
import { Code } from "@/blocks/Code";
import { Facts } from "@/blocks/Facts";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAnswer } from "@/client/query";
import type { Described } from "./Endpoint";

const MOST = 20;

export function Captured({ endpoint }: { endpoint: Described }) {
  const { DestinationS3Uri: uri = "", EnableCapture, CurrentSamplingPercentage } = endpoint.DataCaptureConfig ?? {};
  const { bucket, key } = place(uri);
  const prefix = `${key && `${key.replace(/\/$/, "")}/`}${endpoint.EndpointName}/`;
  const folders = (endpoint.ProductionVariants ?? []).map((variant) => `${prefix}${variant.VariantName}/`);
  const listed = useAnswer(["captured", bucket, folders], async (signal) => (await Promise.all(folders.map((folder) => latest(bucket, folder, signal)))).flat(), { every: 30 });
  const objects = (listed.data ?? []).toSorted((one, other) => (other.LastModified ?? 0) - (one.LastModified ?? 0)).slice(0, MOST);
  return (
    <Container header={<Header variant="h2" description="Requests and answers, as they were: one JSON a line. Shown are the files of the last hour in which there were some.">Captured data</Header>}>
      <SpaceBetween size="l">
        <Facts facts={[["State", EnableCapture ? "capturing" : "stopped"], ["Sampled", `${CurrentSamplingPercentage ?? 0} %`], ["Below", <Anchor key="below" href={`/data/browse?${new URLSearchParams({ bucket, prefix })}`}>{`s3://${bucket}/${prefix}`}</Anchor>]]} />
        <Problem error={listed.error} doing="list what was captured" retry={() => void listed.refetch()} />
        {listed.data && (
          <CloudscapeTable
            variant="embedded"
            ariaLabels={{ tableLabel: "Captured files" }}
            items={objects}
            trackBy="Key"
            columnDefinitions={[
              { id: "key", header: "File", cell: ({ Key: key = "" }) => <Anchor href={`/data/object?${new URLSearchParams({ bucket, key })}`}>{key.slice(prefix.length)}</Anchor>, isRowHeader: true },
              { id: "size", header: "Size", cell: (object) => size(object.Size) },
              { id: "at", header: "Written", cell: (object) => <Time at={object.LastModified} /> },
            ]}
            empty={<Nothing title="Nothing captured yet">The first file comes some seconds after the first request.</Nothing>}
          />
        )}
        <Code label="Copy all captured data, with the AWS CLI" text={`aws s3 sync s3://${bucket}/${prefix} captured/`} />
      </SpaceBetween>
    </Container>
  );
}

/** The newest folder's files: they lie by year, month, day and hour. Source: developer guide, "Capture data from real-time endpoint". */
async function latest(Bucket: string, folder: string, signal: AbortSignal) {
  for (let Prefix = folder; ; ) {
    const { CommonPrefixes = [], Contents = [] } = await call("s3", "ListObjectsV2", { Bucket, Prefix, Delimiter: "/" }, signal);
    const next = CommonPrefixes.at(-1)?.Prefix;
    if (!next) return Contents;
    Prefix = next;
  }
}
