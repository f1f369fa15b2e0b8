import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import Input from "@cloudscape-design/components/input";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Spinner from "@cloudscape-design/components/spinner";
import { useState, type SyntheticEvent } from "react";

import { SignInError, type Session, type SignIn } from "./signIn";

interface SignInScreenProps {
  readonly signIn: SignIn;
  readonly waiting: boolean;
  readonly problem: string | null;
  readonly onSession: (session: Session) => void;
}

export function SignInScreen({ signIn, waiting, problem, onSession }: SignInScreenProps) {
  const [name, setName] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [refused, setRefused] = useState<string | null>(null);

  const submit = async (event: SyntheticEvent) => {
    event.preventDefault();
    setBusy(true);
    try {
      const session = await signIn.begin(name, password);
      if (session) onSession(session);
    } catch (error) {
      setRefused(error instanceof SignInError ? error.message : "The sign-in service cannot be reached. Try again in a moment.");
      setBusy(false);
    }
  };
  if (waiting) {
    return (
      <main className="sign-in">
        <Box textAlign="center" padding="xxl">
          <Spinner size="large" /> <Box variant="p">Opening FabWafer</Box>
        </Box>
      </main>
    );
  }
  return (
    <main className="sign-in">
      <form onSubmit={(event) => void submit(event)}>
        <Container header={<Header variant="h1" description="Wafers that wait for a person">FabWafer</Header>}>
          <SpaceBetween size="l">
            {problem && <Alert type="info">{problem}</Alert>}
            {refused && <Alert type="error">{refused}</Alert>}
            {signIn.asksHere && (
              <SpaceBetween size="m">
                <FormField label="Name">
                  <Input value={name} autoFocus autoComplete="username" onChange={({ detail }) => setName(detail.value)} />
                </FormField>
                <FormField label="Password">
                  <Input value={password} type="password" autoComplete="current-password" onChange={({ detail }) => setPassword(detail.value)} />
                </FormField>
              </SpaceBetween>
            )}
            <Button variant="primary" formAction="submit" loading={busy} fullWidth>
              Sign in
            </Button>
          </SpaceBetween>
        </Container>
      </form>
    </main>
  );
}
