/** What went wrong, in the server's own words; and, where a right is missing, which one and whose. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { ApiError } from "@/client/call";
import { useSession } from "@/client/session";
import { Heading } from "./Heading";

interface Props {
  error: Error | null | undefined;
  /** What was tried, as in "could not …": `show the logs`. */
  doing?: string;
  retry?: () => void;
  /** The page's title, where this stands for the whole of it. */
  page?: string;
}

export function Problem({ error, doing = "show this", retry, page }: Props) {
  if (!error) return null;
  if (page !== undefined)
    return (
      <SpaceBetween size="l">
        <Heading>{page}</Heading>
        <Problem error={error} doing={doing} retry={retry} />
      </SpaceBetween>
    );
  if (error instanceof ApiError && error.denied) return <Denied error={error} />;
  return (
    <Alert type="error" header={`Could not ${doing}`} action={retry && <Button onClick={retry}>Try again</Button>}>
      {error.message}
    </Alert>
  );
}

/** What one may not do is explained, not hidden. */
export function Denied({ error }: { error: ApiError }) {
  const session = useSession();
  const action = /perform: ([\w-]+:\w+)/.exec(error.message)?.[1] ?? error.operation.replace(".", ":");
  return (
    <Alert type="warning" header={`You are not allowed ${action}`}>
      <SpaceBetween size="xs">
        <span>{error.message}</span>
        <Box color="text-body-secondary">
          You are <code>{session?.Arn}</code>. An administrator can allow it: a policy of yours must say{" "}
          <code>{`"Action": "${action}"`}</code>, and no policy may deny it.
        </Box>
      </SpaceBetween>
    </Alert>
  );
}
