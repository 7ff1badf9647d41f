/** JupyterLab in a tab of its own, on a host of its own: what a notebook runs does not reach Studio. */
import Button from "@cloudscape-design/components/button";
import { useAction } from "@/client/query";
import { failed } from "@/shell/flash";

interface Props {
  /** What it runs in: a notebook instance, a space. */
  name: string;
  /** Makes the link, when it is clicked. */
  link: () => Promise<{ AuthorizedUrl?: string }>;
  status: string | undefined;
  primary?: boolean;
}

export function OpenJupyterLab({ name, link, status, primary }: Props) {
  const open = useAction(async () => void window.open((await link()).AuthorizedUrl, "_blank", "noopener"));
  return (
    <Button
      variant={primary ? "primary" : "inline-link"}
      iconName="external"
      iconAlign="right"
      ariaLabel={`Open JupyterLab of ${name} in a new tab`}
      loading={open.isPending}
      disabled={status !== "InService"}
      onClick={() => open.mutate(undefined, { onError: failed })}
    >
      Open JupyterLab
    </Button>
  );
}
