/** Act as a role that the user may assume. */
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import { useState } from "react";
import { Confirm } from "@/blocks/Confirm";
import { useAction } from "@/client/query";
import { switchRole } from "@/client/session";

export function SwitchRole({ onClose }: { onClose: () => void }) {
  const [arn, setArn] = useState("");
  const change = useAction(() => switchRole(arn.trim()));
  return (
    <Confirm
      title="Switch role"
      action="Switch role"
      busy={change.isPending}
      blocked={arn.trim() ? undefined : "Which role?"}
      error={change.error}
      onClose={onClose}
      onConfirm={() => change.mutate(undefined, { onSuccess: onClose })}
    >
      <FormField label="Role" description="Its ARN. Its trust policy must let you assume it.">
        <Input value={arn} onChange={({ detail }) => setArn(detail.value)} placeholder="arn:aws:iam::123456789012:role/DataScientist" autoFocus />
      </FormField>
    </Confirm>
  );
}
