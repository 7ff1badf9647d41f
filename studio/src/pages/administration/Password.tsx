/** A user's password: with one, they sign in to Studio. */
import Button from "@cloudscape-design/components/button";
import Checkbox from "@cloudscape-design/components/checkbox";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";
import { Confirm } from "@/blocks/Confirm";
import { Problem } from "@/blocks/Problem";
import { Time } from "@/blocks/Time";
import { call } from "@/client/call";
import { useAction, useCall } from "@/client/query";
import { flash } from "@/shell/flash";

export function Password({ name }: { name: string }) {
  const profile = useCall("iam", "GetLoginProfile", { UserName: name });
  const [setting, setSetting] = useState(false);
  const [dropping, setDropping] = useState(false);
  const none = profile.error?.code.startsWith("NoSuchEntity") ?? false;
  const has = profile.data?.LoginProfile;
  const drop = useAction(() => call("iam", "DeleteLoginProfile", { UserName: name }));
  return (
    <Container
      header={
        <Header
          variant="h2"
          actions={
            <SpaceBetween direction="horizontal" size="xs">
              {has && !none && <Button onClick={() => setDropping(true)}>Take away</Button>}
              {(has || none) && <Button onClick={() => setSetting(true)}>{none ? "Give a password" : "Change"}</Button>}
            </SpaceBetween>
          }
        >
          Password
        </Header>
      }
    >
      {none ? "None: this user does not sign in by password." : profile.error ? <Problem error={profile.error} doing="see whether there is a password" /> : has ? <>Since <Time at={has.CreateDate} />{has.PasswordResetRequired ? "; to be changed by the user." : "."}</> : "…"}
      {setting && <Give name={name} fresh={none} onClose={() => setSetting(false)} />}
      {dropping && (
        <Confirm
          title={`Take away ${name}'s password?`}
          action="Take away"
          busy={drop.isPending}
          error={drop.error}
          onClose={() => setDropping(false)}
          onConfirm={() => drop.mutate(undefined, { onSuccess: () => setDropping(false) })}
        >
          {name} does not sign in by password any more. Access keys work on.
        </Confirm>
      )}
    </Container>
  );
}

function Give({ name, fresh, onClose }: { name: string; fresh: boolean; onClose: () => void }) {
  const [password, setPassword] = useState("");
  const [change, setChange] = useState(false);
  const give = useAction(() => call("iam", fresh ? "CreateLoginProfile" : "UpdateLoginProfile", { UserName: name, Password: password, PasswordResetRequired: change }));
  return (
    <Confirm
      title={`Password of ${name}`}
      action="Save"
      busy={give.isPending}
      error={give.error}
      onClose={onClose}
      onConfirm={() => give.mutate(undefined, { onSuccess: () => (flash({ type: "success", content: `${name} signs in with the new password.` }), onClose()) })}
    >
      <SpaceBetween size="m">
        <FormField label="Password" description="As the account's password policy asks.">
          <Input type="password" value={password} onChange={({ detail }) => setPassword(detail.value)} autoComplete="new-password" autoFocus />
        </FormField>
        <Checkbox checked={change} onChange={({ detail }) => setChange(detail.checked)}>
          The user must choose another one
        </Checkbox>
      </SpaceBetween>
    </Confirm>
  );
}
