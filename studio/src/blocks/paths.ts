/** Values within a request by path: `ResourceConfig.InstanceType`. Nothing is changed in place. */

export type Json = Record<string, unknown>;

export function get(of: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => (value as Json | undefined)?.[name], of);
}

/** A member that is given nothing is left out of the request. */
export function set(of: Json, path: string, value: unknown): Json {
  const [name = "", ...rest] = path.split(".");
  const next = rest.length ? set((of[name] ?? {}) as Json, rest.join("."), value) : value;
  const { [name]: _, ...others } = of;
  return next === undefined ? others : { ...of, [name]: next };
}

/** The member that AWS's sentence is about: `… at 'resourceConfig.instanceCount' failed …`. */
export function accused(message: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const part of message.split(/(?<=\. |^)|; (?=Value)/)) {
    const at = /at '([\w.]+)' failed to satisfy constraint: (.+)/s.exec(part) ?? /at '([\w.]+)' (.+)/s.exec(part);
    if (at?.[1]) found.set(at[1].replace(/\.\d+\.member/g, "").toLowerCase(), at[2] ?? part);
  }
  return found;
}
