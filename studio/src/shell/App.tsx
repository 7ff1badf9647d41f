/** Who is signed in sees Studio; nobody sees the sign-in page, at whatever address. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Spinner from "@cloudscape-design/components/spinner";
import { useEffect, useState } from "react";
import { useLocation } from "wouter";
import { ApiError } from "@/client/call";
import { restore, useSession } from "@/client/session";
import { Link } from "./Link";
import { Shell } from "./Shell";
import { SignIn } from "./SignIn";

export function App() {
  const session = useSession();
  const [path] = useLocation();
  const [error, setError] = useState("");

  useEffect(() => {
    if (path === "/link") return; // its own session is on its way
    restore().catch((reason: unknown) => setError(reason instanceof ApiError ? reason.message : String(reason)));
  }, []);

  if (path === "/link") return <Link />;
  if (session) return <Shell session={session} />;
  if (session === null) return <SignIn />;
  return (
    <Box padding="xxl" textAlign="center">
      {error ? <Alert type="error" header="Studio cannot start">{error}</Alert> : <Spinner size="large" />}
    </Box>
  );
}
