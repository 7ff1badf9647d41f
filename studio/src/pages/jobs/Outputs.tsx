/** What a job left in S3: names, sizes, a look at what is text, and the bytes themselves. */
import Button from "@cloudscape-design/components/button";
import Header from "@cloudscape-design/components/header";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import CloudscapeTable from "@cloudscape-design/components/table";
import { useState } from "react";
import { decoded, download, place, size } from "@/blocks/bytes";
import { Code } from "@/blocks/Code";
import { Nothing } from "@/blocks/Nothing";
import { Problem } from "@/blocks/Problem";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import { failed } from "@/shell/flash";
import type { Job } from "./kinds";

const WHOLE = 16 * 1024 * 1024; // bytes that one answer holds
const GLANCE = 64 * 1024;
const TEXT = /\.(txt|csv|json|jsonl|log|md|ya?ml|out|py|xml|html|svg|tsv)$|(^|\/)failure$/i;

export function Outputs({ job, running }: { job: Job; running: boolean }) {
  if (!job.outputs.length) return <Nothing title="This job writes nothing to S3">Its log is all that it leaves.</Nothing>;
  return (
    <SpaceBetween size="l">
      {job.outputs.map((output) => (
        <Output key={output.uri} {...output} running={running} />
      ))}
    </SpaceBetween>
  );
}

function Output({ name, uri, running }: { name: string; uri: string; running: boolean }) {
  const { bucket, key } = place(uri);
  const listed = useCall("s3", "ListObjectsV2", { Bucket: bucket, Prefix: key, MaxKeys: 200 }, { every: running ? 10 : undefined });
  const [glance, setGlance] = useState<{ key: string; text: string }>();
  const read = async (object: string, range?: string) => decoded((await call("s3", "GetObject", { Bucket: bucket, Key: object, ...(range && { Range: range }) })).Body ?? "");
  const save = useAction(async (object: string) => download(await read(object), object.split("/").pop() ?? object));
  const look = useAction(async (object: string) => setGlance({ key: object, text: new TextDecoder().decode(await read(object, `bytes=0-${GLANCE - 1}`)) }));
  const objects = listed.data?.Contents ?? [];
  return (
    <>
      <CloudscapeTable
        header={<Header variant="h2" counter={listed.data && `(${objects.length}${listed.data.IsTruncated ? "+" : ""})`} description={<span className="fact">{uri}</span>}>{name}</Header>}
        ariaLabels={{ tableLabel: name }}
        loading={listed.isPending}
        loadingText="Loading objects"
        items={objects}
        wrapLines
        empty={listed.error ? <Problem error={listed.error} doing="list the objects" /> : <Nothing title={running ? "Nothing yet" : "Nothing was written"} />}
        columnDefinitions={[
          { id: "key", header: "Object", isRowHeader: true, cell: (object) => <span className="fact">{object.Key?.slice(key.length) || object.Key}</span> },
          { id: "size", header: "Size", width: 120, cell: (object) => size(object.Size) },
          { id: "time", header: "Written", width: 160, cell: (object) => <Time at={object.LastModified} /> },
          {
            id: "do",
            header: "Look and keep",
            width: 200,
            cell: (object) => (
              <SpaceBetween direction="horizontal" size="xs">
                {TEXT.test(object.Key ?? "") && (object.Size ?? 0) > 0 && (
                  <Button variant="inline-link" ariaLabel={`Preview ${object.Key}`} onClick={() => look.mutate(object.Key ?? "", { onError: failed })}>
                    Preview
                  </Button>
                )}
                {(object.Size ?? 0) <= WHOLE && (
                  <Button variant="inline-link" ariaLabel={`Download ${object.Key}`} onClick={() => save.mutate(object.Key ?? "", { onError: failed })}>
                    Download
                  </Button>
                )}
              </SpaceBetween>
            ),
          },
        ]}
      />
      {glance && (
        <Modal visible size="large" header={<span className="fact">{glance.key.split("/").pop()}</span>} closeAriaLabel="Close" onDismiss={() => setGlance(undefined)}>
          <Code text={glance.text} label={glance.key} />
        </Modal>
      )}
    </>
  );
}
