/** What the page does with an object or folder, as one would type it. */
import Tabs from "@cloudscape-design/components/tabs";
import { Code } from "@/blocks/Code";
import { quoted } from "@/blocks/snippets";
import { leaf } from "./places";

export function ObjectCode({ bucket, name: key }: { bucket: string; name: string }) {
  const name = leaf(key) || "object";
  return (
    <Tabs
      ariaLabel="The same, as code"
      tabs={[
        { id: "cli", label: "AWS CLI", content: <Code label="AWS CLI" text={`aws s3 cp ${quoted(`s3://${bucket}/${key}`)} ${quoted(`./${name}`)}`} /> },
        {
          id: "python",
          label: "Python",
          content: <Code label="Python" text={`import boto3\n\nboto3.client("s3").download_file(${[bucket, key, name].map((one) => JSON.stringify(one)).join(", ")})\n`} />,
        },
      ]}
    />
  );
}

export function FolderCode({ bucket, prefix }: { bucket: string; prefix: string }) {
  return (
    <Tabs
      ariaLabel="The same, as code"
      tabs={[
        {
          id: "cli",
          label: "AWS CLI",
          content: <Code label="AWS CLI" text={`aws s3 ls ${quoted(`s3://${bucket}/${prefix}`)}\naws s3 cp ./data ${quoted(`s3://${bucket}/${prefix}`)} --recursive`} />,
        },
        {
          id: "python",
          label: "Python",
          content: (
            <Code
              label="Python"
              text={`import boto3\n\nbucket = boto3.resource("s3").Bucket(${JSON.stringify(bucket)})\nfor stored in bucket.objects.filter(Prefix=${JSON.stringify(prefix)}):\n    print(stored.key, stored.size)\nbucket.upload_file("train.csv", ${JSON.stringify(`${prefix}train.csv`)})\n`}
            />
          ),
        },
      ]}
    />
  );
}
