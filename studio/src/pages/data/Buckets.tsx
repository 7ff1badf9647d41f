/** The account's buckets. */
import type { Bucket } from "@aws-sdk/client-s3";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { useLocation } from "wouter";
import { Anchor } from "@/blocks/Anchor";
import { Confirm } from "@/blocks/Confirm";
import { Nothing } from "@/blocks/Nothing";
import { wholeSource } from "@/blocks/source";
import { type Column, Table } from "@/blocks/Table";
import { Time } from "@/blocks/Time";
import { call, context } from "@/client/call";
import { useAction } from "@/client/query";
import type { Wire } from "@/client/wire";
import { flash } from "@/shell/flash";
import { browse } from "./places";

type Row = Wire<Bucket>;

const source = wholeSource<Row>({
  key: ["s3", "ListBuckets"],
  ask: async (signal) => (await call("s3", "ListBuckets", {}, signal)).Buckets ?? [],
  filters: [
    { key: "name", label: "Name", kind: "text", of: (row) => row.Name },
    { key: "created", label: "Created", kind: "time", of: (row) => row.CreationDate },
  ],
});

const columns: Column<Row>[] = [
  { id: "name", header: "Name", sort: "name", cell: (row) => <Anchor href={browse(row.Name ?? "")}>{row.Name}</Anchor> },
  { id: "region", header: "Region", cell: (row) => row.BucketRegion ?? "–" },
  { id: "created", header: "Created", sort: "created", cell: (row) => <Time at={row.CreationDate} /> },
];

export default function Buckets() {
  const [creating, setCreating] = useState(false);
  const [doomed, setDoomed] = useState<string>();
  const drop = useAction((Bucket: string) => call("s3", "DeleteBucket", { Bucket }));
  return (
    <>
      <Table
        name="buckets"
        title="S3 buckets"
        source={source}
        columns={columns}
        id={(row) => row.Name ?? ""}
        choose="one"
        actions={([chosen]) => (
          <>
            <Button disabled={!chosen} onClick={() => setDoomed(chosen?.Name)}>Delete</Button>
            <Button variant="primary" onClick={() => setCreating(true)}>Create bucket</Button>
          </>
        )}
        empty={
          <Nothing title="No buckets" cli="aws s3 mb s3://my-data" action={<Button onClick={() => setCreating(true)}>Create bucket</Button>}>
            A bucket holds what jobs read and what they write: data sets, models, results.
          </Nothing>
        }
      />
      {creating && <Create onClose={() => setCreating(false)} />}
      {doomed && (
        <Confirm
          title={`Delete ${doomed}?`}
          action="Delete"
          busy={drop.isPending}
          error={drop.error}
          onClose={() => (setDoomed(undefined), drop.reset())}
          onConfirm={() => drop.mutate(doomed, { onSuccess: () => (setDoomed(undefined), flash({ type: "success", content: `${doomed} is deleted.` })) })}
        >
          A bucket must be empty to be deleted. Its name may then be somebody else's.
        </Confirm>
      )}
    </>
  );
}

function Create({ onClose }: { onClose: () => void }) {
  const [name, setName] = useState("");
  const [, go] = useLocation();
  const create = useAction((Bucket: string) => {
    const where = context.region === "us-east-1" ? {} : { CreateBucketConfiguration: { LocationConstraint: context.region as never } };
    return call("s3", "CreateBucket", { Bucket, ...where });
  });
  return (
    <Confirm
      title="Create bucket"
      action="Create bucket"
      busy={create.isPending}
      error={create.error}
      onClose={onClose}
      onConfirm={() => create.mutate(name.trim(), { onSuccess: () => go(browse(name.trim())) })}
    >
      <FormField label="Name" description={`It will be in ${context.region}.`} constraintText="3 to 63 lower-case letters, digits, dots and hyphens; nobody else's.">
        <Input value={name} onChange={({ detail }) => setName(detail.value)} autoFocus />
      </FormField>
      <Box padding={{ top: "s" }} color="text-body-secondary">The SDK finds a bucket called <code>sagemaker-REGION-ACCOUNT</code> by itself.</Box>
    </Confirm>
  );
}
