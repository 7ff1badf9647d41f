/** The head of a page about one thing: its name, how it stands, what can be done with it. */
import Header from "@cloudscape-design/components/header";
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
      actions={actions && <div className="row">{actions}</div>}
    >
      <span className="fact">{children}</span>
    </Header>
  );
}
