/** One group: its users, and what they all may do. */
import Spinner from "@cloudscape-design/components/spinner";
import { useSearchParams } from "@/client/address";
import { Problem } from "@/blocks/Problem";
import { moment } from "@/blocks/Time";
import { useCall } from "@/client/query";
import { deleteGroup } from "./bare";
import { Identity } from "./Identity";
import { Members } from "./Members";

export default function Group() {
  const [search] = useSearchParams();
  const name = search.get("name") ?? "";
  const got = useCall("iam", "GetGroup", { GroupName: name, MaxItems: 1 }, { live: ["Group"] });
  if (got.error) return <Problem error={got.error} page={name} doing={`show ${name}`} retry={() => void got.refetch()} />;
  if (!got.data) return <Spinner size="large" />;
  return (
    <Identity
      noun="Group"
      name={name}
      facts={[["ARN", got.data.Group?.Arn], ["Created", moment(got.data.Group?.CreateDate)]]}
      remove={() => deleteGroup(name)}
      warning="Its users stay, without what this group let them do."
    >
      <Members of="Group" name={name} />
    </Identity>
  );
}
