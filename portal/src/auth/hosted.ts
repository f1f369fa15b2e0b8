/** Sign-in by Cognito's hosted page: authorization code with PKCE, refreshed in the background. */

import { UserManager, WebStorageStateStore, type User } from "oidc-client-ts";

import type { Config } from "./config";
import { sessionOf, type Session, type SignIn } from "./signIn";

export const CALLBACK = "/signed-in";

export function hostedSignIn(config: Extract<Config, { sign_in: "hosted" }>): SignIn {
  const home = `${window.location.origin}/`;
  const manager = new UserManager({
    authority: config.issuer,
    client_id: config.client_id,
    redirect_uri: `${window.location.origin}${CALLBACK}`,
    response_type: "code",
    scope: "openid email profile",
    userStore: new WebStorageStateStore({ store: window.sessionStorage }),
    stateStore: new WebStorageStateStore({ store: window.sessionStorage }),
    automaticSilentRenew: false,
  });
  const sessionFrom = (user: User | null): Session | null => (user?.id_token ? sessionOf(user.id_token) : null);
  const refresh = async () => sessionFrom(await manager.signinSilent().catch(() => null));
  return {
    asksHere: false,
    restore: async () => {
      if (window.location.pathname === CALLBACK) {
        const user = await manager.signinRedirectCallback();
        window.history.replaceState(null, "", typeof user.state === "string" ? user.state : "/");
        return sessionFrom(user);
      }
      const user = await manager.getUser();
      return user?.expired ? refresh() : sessionFrom(user);
    },
    begin: async () => {
      const { pathname, search } = window.location;
      await manager.signinRedirect({ state: pathname === CALLBACK ? "/" : pathname + search });
      return null;
    },
    refresh,
    // Cognito's issuer names no end-of-session endpoint; its sign-out is an address of the hosted page.
    end: async () => {
      await manager.removeUser();
      const query = new URLSearchParams({ client_id: config.client_id, logout_uri: home });
      window.location.assign(`${config.domain}/logout?${query.toString()}`);
    },
  };
}
