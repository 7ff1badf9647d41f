/** Before it is deleted, a user, group or role must have nothing. Source: DeleteUser and its neighbours, "you must delete the items attached to the user manually". */
import type { AccessKeyMetadata, AttachedPolicy, Group, User } from "@aws-sdk/client-iam";
import { ApiError, call } from "@/client/call";
import { all } from "./all";
import type { Noun } from "./Permissions";

const ask = (operation: string, input: object) => call("iam", operation as never, input as never);

/** Without policies. */
async function bare(noun: Noun, name: string): Promise<void> {
  const named = { [`${noun}Name`]: name };
  for (const { PolicyArn } of await all<AttachedPolicy>(`ListAttached${noun}Policies`, "AttachedPolicies", named)) await ask(`Detach${noun}Policy`, { ...named, PolicyArn });
  for (const PolicyName of await all<string>(`List${noun}Policies`, "PolicyNames", named)) await ask(`Delete${noun}Policy`, { ...named, PolicyName });
}

export async function deleteUser(UserName: string): Promise<void> {
  await call("iam", "DeleteLoginProfile", { UserName }).catch((error: unknown) => {
    if (!(error instanceof ApiError) || !error.code.startsWith("NoSuchEntity")) throw error;
  });
  for (const { AccessKeyId } of await all<AccessKeyMetadata>("ListAccessKeys", "AccessKeyMetadata", { UserName })) await call("iam", "DeleteAccessKey", { UserName, AccessKeyId });
  for (const { GroupName } of await all<Group>("ListGroupsForUser", "Groups", { UserName })) await call("iam", "RemoveUserFromGroup", { UserName, GroupName });
  await bare("User", UserName);
  await call("iam", "DeleteUser", { UserName });
}

export async function deleteGroup(GroupName: string): Promise<void> {
  for (const { UserName } of await all<User>("GetGroup", "Users", { GroupName })) await call("iam", "RemoveUserFromGroup", { UserName, GroupName });
  await bare("Group", GroupName);
  await call("iam", "DeleteGroup", { GroupName });
}

export async function deleteRole(RoleName: string): Promise<void> {
  await bare("Role", RoleName);
  await call("iam", "DeleteRole", { RoleName });
}
