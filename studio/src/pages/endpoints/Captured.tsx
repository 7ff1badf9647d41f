/** What is captured of requests and answers, and where it lies. */
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import { size } from "@/blocks/bytes";
import { Code } from "@/blocks/Code";
import { Facts } from "@/blocks/Facts";
import { Nothing } from "@/blocks/Nothing";
import { place } from "@/blocks/bytes";
import { Problem } from "@/blocks/Problem";
import { Time } from "@/blocks/Time";
import { useCall } from "@/client/query";
import type { Described } from "./Endpoint";

export function Captured({ endpoint }: { endpoint: Described }) {
  const { DestinationS3Uri: uri = "", EnableCapture, CurrentSamplingPercentage } = endpoint.DataCaptureConfig ?? {};
  const { bucket, key } = place(uri);
  const prefix = `${key && `${key.replace(/\/$/, "")}/`}${endpoint.EndpointName}/`;
  const listed = useCall("s3", "ListObjectsV2", { Bucket: bucket, Prefix: prefix, MaxKeys: 1000 }, { every: 15, when: Boolean(bucket) });
  const objects = (listed.data?.Contents ?? []).toSorted((one, other) => (other.LastModified ?? 0) - (one.LastModified ?? 0)).slice(0, 20);
  return (
    <Container header={<Header variant="h2" description="Requests and answers, as they were: one JSON a line. The last files are shown.">Captured data</Header>}>
      <SpaceBetween size="l">
        <Facts facts={[["State", EnableCapture ? "capturing" : "stopped"], ["Sampled", `${CurrentSamplingPercentage ?? 0} %`], ["Below", `s3://${bucket}/${prefix}`]]} />
        <Problem error={listed.error} doing="list what was captured" retry={() => void listed.refetch()} />
        {listed.data && (
          <CloudscapeTable
            variant="embedded"
            ariaLabels={{ tableLabel: "Captured files" }}
            items={objects}
            trackBy="Key"
            columnDefinitions={[
              { id: "key", header: "File", cell: (object) => object.Key?.slice(prefix.length), isRowHeader: true },
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
