/** The head of a page about one thing: its name, how it stands, what can be done with it. */
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";

interface Props {
  children: ReactNode;
  status?: ReactNode;
  description?: ReactNode;
  /** Buttons. */
  actions?: ReactNode;
}

export function Heading({ children, status, description, actions }: Props) {
  return (
    <Header
      variant="h1"
      description={description}
      info={status && <span className="heading-status">{status}</span>}
      actions={actions && <SpaceBetween direction="horizontal" size="xs">{actions}</SpaceBetween>}
    >
      <span className="fact">{children}</span>
    </Header>
  );
}
