/** One user: password, access keys, groups, permissions. */
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useSearchParams } from "@/client/address";
import { Problem } from "@/blocks/Problem";
import { moment } from "@/blocks/Time";
import { useCall } from "@/client/query";
import { AccessKeys } from "./AccessKeys";
import { deleteUser } from "./bare";
import { Identity } from "./Identity";
import { Members } from "./Members";
import { Password } from "./Password";

export default function User() {
  const [search] = useSearchParams();
  const name = search.get("name") ?? "";
  const got = useCall("iam", "GetUser", { UserName: name }, { live: ["User"] });
  if (got.error) return <Problem error={got.error} page={name} doing={`show ${name}`} retry={() => void got.refetch()} />;
  if (!got.data) return <Spinner size="large" />;
  const user = got.data.User;
  return (
    <Identity
      noun="User"
      name={name}
      facts={[
        ["ARN", user?.Arn],
        ["Created", moment(user?.CreateDate)],
        ["Password last used", user?.PasswordLastUsed ? moment(user.PasswordLastUsed) : "Never"],
        ["Path", user?.Path],
        ["Permissions boundary", user?.PermissionsBoundary?.PermissionsBoundaryArn],
      ]}
      remove={() => deleteUser(name)}
      warning="Its password, access keys, group memberships and policies go with it; whoever is signed in as this user is out at once."
    >
      <SpaceBetween size="l">
        <Password name={name} />
        <AccessKeys name={name} />
        <Members of="User" name={name} />
      </SpaceBetween>
    </Identity>
  );
}
