/** Every page of one of IAM's lists: a few hundred at most, and a table that is filtered needs them all. */
import { call } from "@/client/call";
import type { Operation, Wire } from "@/client/wire";

type Listing = Extract<Operation<"iam">, `List${string}` | "GetGroup">;

export async function all<T>(operation: Listing, rows: string, input: object, signal?: AbortSignal): Promise<Wire<T>[]> {
  const found: Wire<T>[] = [];
  let marker: string | undefined;
  do {
    const answer = (await call("iam", operation, { ...input, MaxItems: 1000, ...(marker && { Marker: marker }) } as never, signal)) as Record<string, unknown>;
    found.push(...((answer[rows] ?? []) as Wire<T>[]));
    marker = answer.IsTruncated ? (answer.Marker as string) : undefined;
  } while (marker);
  return found;
}

/** IAM sends documents as AWS does: percent-encoded (RFC 3986). */
export function document(encoded: string | undefined): string {
  const text = decodeURIComponent(encoded ?? "");
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

/** Names may hold dots: they stand in the query. */
export function show(kind: "users" | "groups" | "roles" | "policies", name: string): string {
  return `/${kind}/show?${new URLSearchParams({ name })}`;
}
