/** Uploads and downloads: part by part, as far as they have come, until they are done or given up. */
import { useSyncExternalStore } from "react";
import { decoded } from "@/blocks/bytes";
import { call } from "@/client/call";
import { queries } from "@/client/query";
import { leaf, legible } from "./places";

const PART = 8 * 1024 * 1024;
const LARGEST_PART = 11 * 1024 * 1024; // what, in base64, one request takes
const PARTS = 10_000; // S3's own limit
const AT_ONCE = 3;

export interface Transfer {
  id: number;
  upload: boolean;
  name: string;
  done: number;
  total: number;
  state: "running" | "done" | "failed" | "cancelled";
  error?: Error;
  cancel: () => void;
}

let transfers: readonly Transfer[] = [];
let count = 0;
let queue: Promise<unknown> = Promise.resolve();
const listeners = new Set<() => void>();

function set(next: readonly Transfer[]): void {
  transfers = next;
  for (const listener of listeners) listener();
}

function change(id: number, how: Partial<Transfer>): void {
  set(transfers.map((one) => (one.id === id ? { ...one, ...how } : one)));
}

export function useTransfers(): readonly Transfer[] {
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => transfers,
  );
}

/** Take finished ones off the list. */
export function tidy(): void {
  set(transfers.filter(({ state }) => state === "running"));
}

// Whoever leaves the page now would lose what is on its way.
addEventListener("beforeunload", (event) => {
  if (transfers.some(({ state }) => state === "running")) event.preventDefault();
});

type Work = (signal: AbortSignal, moved: (bytes: number) => void) => Promise<void>;

/** One after the other: each has all of the line. */
function start(upload: boolean, name: string, total: number, work: Work): void {
  const id = ++count;
  const aborter = new AbortController();
  set([...transfers, { id, upload, name: legible(name), done: 0, total, state: "running", cancel: () => aborter.abort() }]);
  let done = 0;
  const run = async () => {
    try {
      aborter.signal.throwIfAborted();
      await work(aborter.signal, (bytes) => change(id, { done: (done += bytes) }));
      change(id, { state: "done", done: total });
    } catch (error) {
      change(id, aborter.signal.aborted ? { state: "cancelled" } : { state: "failed", error: error as Error });
    }
    const more = transfers.some((one) => one.upload && one.state === "running");
    if (upload && !more) void queries.invalidateQueries(); // once for all that were chosen together
  };
  queue = queue.then(run);
}

export function upload(bucket: string, key: string, file: File): void {
  start(true, key, file.size, async (signal, moved) => {
    const to = { Bucket: bucket, Key: key };
    const kind = file.type ? { ContentType: file.type } : {};
    if (file.size <= PART) {
      await call("s3", "PutObject", { ...to, ...kind, Body: await encoded(file) }, signal);
      return moved(file.size);
    }
    const part = Math.max(PART, Math.ceil(file.size / PARTS));
    if (part > LARGEST_PART) throw new Error(`${file.name} is too large for a browser: \`aws s3 cp\` sends it in larger parts.`);
    const { UploadId } = await call("s3", "CreateMultipartUpload", { ...to, ...kind }, signal);
    try {
      const sent = await parts(Math.ceil(file.size / part), async (index) => {
        const slice = file.slice(index * part, (index + 1) * part);
        const { ETag } = await call("s3", "UploadPart", { ...to, UploadId, PartNumber: index + 1, Body: await encoded(slice) }, signal);
        moved(slice.size);
        return { ETag, PartNumber: index + 1 };
      });
      await call("s3", "CompleteMultipartUpload", { ...to, UploadId, MultipartUpload: { Parts: sent } }, signal);
    } catch (error) {
      await call("s3", "AbortMultipartUpload", { ...to, UploadId }).catch(() => {}); // the first error is the one to tell
      throw error;
    }
  });
}

/** The bytes as a file of the user's. Every part is of the same object, though somebody writes another meanwhile. */
export function download(bucket: string, key: string, size: number, etag?: string): void {
  start(false, key, size, async (signal, moved) => {
    const from = { Bucket: bucket, Key: key, ...(etag && { IfMatch: etag }) };
    const pieces = await parts(Math.ceil(size / PART), async (index) => {
      const range = `bytes=${index * PART}-${Math.min(size, (index + 1) * PART) - 1}`;
      const piece = decoded((await call("s3", "GetObject", { ...from, Range: range }, signal)).Body ?? "");
      moved(piece.length);
      return new Blob([piece]); // which the browser may keep on disk
    });
    // An octet stream is saved, whatever it holds.
    const url = URL.createObjectURL(new Blob(pieces, { type: "application/octet-stream" }));
    Object.assign(document.createElement("a"), { href: url, download: leaf(key) || "object" }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  });
}

/** The results of `work(0)`, `work(1)`, …, a few at once. The first that fails ends it. */
async function parts<T>(number: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results = new Array<T>(number);
  let next = 0;
  let failed = false;
  const worker = async () => {
    while (next < number && !failed) {
      const index = next++;
      try {
        results[index] = await work(index);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const settled = await Promise.allSettled(Array.from({ length: Math.min(AT_ONCE, number) }, worker));
  const wrong = settled.find((one) => one.status === "rejected");
  if (wrong) throw wrong.reason;
  return results;
}

function encoded(blob: Blob): Promise<string> {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result).split(",")[1] ?? "");
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
