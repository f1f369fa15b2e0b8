/** Two ways to sign in behind one protocol: Cognito's hosted page in the cloud, a form of our own in the sandbox. */

import type { Config } from "./config";

/** Where the hosted page sends people back to. */
export const CALLBACK = "/signed-in";

export interface Session {
  readonly user: string;
  readonly email: string;
  readonly groups: readonly string[];
  readonly token: string;
  readonly expiresAtMs: number;
}

export interface SignIn {
  /** True where the page itself asks for name and password. */
  readonly asksHere: boolean;
  /** Return the session of this browser tab, if there is one, be it over: kept from before a reload, or brought by a redirect. */
  restore(): Promise<Session | null>;
  /** Return the address at which the person was sent away to sign in. */
  cameFrom(): string;
  /** Begin: leaves the page (hosted), or answers with a session (password). */
  begin(name: string, password: string): Promise<Session | null>;
  /** Return a fresh session; null when the person has to sign in again. Throws when nobody could be asked. */
  refresh(): Promise<Session | null>;
  end(): Promise<void>;
}

/** Wrong name, wrong password, or a user pool that asks for something this form cannot give. */
export class SignInError extends Error {}

export async function signInOf(config: Config): Promise<SignIn> {
  if (config.sign_in === "hosted") {
    const { hostedSignIn } = await import("./hosted");
    return hostedSignIn(config);
  }
  const { passwordSignIn } = await import("./password");
  return passwordSignIn(config);
}

/** Read what the token says; the API checks its signature, the page only shows what it may. */
export function sessionOf(token: string): Session {
  const payload = token.split(".")[1] ?? "";
  const bytes = Uint8Array.from(atob(payload.replaceAll("-", "+").replaceAll("_", "/")), (each) => each.charCodeAt(0));
  const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
  const text = (claim: string) => (typeof claims[claim] === "string" ? claims[claim] : "");
  return {
    user: text("cognito:username") || text("username") || text("sub"),
    email: text("email"),
    groups: Array.isArray(claims["cognito:groups"]) ? claims["cognito:groups"].map(String) : [],
    token,
    expiresAtMs: Number(claims.exp ?? 0) * 1000,
  };
}
