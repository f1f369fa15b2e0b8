/** Sign-in by name and password against the user pool's own API, as the sandbox' emulator offers it. */

import type { Config } from "./config";
import { SignInError, sessionOf, type Session, type SignIn } from "./signIn";

interface Tokens {
  readonly IdToken: string;
  readonly RefreshToken?: string;
}

const KEPT = "fabwafer-session";

export function passwordSignIn(config: Extract<Config, { sign_in: "password" }>): SignIn {
  const keep = (tokens: Tokens): Session => {
    sessionStorage.setItem(KEPT, JSON.stringify(tokens));
    return sessionOf(tokens.IdToken);
  };
  const kept = (): Tokens | null => JSON.parse(sessionStorage.getItem(KEPT) ?? "null") as Tokens | null;
  const initiate = (flow: string, parameters: Record<string, string>) =>
    initiateAuth(config.endpoint, { AuthFlow: flow, ClientId: config.client_id, AuthParameters: parameters });
  const refresh = async (): Promise<Session | null> => {
    const refreshToken = kept()?.RefreshToken;
    if (!refreshToken) return null;
    try {
      const tokens = await initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: refreshToken });
      return keep({ RefreshToken: refreshToken, ...tokens });
    } catch (error) {
      if (error instanceof SignInError) return null;
      throw error;
    }
  };
  return {
    asksHere: true,
    // The form is shown wherever the person is: they never left.
    cameFrom: () => "/",
    restore: () => {
      const tokens = kept();
      return Promise.resolve(tokens && sessionOf(tokens.IdToken));
    },
    begin: async (name, password) => keep(await initiate("USER_PASSWORD_AUTH", { USERNAME: name, PASSWORD: password })),
    refresh,
    end: () => {
      sessionStorage.removeItem(KEPT);
      return Promise.resolve();
    },
  };
}

async function initiateAuth(endpoint: string, request: object): Promise<Tokens> {
  const response = await fetch(endpoint, {
    method: "POST",
    headers: {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": "AWSCognitoIdentityProviderService.InitiateAuth",
    },
    body: JSON.stringify(request),
  });
  const answer = (await response.json()) as { AuthenticationResult?: Tokens; ChallengeName?: string; message?: string };
  if (response.status >= 500) throw new Error(`sign-in: expected an answer, got ${response.status}`);
  if (!response.ok) throw new SignInError(answer.message ?? "Name or password is wrong.");
  if (!answer.AuthenticationResult) {
    throw new SignInError(`The user pool asks for ${answer.ChallengeName ?? "something else"}; an administrator has to settle that.`);
  }
  return answer.AuthenticationResult;
}
