/** One object: what is known of it, and a look at what is in it. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import CopyToClipboard from "@cloudscape-design/components/copy-to-clipboard";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import "./data.css";
import { useState } from "react";
import { useLocation } from "wouter";
import { useSearchParams } from "@/client/address";
import { size } from "@/blocks/bytes";
import { Confirm } from "@/blocks/Confirm";
import { Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Problem } from "@/blocks/Problem";
import { moment } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import { flash } from "@/shell/flash";
import { browse, leaf, legible, parent } from "./places";
import { Preview } from "./Preview";
import { ObjectCode } from "./Same";
import { Trail } from "./Trail";
import { Transfers } from "./Transfers";
import { download } from "./transfers";

export default function Stored() {
  const [search] = useSearchParams();
  const [, go] = useLocation();
  const [doomed, setDoomed] = useState(false);
  const bucket = search.get("bucket") ?? "";
  const key = search.get("key") ?? "";
  const head = useCall("s3", "HeadObject", { Bucket: bucket, Key: key });
  const drop = useAction(() => call("s3", "DeleteObject", { Bucket: bucket, Key: key }));
  const uri = `s3://${bucket}/${key}`;
  const name = legible(leaf(key) || key);

  if (head.error) return <Problem error={head.error} page={name} doing={`show ${name}`} retry={() => void head.refetch()} />;
  if (!head.data) return <Spinner size="large" />;
  const { ContentLength: bytes = 0, ContentType: type, ETag: etag, ContentEncoding: encoding } = head.data;
  return (
    <SpaceBetween size="l">
      <Heading
        description={<Trail bucket={bucket} path={parent(key)} />}
        actions={
          <>
            <CopyToClipboard textToCopy={uri} copyButtonText="Copy S3 URI" copySuccessText="Copied" copyErrorText="Could not be copied" />
            <Button onClick={() => setDoomed(true)}>Delete</Button>
            <Button variant="primary" iconName="download" onClick={() => download(bucket, key, bytes, etag)}>Download</Button>
          </>
        }
      >
        {name}
      </Heading>
      <Transfers />
      <Container header={<Header variant="h2">Preview</Header>}>
        <Preview key={etag} object={{ bucket, key, size: bytes, type, etag, encoding }} />
      </Container>
      <Container header={<Header variant="h2">Properties</Header>}>
        <Facts
          facts={[
            ["S3 URI", legible(uri)],
            ["Size", `${size(bytes)}${bytes >= 1024 ? ` (${bytes.toLocaleString("en")} bytes)` : ""}`],
            ["Last modified", moment(head.data.LastModified)],
            ["Type", type],
            ["Encoding", encoding],
            ["ETag", etag],
            ["Version", head.data.VersionId],
            ["Encryption", head.data.ServerSideEncryption],
            ["Storage class", head.data.StorageClass],
            ...Object.entries(head.data.Metadata ?? {}).map(([name, value]): [string, string] => [`Metadata: ${name}`, value]),
          ]}
        />
      </Container>
      <Container header={<Header variant="h2">The same, as code</Header>}>
        <ObjectCode bucket={bucket} name={key} />
      </Container>
      {doomed && (
        <Confirm
          title={`Delete ${name}?`}
          action="Delete"
          busy={drop.isPending}
          error={drop.error}
          onClose={() => setDoomed(false)}
          onConfirm={() => drop.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `${name} is deleted.` }), go(browse(bucket, parent(key)))) })}
        >
          It cannot be brought back, unless the bucket keeps versions.
        </Confirm>
      )}
    </SpaceBetween>
  );
}
