/** `/link#TOKEN`: a sign-in link. The page posts the token, so that what merely fetches the address does not spend it. */
import Alert from "@cloudscape-design/components/alert";
import Spinner from "@cloudscape-design/components/spinner";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { ApiError } from "@/client/call";
import { signIn } from "@/client/session";
import { SignIn, Welcome } from "./SignIn";

let spent: Promise<void> | undefined; // once, however often React mounts the page
let to: string | undefined;

export function Link() {
  const [, go] = useLocation();
  const [error, setError] = useState("");

  useEffect(() => {
    const token = location.hash.slice(1);
    to ??= new URLSearchParams(location.search).get("to") ?? "";
    history.replaceState(null, "", "/link"); // out of the history, whether or not it worked
    spent ??= token ? signIn({ Token: token }) : Promise.reject(new ApiError("NoToken", "This link is not whole: it ends in # and a token.", 400));
    spent.then(
      () => go(/^\/(?![/\\])/.test(to!) ? to! : "/", { replace: true }), // a page of ours, or the first
      (reason: Error) => setError(reason.message),
    );
  }, []);

  if (!error) return <Welcome><Spinner size="large" /> Signing in…</Welcome>;
  return (
    <SignIn>
      <Alert type="error" header="This link does not sign you in">
        {error} A link works once and for five minutes: <code>salvia studio --link</code> prints a new one.
      </Alert>
    </SignIn>
  );
}
