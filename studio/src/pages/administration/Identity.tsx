/** The page of a user, group or role: what is known of it, what it may do, and its end. */
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { useState } from "react";
import { useLocation } from "wouter";
import { Confirm } from "@/blocks/Confirm";
import { type Fact, Facts } from "@/blocks/Facts";
import { Heading } from "@/blocks/Heading";
import { Snippets } from "@/blocks/Snippets";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";
import { type Noun, Permissions } from "./Permissions";

interface Props {
  noun: Noun;
  name: string;
  facts: readonly Fact[];
  /** What must be gone first is taken away by this as well. */
  remove: () => Promise<unknown>;
  warning: ReactNode;
  children?: ReactNode;
}

export function Identity({ noun, name, facts, remove, warning, children }: Props) {
  const [doomed, setDoomed] = useState(false);
  const [, go] = useLocation();
  const drop = useAction(remove);
  const back = () => {
    flash({ type: "success", content: `${name} is deleted.` });
    go(`/${noun.toLowerCase()}s`);
  };
  return (
    <SpaceBetween size="l">
      <Heading actions={<Button onClick={() => setDoomed(true)}>Delete</Button>}>{name}</Heading>
      <Container header={<Header variant="h2">Summary</Header>}>
        <Facts facts={facts} />
      </Container>
      {children}
      <Permissions noun={noun} name={name} />
      <Container header={<Header variant="h2">The same, as code</Header>}>
        <Snippets service="iam" operation={`Get${noun}`} input={{ [`${noun}Name`]: name }} />
      </Container>
      {doomed && (
        <Confirm title={`Delete ${name}?`} action="Delete" busy={drop.isPending} error={drop.error} onClose={() => (setDoomed(false), drop.reset())} onConfirm={() => drop.mutate(undefined, { onSuccess: back })}>
          {warning}
        </Confirm>
      )}
    </SpaceBetween>
  );
}
