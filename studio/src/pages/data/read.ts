/** The beginning of an object, never more than a preview shows: whatever an object says of itself, it costs no more. */
import { decoded } from "@/blocks/bytes";
import { call } from "@/client/call";

/** Of what is shown as text or as a table. */
export const GLANCE = 1024 * 1024;
/** Of a picture, which is shown whole or not at all. */
export const PICTURE = 8 * 1024 * 1024;

export interface Beginning {
  bytes: Uint8Array<ArrayBuffer>;
  /** Whether that is all. */
  whole: boolean;
}

export async function beginning(bucket: string, key: string, size: number, most: number, signal: AbortSignal): Promise<Beginning> {
  if (!size) return { bytes: new Uint8Array(), whole: true };
  const { Body } = await call("s3", "GetObject", { Bucket: bucket, Key: key, Range: `bytes=0-${Math.min(size, most) - 1}` }, signal);
  return { bytes: decoded(Body ?? ""), whole: size <= most };
}

/** What gzip holds, as far as it is at hand, and no more than a preview: a bomb goes off no further. */
export async function gunzipped({ bytes, whole }: Beginning): Promise<Beginning> {
  const reader = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip")).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  let ended = false;
  while (length < GLANCE && !ended) {
    const piece = await reader.read().catch((error: unknown) => {
      if (whole || !length) throw error; // what is cut off ends in the middle
      return { done: true, value: undefined };
    });
    ended = piece.done;
    if (piece.value) pieces.push(piece.value as Uint8Array<ArrayBuffer>);
    length += piece.value?.length ?? 0;
  }
  await reader.cancel().catch(() => {});
  const all = new Uint8Array(await new Blob(pieces).arrayBuffer());
  return { bytes: all.subarray(0, GLANCE), whole: whole && ended };
}

/** Text, if it is some: UTF-8 without zeros. What is cut off may end within a letter. */
export function text({ bytes, whole }: Beginning): string | undefined {
  if (bytes.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: !whole });
  } catch {
    return undefined;
  }
}
