import { createContext, useContext, useEffect, useMemo, useState, type ReactNode } from "react";

import { SignInScreen } from "./SignInScreen";
import type { Session, SignIn } from "./signIn";
import { Tokens } from "./tokens";

interface SessionState {
  readonly session: Session;
  readonly tokens: Pick<Tokens, "token" | "instead">;
  readonly signOut: () => Promise<void>;
}

const SessionContext = createContext<SessionState | null>(null);

export function useSession(): SessionState {
  const state = useContext(SessionContext);
  if (!state) throw new Error("useSession: expected inside a SessionProvider");
  return state;
}

/** Shows its children to whoever is signed in, and the way to sign in to everybody else. */
export function SessionProvider({ signIn, children }: { signIn: SignIn; children: ReactNode }) {
  const [session, setSession] = useState<Session | null | undefined>(undefined);
  const [problem, setProblem] = useState<string | null>(null);
  useEffect(() => {
    signIn.restore().then(setSession, (error: unknown) => {
      setProblem(error instanceof Error ? error.message : String(error));
      setSession(null);
    });
  }, [signIn]);
  const state = useMemo(() => {
    if (!session) return null;
    const tokens = new Tokens(signIn, session, () => {
      setProblem("Your session has ended. What you answered is kept; sign in to send it.");
      setSession(null);
    });
    const signOut = async () => {
      setProblem(null);
      await signIn.end();
      setSession(null);
    };
    return { session, tokens, signOut };
  }, [session, signIn]);

  if (state) return <SessionContext value={state}>{children}</SessionContext>;
  return <SignInScreen signIn={signIn} waiting={session === undefined} problem={problem} onSession={setSession} />;
}
