/** Sign-in by Cognito's hosted page: authorization code with PKCE, refreshed in the background. */

import { ErrorResponse, UserManager, WebStorageStateStore, type User } from "oidc-client-ts";

import type { Config } from "./config";
import { CALLBACK, sessionOf, type Session, type SignIn } from "./signIn";

type HostedConfig = Extract<Config, { sign_in: "hosted" }>;
/** What of the OpenID client is used. */
export type Manager = Pick<UserManager, "getUser" | "signinRedirect" | "signinRedirectCallback" | "signinSilent" | "revokeTokens" | "removeUser">;

export function hostedSignIn(config: HostedConfig, manager: Manager = managerOf(config)): SignIn {
  let cameFrom = "/";
  const sessionFrom = (user: User | null): Session | null => (user?.id_token ? sessionOf(user.id_token) : null);
  return {
    asksHere: false,
    cameFrom: () => cameFrom,
    restore: async () => {
      if (window.location.pathname !== CALLBACK) return sessionFrom(await manager.getUser());
      const user = await manager.signinRedirectCallback();
      cameFrom = placeOf(user.state);
      return sessionFrom(user);
    },
    begin: async () => {
      const { pathname, search } = window.location;
      await manager.signinRedirect({ state: pathname === CALLBACK ? "/" : pathname + search });
      return null;
    },
    refresh: async () => {
      try {
        return sessionFrom(await manager.signinSilent());
      } catch (error) {
        // The user pool said no; whatever else went wrong may pass.
        if (error instanceof ErrorResponse) return null;
        throw error;
      }
    },
    // Cognito's issuer names no end-of-session endpoint; its sign-out is an address of the hosted page.
    end: async () => {
      // Without a network the refresh token ends by its own time: signing out waits for nobody.
      await manager.revokeTokens(["refresh_token"]).catch(() => undefined);
      await manager.removeUser();
      const query = new URLSearchParams({ client_id: config.client_id, logout_uri: `${window.location.origin}/` });
      window.location.assign(`${config.domain}/logout?${query.toString()}`);
    },
  };
}

function managerOf(config: HostedConfig): UserManager {
  return new UserManager({
    authority: config.issuer,
    client_id: config.client_id,
    redirect_uri: `${window.location.origin}${CALLBACK}`,
    response_type: "code",
    scope: "openid email profile",
    userStore: new WebStorageStateStore({ store: window.sessionStorage }),
    stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
    automaticSilentRenew: false,
  });
}

/** A place of the portal's own and no other site's, which `//somewhere` would be. */
function placeOf(state: unknown): string {
  return typeof state === "string" && /^\/(?!\/)/.test(state) ? state : "/";
}
