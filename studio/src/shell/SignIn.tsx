/** A user's name and password; or how to get a link. */
import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import Form from "@cloudscape-design/components/form";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { type ReactNode, useEffect, useState } from "react";
import { useLocation } from "wouter";
import { signIn } from "@/client/session";
import logo from "@/salvia.svg";

/** The frame of everything that is shown to nobody in particular. */
export function Welcome({ children }: { children: ReactNode }) {
  useEffect(() => {
    document.title = "Sign in · Salvia Studio";
  }, []);
  return (
    <main className="welcome">
      <img src={logo} alt="" width="56" height="56" />
      <Box variant="h1" padding={{ vertical: "s" }}>
        Salvia Studio
      </Box>
      <div className="welcome-card">{children}</div>
    </main>
  );
}

export function SignIn({ children }: { children?: ReactNode }) {
  const [path, go] = useLocation();
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [account, setAccount] = useState("");
  const [error, setError] = useState("");
  const [busy, setBusy] = useState(false);

  async function submit() {
    setBusy(true);
    setError("");
    try {
      await signIn({ UserName: name, Password: password, ...(account && { Account: account }) });
      if (path === "/link") go("/", { replace: true });
    } catch (reason) {
      setError((reason as Error).message);
      setBusy(false);
    }
  }

  return (
    <Welcome>
      <SpaceBetween size="l">
        {children}
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          <Container header={<Header variant="h2">Sign in</Header>}>
            <Form
              actions={
                <Button variant="primary" formAction="submit" loading={busy} disabled={!name || !password}>
                  Sign in
                </Button>
              }
            >
              <SpaceBetween size="m">
                {error && <Alert type="error">{error}</Alert>}
                <FormField label="User name">
                  <Input value={name} onChange={({ detail }) => setName(detail.value)} autoComplete="username" autoFocus name="username" />
                </FormField>
                <FormField label="Password">
                  <Input value={password} onChange={({ detail }) => setPassword(detail.value)} type="password" autoComplete="current-password" name="password" />
                </FormField>
                <FormField label={<span>Account <i>– optional</i></span>} description="The account's number, where there are several.">
                  <Input value={account} onChange={({ detail }) => setAccount(detail.value)} inputMode="numeric" name="account" />
                </FormField>
              </SpaceBetween>
            </Form>
          </Container>
        </form>
        <Box color="text-body-secondary" textAlign="center">
          On the server's machine, <code>salvia studio</code> signs you in without a password. A user gets one by{" "}
          <code>aws iam create-login-profile</code>.
        </Box>
      </SpaceBetween>
    </Welcome>
  );
}
