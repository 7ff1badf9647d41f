/** A Parquet file's first rows: a worker reads them, and has so long for it. */
import { context } from "@/client/call";

export interface Asked {
  bucket: string;
  key: string;
  size: number;
  etag?: string;
  context: { csrf: string; region: string };
}

export interface Table {
  columns: { name: string; type?: string }[];
  rows: string[][];
  /** Rows in all, where it is known. */
  total?: number;
  /** Columns in all. */
  fields: number;
}

export interface Told {
  table?: Table;
  error?: string;
}

const SECONDS = 20;

export function parquet(asked: Omit<Asked, "context">, signal: AbortSignal): Promise<Table> {
  const worker = new Worker(new URL("./parquet.worker.ts", import.meta.url), { type: "module" });
  return new Promise<Table>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`This is not shown as a table: ${why}.`));
    signal.addEventListener("abort", () => fail("nobody looks any more"));
    setTimeout(() => fail(`reading it took more than ${SECONDS} seconds`), SECONDS * 1000);
    worker.onerror = () => fail("its reader came to an end");
    worker.onmessage = ({ data }: MessageEvent<Told>) => (data.table ? resolve(data.table) : fail(data.error ?? "it could not be read"));
    worker.postMessage({ ...asked, context: { csrf: context.csrf, region: context.region } } satisfies Asked);
  }).finally(() => worker.terminate());
}
