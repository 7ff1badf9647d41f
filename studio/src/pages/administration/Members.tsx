/** Who is in which group: a user's groups, or a group's users. */
import type { Group, User } from "@aws-sdk/client-iam";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Header from "@cloudscape-design/components/header";
import Select from "@cloudscape-design/components/select";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Box from "@cloudscape-design/components/box";
import { Anchor } from "@/blocks/Anchor";
import { Problem } from "@/blocks/Problem";
import { call } from "@/client/call";
import { useAction, useAnswer } from "@/client/query";
import { all, show } from "./all";

export function Members({ of, name }: { of: "User" | "Group"; name: string }) {
  const groups = of === "User";
  const pair = (other: string) => (groups ? { UserName: name, GroupName: other } : { UserName: other, GroupName: name });
  const members = useAnswer(["members", of, name], async (signal) =>
    groups
      ? (await all<Group>("ListGroupsForUser", "Groups", { UserName: name }, signal)).map(({ GroupName = "" }) => GroupName)
      : (await all<User>("GetGroup", "Users", { GroupName: name }, signal)).map(({ UserName = "" }) => UserName),
  );
  const others = useAnswer(["others", of], async (signal) =>
    groups
      ? (await all<Group>("ListGroups", "Groups", {}, signal)).map(({ GroupName = "" }) => GroupName)
      : (await all<User>("ListUsers", "Users", {}, signal)).map(({ UserName = "" }) => UserName),
  );
  const add = useAction((other: string) => call("iam", "AddUserToGroup", pair(other)));
  const remove = useAction((other: string) => call("iam", "RemoveUserFromGroup", pair(other)));
  const free = (others.data ?? []).filter((one) => !members.data?.includes(one));
  const title = groups ? "Groups" : "Users";
  return (
    <Container
      header={
        <Header variant="h2" counter={members.data && `(${members.data.length})`}>
          {title}
        </Header>
      }
    >
      <SpaceBetween size="m">
        <Problem error={members.error ?? add.error ?? remove.error} doing={`change or show its ${title.toLowerCase()}`} />
        {members.data?.length === 0 && <Box color="text-body-secondary">{groups ? "In no group." : "Nobody is in this group."}</Box>}
        {members.data && members.data.length > 0 && (
          <ul className="members">
            {members.data.map((one) => (
              <li key={one}>
                <Anchor href={show(groups ? "groups" : "users", one)}>{one}</Anchor>{" "}
                <Button variant="inline-icon" iconName="close" ariaLabel={groups ? `Take ${name} out of ${one}` : `Take out ${one}`} onClick={() => remove.mutate(one)} />
              </li>
            ))}
          </ul>
        )}
        <Select
          selectedOption={null}
          options={free.map((value) => ({ value }))}
          onChange={({ detail }) => detail.selectedOption.value && add.mutate(detail.selectedOption.value)}
          placeholder={groups ? "Add to a group" : "Add a user"}
          ariaLabel={groups ? "Add to a group" : "Add a user"}
          empty={groups ? "There is no other group" : "There is no other user"}
          filteringType="auto"
          filteringAriaLabel="Find"
          expandToViewport
        />
      </SpaceBetween>
    </Container>
  );
}
