/** A Parquet file's first rows. In a worker, that whoever waits may end; by ranges, and within a budget. */
import { type AsyncBuffer, type Compressors, parquetMetadataAsync, parquetReadObjects, parquetSchema, snappyUncompress } from "hyparquet";
// One by one: together they come with WebAssembly, which the page's policy does not let run.
import { decompressBrotli } from "hyparquet-compressors/src/brotli.js";
import { gunzip } from "hyparquet-compressors/src/gzip.js";
import { decompressLz4, decompressLz4Raw } from "hyparquet-compressors/src/lz4.js";
import { decompress } from "fzstd";
import { decoded } from "@/blocks/bytes";
import { call, context } from "@/client/call";
import type { Asked, Told } from "./parquet";

const ROWS = 200;
const COLUMNS = 200;
const READ = 32 * 1024 * 1024; // bytes of the object
const UNFOLDED = 64 * 1024 * 1024; // bytes that they decompress to
const FOOTER = 64 * 1024; // most files' schema and statistics, in one go

addEventListener("message", async ({ data }: MessageEvent<Asked>) => {
  Object.assign(context, data.context);
  try {
    postMessage({ table: await table(data) } satisfies Told);
  } catch (error) {
    postMessage({ error: (error as Error).message } satisfies Told);
  }
});

async function table({ bucket, key, size, etag }: Asked): Promise<Told["table"]> {
  let read = 0;
  const file: AsyncBuffer = {
    byteLength: size,
    async slice(start, end = size) {
      if (start < 0 || end > size || start >= end) throw new Error("its footer points outside of it");
      read += end - start;
      if (read > READ) throw new Error(`its first rows need more than ${READ >> 20} MB of it`);
      const { Body } = await call("s3", "GetObject", { Bucket: bucket, Key: key, Range: `bytes=${start}-${end - 1}`, ...(etag && { IfMatch: etag }) });
      return decoded(Body ?? "").buffer;
    },
  };
  const metadata = await parquetMetadataAsync(file, { initialFetchSize: FOOTER });
  const fields = parquetSchema(metadata).children.map(({ element }) => element);
  const shown = fields.slice(0, COLUMNS).map(({ name }) => name);
  const rows = await parquetReadObjects({ file, metadata, columns: shown, rowStart: 0, rowEnd: ROWS, compressors: budgeted(), useOffsetIndex: true });
  return {
    columns: fields.slice(0, COLUMNS).map(({ name, type, logical_type, converted_type }) => ({ name, type: String(logical_type?.type ?? converted_type ?? type ?? "GROUP").toLowerCase() })),
    rows: rows.slice(0, ROWS).map((row) => shown.map((name) => cell(row[name]))),
    total: Number(metadata.num_rows),
    fields: fields.length,
  };
}

/** Each decompresses to as much as the page says, and all of them together to no more than the budget. */
function budgeted(): Compressors {
  let left = UNFOLDED;
  const within = (unfold: (input: Uint8Array, length: number) => Uint8Array) => (input: Uint8Array, length: number) => {
    left -= length;
    if (left < 0) throw new Error(`its first rows unfold to more than ${UNFOLDED >> 20} MB`);
    return unfold(input, length);
  };
  return {
    SNAPPY: within((input, length) => {
      const output = new Uint8Array(length);
      snappyUncompress(input, output);
      return output;
    }),
    GZIP: within((input, length) => gunzip(input, new Uint8Array(length))),
    BROTLI: within(decompressBrotli),
    ZSTD: within((input, length) => decompress(input, new Uint8Array(length))),
    LZ4: within(decompressLz4),
    LZ4_RAW: within(decompressLz4Raw),
  };
}

function cell(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (value instanceof Date) return value.toISOString();
  if (typeof value === "object") return JSON.stringify(value, (_, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner)).slice(0, 2000);
  return String(value).slice(0, 2000);
}
