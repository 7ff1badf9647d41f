/** The one way to the server: AWS's operations as JSON, and Studio's few own routes. */
import type { Input, Operation, Output, Service } from "./wire";

/** What AWS would have raised: its code, its sentence, its status. */
export class ApiError extends Error {
  constructor(
    readonly code: string,
    message: string,
    readonly status: number,
    /** `sagemaker.ListTrainingJobs`, for whoever must be told which right is missing. */
    readonly operation = "",
  ) {
    super(message);
  }

  get denied(): boolean {
    return this.status === 403 || this.code.startsWith("AccessDenied");
  }
}

/** Set by the session; read by every request. */
export const context = { who: "", csrf: "", region: "", signedOut: () => {} };

async function send(path: string, init: RequestInit, operation = ""): Promise<unknown> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, credentials: "same-origin" });
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new ApiError("Unreachable", "The server does not answer. Is `salvia up` still running? This page tries again by itself.", 0, operation);
  }
  const text = await answer.text();
  let body: Record<string, unknown> = {};
  try {
    body = text ? JSON.parse(text) : {};
  } catch {
    throw new ApiError("NotJson", `The server answered ${answer.status} with something that is not JSON: ${text.slice(0, 200)}`, answer.status, operation);
  }
  if (answer.ok) return body;
  if (answer.status === 401 && path !== "/_session") context.signedOut();
  const code = String(body.__type ?? answer.statusText).split("#").pop() ?? "";
  throw new ApiError(code, String(body.message ?? body.Message ?? code), answer.status, operation);
}

/** `call("sagemaker", "ListTrainingJobs", { MaxResults: 10 })`: as the SDK would, with the session's rights. */
export async function call<S extends Service, O extends Operation<S>>(
  service: S,
  operation: O,
  input: Input<S, O>,
  signal?: AbortSignal,
): Promise<Output<S, O>> {
  const target = `${service}.${operation}`;
  const headers: Record<string, string> = { "Content-Type": "application/json", "X-Amz-Target": target, "X-Salvia-Csrf": context.csrf };
  if (context.region) headers["X-Salvia-Region"] = context.region;
  return (await send("/", { method: "POST", headers, body: JSON.stringify(input), signal }, target)) as Output<S, O>;
}

/** One of Studio's own routes (`/_session`, `/_series`, `/_views/…`, `/_capacity`). */
export async function own<T>(method: "GET" | "POST" | "PUT" | "DELETE", path: `/_${string}`, body?: unknown, signal?: AbortSignal): Promise<T> {
  const headers: Record<string, string> = { "Content-Type": "application/json", "X-Salvia-Csrf": context.csrf };
  if (context.region) headers["X-Salvia-Region"] = context.region;
  return (await send(path, { method, headers, signal, ...(body === undefined ? {} : { body: JSON.stringify(body) }) })) as T;
}
