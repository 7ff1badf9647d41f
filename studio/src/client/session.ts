/** Who is signed in: one small store that the shell and every page read. */
import { useSyncExternalStore } from "react";
import { ApiError, context, own } from "./call";

export interface Session {
  Arn: string;
  Account: string;
  Name: string;
  Kind: "user" | "role" | "root";
  Region: string;
  Regions: string[];
  Csrf: string;
  ExpiresAt: number;
  SwitchedFrom: string | null;
}

/** `undefined`: not asked yet; `null`: nobody. */
let current: Session | null | undefined;
const listeners = new Set<() => void>();
const REGION = "salvia-region";
/** Kept beside the cookie, where no other host can put one: a cookie without its token is not of our signing in. */
const CSRF = "salvia-csrf";

function set(session: Session | null): void {
  current = session;
  context.who = session?.Arn ?? "";
  context.csrf = session?.Csrf ?? "";
  if (session) localStorage.setItem(CSRF, session.Csrf);
  else localStorage.removeItem(CSRF);
  const chosen = localStorage.getItem(REGION);
  context.region = session ? (chosen && session.Regions.includes(chosen) ? chosen : session.Region) : "";
  for (const listener of listeners) listener();
}

context.signedOut = () => set(null);

export function useSession(): Session | null | undefined {
  return useSyncExternalStore(
    (listener) => (listeners.add(listener), () => listeners.delete(listener)),
    () => current,
  );
}

/** Ask who is signed in; nobody is no error. */
export async function restore(): Promise<void> {
  context.csrf = localStorage.getItem(CSRF) ?? "";
  try {
    set(await own<Session>("GET", "/_session"));
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 401) throw error;
    set(null);
  }
}

export type Credentials = { UserName: string; Password: string; Account?: string } | { Token: string };

export async function signIn(credentials: Credentials): Promise<void> {
  set(await own<Session>("POST", "/_session", credentials));
}

export async function signOut(): Promise<void> {
  await own("DELETE", "/_session");
  set(null);
}

export async function switchRole(arn: string): Promise<void> {
  await own("PUT", "/_session/role", { RoleArn: arn });
  await restore();
}

export async function switchBack(): Promise<void> {
  await own("DELETE", "/_session/role");
  await restore();
}

/** Another region: a fresh session object, so that everybody who reads it renders anew. */
export function chooseRegion(region: string): void {
  localStorage.setItem(REGION, region);
  if (current) set({ ...current });
}
