/** A question before something is done: whether, or how. */
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import type { ReactNode } from "react";
import { Problem } from "./Problem";

interface Props {
  title: string;
  /** The button's word: `Stop`. */
  action: string;
  children: ReactNode;
  /** What failed when there is an `error`: `save the decision`. */
  doing?: string;
  busy?: boolean;
  /** Why it cannot be done as it stands. */
  blocked?: string;
  large?: boolean;
  error?: Error | null;
  onConfirm: () => void;
  onClose: () => void;
}

export function Confirm({ title, action, children, doing = action.toLowerCase(), busy, blocked, large, error, onConfirm, onClose }: Props) {
  return (
    <Modal
      visible
      size={large ? "large" : "medium"}
      header={title}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={busy} disabled={Boolean(blocked)} disabledReason={blocked} onClick={onConfirm}>
              {action}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        <Problem error={error} doing={doing} />
        <div>{children}</div>
      </SpaceBetween>
    </Modal>
  );
}
