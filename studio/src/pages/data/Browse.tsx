/** A folder of a bucket: what lies in it, what one puts there and takes from there. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import Icon from "@cloudscape-design/components/icon";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import "./data.css";
import { useMemo, useRef, useState } from "react";
import { useSearchParams } from "@/client/address";
import { Anchor } from "@/blocks/Anchor";
import { size } from "@/blocks/bytes";
import { Confirm } from "@/blocks/Confirm";
import { Nothing } from "@/blocks/Nothing";
import { quoted } from "@/blocks/snippets";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";
import { Drop, type Dropped } from "./Drop";
import { type Entry, objects, remove } from "./objects";
import { browse, leaf, legible, stored } from "./places";
import { FolderCode } from "./Same";
import { Trail } from "./Trail";
import { Transfers } from "./Transfers";
import { download, upload } from "./transfers";

const columnsOf = (bucket: string): Column<Entry>[] => [
  {
    id: "name",
    header: "Name",
    cell: ({ key, name, folder }) => (
      <>
        <Icon name={folder ? "folder" : "file"} />{" "}
        <Anchor href={folder ? browse(bucket, key) : stored(bucket, key)}>{legible(name)}</Anchor>
      </>
    ),
    width: 420,
  },
  { id: "size", header: "Size", cell: (row) => (row.folder ? "–" : size(row.size)) },
  { id: "modified", header: "Last modified", cell: (row) => <Time at={row.modified} /> },
  { id: "storage", header: "Storage class", hidden: true, cell: (row) => row.storage ?? "–" },
];

export default function Browse() {
  const [search] = useSearchParams();
  const bucket = search.get("bucket") ?? "";
  const prefix = search.get("prefix") ?? "";
  return <Folder key={`${bucket}/${prefix}`} bucket={bucket} prefix={prefix} />;
}

function Folder({ bucket, prefix }: { bucket: string; prefix: string }) {
  const source = useMemo(() => objects(bucket, prefix), [bucket, prefix]);
  const columns = useMemo(() => columnsOf(bucket), [bucket]);
  const picker = useRef<HTMLInputElement>(null);
  const [doomed, setDoomed] = useState<Entry[]>([]);
  const [naming, setNaming] = useState(false);
  const drop = useAction((entries: Entry[]) => remove(bucket, entries));
  const put = (files: Dropped[]) => files.forEach(({ path, file }) => upload(bucket, prefix + path, file));
  const title = prefix ? legible(leaf(prefix)) : bucket;

  return (
    <Drop onFiles={put} hint={`Upload to ${title}`}>
      <SpaceBetween size="l">
        <Transfers />
        <Table
          name="objects"
          title={title}
          description={prefix && <Trail bucket={bucket} path={prefix} />}
          source={source}
          columns={columns}
          id={(row) => row.key}
          choose="many"
          actions={(chosen, clear) => (
            <>
              <Button disabled={!chosen.length || chosen.some(({ folder }) => folder)} disabledReason={chosen.length ? "A folder is downloaded by the AWS CLI: aws s3 cp --recursive" : undefined} onClick={() => (chosen.forEach(({ key, size = 0 }) => download(bucket, key, size)), clear())}>
                Download
              </Button>
              <Button disabled={!chosen.length} onClick={() => setDoomed(chosen)}>Delete</Button>
              <Button onClick={() => setNaming(true)}>Create folder</Button>
              <Button variant="primary" iconName="upload" onClick={() => picker.current?.click()}>Upload</Button>
              <input
                ref={picker}
                type="file"
                multiple
                hidden
                aria-label="Files to upload"
                onChange={({ target }) => {
                  put([...(target.files ?? [])].map((file) => ({ path: file.name, file })));
                  target.value = ""; // the same file may be chosen again
                }}
              />
            </>
          )}
          empty={
            <Nothing title="Nothing here yet" cli={`aws s3 cp train.csv ${quoted(`s3://${bucket}/${prefix}`)}`} action={<Button onClick={() => picker.current?.click()}>Upload</Button>}>
              Drop files or folders onto this page, or choose some. Jobs find them under this folder's S3 URI.
            </Nothing>
          }
        />
        <ExpandableSection headerText="The same, as code">
          <FolderCode bucket={bucket} prefix={prefix} />
        </ExpandableSection>
      </SpaceBetween>
      {naming && <NewFolder bucket={bucket} prefix={prefix} onClose={() => setNaming(false)} />}
      {doomed.length > 0 && (
        <Confirm
          title={doomed.length === 1 ? `Delete ${legible(doomed[0]?.name ?? "")}?` : `Delete ${doomed.length} of ${title}?`}
          action="Delete"
          busy={drop.isPending}
          error={drop.error}
          onClose={() => (setDoomed([]), drop.reset())}
          onConfirm={() =>
            drop.mutate(doomed, {
              onSuccess: (count) => (setDoomed([]), flash({ type: "success", content: count === 1 ? "One object is deleted." : `${count} objects are deleted.` })),
            })
          }
        >
          {doomed.some(({ folder }) => folder) ? "Folders are deleted with all that is in them. " : ""}
          What is deleted cannot be brought back, unless the bucket keeps versions.
          <Box variant="div" padding={{ top: "s" }}>
            <ul>
              {doomed.slice(0, 10).map(({ key }) => (
                <li key={key} className="fact">{legible(key)}</li>
              ))}
              {doomed.length > 10 && <li>and {doomed.length - 10} more</li>}
            </ul>
          </Box>
        </Confirm>
      )}
    </Drop>
  );
}

function NewFolder({ bucket, prefix, onClose }: { bucket: string; prefix: string; onClose: () => void }) {
  const [name, setName] = useState("");
  const create = useAction(() => call("s3", "PutObject", { Bucket: bucket, Key: `${prefix}${name.replace(/\/+$/, "")}/` }));
  return (
    <Confirm title="Create folder" action="Create folder" busy={create.isPending} error={create.error} onClose={onClose} onConfirm={() => create.mutate(undefined, { onSuccess: onClose })}>
      <FormField label="Name" description="S3 has no folders: this is an empty object whose name ends with a slash, so that the folder is there before its files.">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
    </Confirm>
  );
}
