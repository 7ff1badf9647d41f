/** An empty place that teaches: what would stand here, and the line that makes one. */
import Box from "@cloudscape-design/components/box";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { Code } from "./Code";

interface Props {
  title: string;
  children?: ReactNode;
  /** A line for the AWS CLI. */
  cli?: string;
  action?: ReactNode;
}

export function Nothing({ title, children, cli, action }: Props) {
  return (
    <Box textAlign="center" margin={{ vertical: "l" }}>
      <SpaceBetween size="s">
        <Box variant="strong">{title}</Box>
        {children && <Box color="text-body-secondary">{children}</Box>}
        {action}
        {cli && <div className="nothing-code"><Code text={cli} label="AWS CLI" /></div>}
      </SpaceBetween>
    </Box>
  );
}
