/** Somebody decides about a version, and says why. */
import ExpandableSection from "@cloudscape-design/components/expandable-section";
import FormField from "@cloudscape-design/components/form-field";
import RadioGroup from "@cloudscape-design/components/radio-group";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useState } from "react";
import { Confirm } from "@/blocks/Confirm";
import { Snippets } from "@/blocks/Snippets";
import { words } from "@/blocks/Status";
import { call } from "@/client/call";
import { useAction } from "@/client/query";
import { flash } from "@/shell/flash";

type Decision = "Approved" | "Rejected" | "PendingManualApproval";

interface Props {
  arn: string;
  title: string;
  before?: string;
  comment?: string;
  onClose: () => void;
}

export function Approve({ arn, title, before, comment: said = "", onClose }: Props) {
  const [decision, setDecision] = useState<Decision>(before === "Approved" ? "Rejected" : "Approved");
  const [comment, setComment] = useState(said);
  const input = { ModelPackageArn: arn, ModelApprovalStatus: decision, ...(comment && { ApprovalDescription: comment }) };
  const save = useAction(() => call("sagemaker", "UpdateModelPackage", input));
  return (
    <Confirm
      title={title}
      action="Save"
      doing="save the decision"
      busy={save.isPending}
      error={save.error}
      onClose={onClose}
      onConfirm={() => save.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `${title}: ${words(decision).toLowerCase()}.` }), onClose()) })}
    >
      <SpaceBetween size="m">
        <RadioGroup
          ariaLabel="Decision"
          value={decision}
          onChange={({ detail }) => setDecision(detail.value as Decision)}
          items={[
            { value: "Approved", label: "Approved", description: "It may be deployed." },
            { value: "Rejected", label: "Rejected", description: "A model of it is refused." },
            { value: "PendingManualApproval", label: "Pending manual approval" },
          ]}
        />
        <FormField label={<span>Comment <i>– optional</i></span>} description="Kept with the version, with who said it." stretch>
          <Textarea value={comment} rows={3} onChange={({ detail }) => setComment(detail.value)} />
        </FormField>
        <ExpandableSection headerText="The same, as code">
          <Snippets service="sagemaker" operation="UpdateModelPackage" input={input} />
        </ExpandableSection>
      </SpaceBetween>
    </Confirm>
  );
}
