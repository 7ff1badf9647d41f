/** What lies in a folder: S3 itself knows keys alone, and counts what lies between slashes as folders. */
import type { Source } from "@/blocks/source";
import { ApiError, call } from "@/client/call";
import { leaf } from "./places";

export interface Entry {
  key: string;
  name: string;
  folder: boolean;
  size?: number;
  modified?: number;
  storage?: string;
}

export function objects(bucket: string, prefix: string): Source<Entry> {
  return {
    key: ["s3", "ListObjectsV2", bucket, prefix],
    live: [],
    every: 10,
    filters: [{ key: "name", label: "Name", kind: "text" }],
    words: "name",
    operators: () => ["^"], // a listing can begin somewhere: S3 has no other search
    several: false,
    async ask(query, size, token, signal) {
      const begins = String(query.tokens[0]?.value ?? "");
      const answer = await call(
        "s3",
        "ListObjectsV2",
        { Bucket: bucket, Prefix: prefix + begins, Delimiter: "/", MaxKeys: size, ...(token && { ContinuationToken: token }) },
        signal,
      );
      const folders = (answer.CommonPrefixes ?? []).map(({ Prefix: key = "" }) => ({ key, name: leaf(key), folder: true }));
      const files = (answer.Contents ?? [])
        .filter(({ Key }) => Key !== prefix) // the empty object that a folder is made with
        .map(({ Key: key = "", Size: size, LastModified: modified, StorageClass: storage }) => ({ key, name: leaf(key), folder: false, size, modified, storage }));
      return { rows: [...folders, ...files], next: answer.NextContinuationToken };
    },
  };
}

/** Every key that begins so, page after page. */
export async function* below(bucket: string, prefix: string): AsyncGenerator<string[]> {
  let token: string | undefined;
  do {
    const answer = await call("s3", "ListObjectsV2", { Bucket: bucket, Prefix: prefix, ...(token && { ContinuationToken: token }) });
    yield (answer.Contents ?? []).map(({ Key = "" }) => Key);
    token = answer.NextContinuationToken;
  } while (token);
}

/** Delete objects, and folders with all that is in them. What could not be deleted is said. */
export async function remove(bucket: string, entries: readonly Entry[]): Promise<number> {
  let count = 0;
  const drop = async (keys: string[]) => {
    if (!keys.length) return;
    const { Errors = [] } = await call("s3", "DeleteObjects", { Bucket: bucket, Delete: { Quiet: true, Objects: keys.map((Key) => ({ Key })) } });
    const [first] = Errors;
    if (first) {
      const said = `${Errors.length} of ${keys.length} objects were not deleted. ${first.Key}: ${first.Message}`;
      throw new ApiError(first.Code ?? "", said, 200, "s3.DeleteObject");
    }
    count += keys.length;
  };
  await drop(entries.filter(({ folder }) => !folder).map(({ key }) => key));
  for (const { key } of entries.filter(({ folder }) => folder)) for await (const keys of below(bucket, key)) await drop(keys);
  return count;
}
