/** Act as a role that the user may assume. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { switchRole } from "@/client/session";

export function SwitchRole({ onClose }: { onClose: () => void }) {
  const [arn, setArn] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit() {
    setBusy(true);
    try {
      await switchRole(arn.trim());
      onClose();
    } catch (reason) {
      setError((reason as Error).message);
      setBusy(false);
    }
  }

  return (
    <Modal
      visible
      onDismiss={onClose}
      header="Switch role"
      closeAriaLabel="Close"
      footer={
        <Box float="right">
          <SpaceBetween direction="horizontal" size="xs">
            <Button variant="link" onClick={onClose}>Cancel</Button>
            <Button variant="primary" loading={busy} disabled={!arn.trim()} onClick={() => void submit()}>Switch role</Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {error && <Alert type="error">{error}</Alert>}
        <FormField label="Role" description="Its ARN. Its trust policy must let you assume it.">
          <Input value={arn} onChange={({ detail }) => setArn(detail.value)} placeholder="arn:aws:iam::123456789012:role/DataScientist" autoFocus />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
