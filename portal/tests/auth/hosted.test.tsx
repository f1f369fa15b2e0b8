import { screen, waitFor } from "@testing-library/react";
import { ErrorResponse, User } from "oidc-client-ts";
import { afterEach, describe, expect, it, vi } from "vitest";

import { hostedSignIn, type Manager } from "../../src/auth/hosted";
import { PEOPLE, tokenFor } from "../../src/fake/people";
import { openWith, requestsTo, serveCloud } from "../portal";

serveCloud();
afterEach(() => window.history.replaceState(null, "", "/"));

const CONFIG = { api: "/api", sign_in: "hosted", client_id: "c", issuer: "https://issuer", domain: "https://domain" } as const;
const erin = PEOPLE.find(({ name }) => name === "erin") ?? { name: "", groups: [] };
const userWith = (token: string, state?: unknown) => new User({ id_token: token, access_token: "", token_type: "Bearer", profile: { sub: "", iss: "", aud: "", exp: 0, iat: 0 }, userState: state });
const userAt = (state: unknown, nowMs?: number) => userWith(tokenFor(erin, nowMs), state);

function managerThat(parts: Partial<Manager>): Manager {
  const missing = () => Promise.reject(new Error("the test names no answer"));
  return { getUser: missing, signinRedirect: missing, signinRedirectCallback: missing, signinSilent: missing, revokeTokens: missing, removeUser: missing, ...parts };
}

function comeBackFrom(state: unknown) {
  window.history.replaceState(null, "", "/signed-in?code=1");
  const signIn = hostedSignIn(CONFIG, managerThat({ signinRedirectCallback: () => Promise.resolve(userAt(state)) }));
  return openWith(signIn, "/signed-in?code=1");
}

describe("coming back from the hosted page", () => {
  it("leads to where the person was", async () => {
    const { router } = comeBackFrom("/wafers?fab=faba&label=Donut");
    await screen.findByRole("heading", { level: 1, name: "Wafers" });
    expect(router.state.location.pathname + router.state.location.search).toBe("/wafers?fab=faba&label=Donut");
  });

  it.each([["//elsewhere.example/"], [undefined], ["https://elsewhere.example/"]])("stays in the portal, whatever came along: %s", async (state) => {
    const { router } = comeBackFrom(state);
    await waitFor(() => expect(router.state.location.pathname).toBe("/queue"));
  });
});

describe("a session", () => {
  it("goes on when its renewal meets no network", async () => {
    const signIn = hostedSignIn(CONFIG, managerThat({ signinSilent: () => Promise.reject(new TypeError("Failed to fetch")) }));
    await expect(signIn.refresh()).rejects.toThrow(TypeError);
  });

  it("ends when the user pool refuses to renew it", async () => {
    const signIn = hostedSignIn(CONFIG, managerThat({ signinSilent: () => Promise.reject(new ErrorResponse({ error: "invalid_grant" })) }));
    expect(await signIn.refresh()).toBeNull();
  });

  it("whose token the API refuses is renewed and the call repeated, once", async () => {
    const signinSilent = vi.fn(() => Promise.resolve(userAt(null)));
    const stale = userWith(tokenFor({ name: "nobody", groups: [] }));
    const asked = requestsTo("/me");
    openWith(hostedSignIn(CONFIG, managerThat({ getUser: () => Promise.resolve(stale), signinSilent })), "/labels?fab=faba");
    await screen.findByRole("heading", { level: 1, name: "Labels" });
    expect(signinSilent).toHaveBeenCalledOnce();
    expect(asked).toHaveLength(2);
  });

  it("that ended while the page was closed is renewed when the page opens", async () => {
    const getUser = () => Promise.resolve(userAt(null, 0));
    openWith(hostedSignIn(CONFIG, managerThat({ getUser, signinSilent: () => Promise.resolve(userAt(null)) })), "/labels?fab=faba");
    await screen.findByRole("heading", { level: 1, name: "Labels" });
  });

  it.each([
    ["is revoked", () => Promise.resolve()],
    ["ends without a network too", () => Promise.reject(new TypeError("Failed to fetch"))],
  ])("that is signed out of %s", async (_, revoke) => {
    const revokeTokens = vi.fn(revoke);
    const removeUser = vi.fn(() => Promise.resolve());
    await hostedSignIn(CONFIG, managerThat({ revokeTokens, removeUser })).end();
    expect(revokeTokens).toHaveBeenCalledWith(["refresh_token"]);
    expect(removeUser).toHaveBeenCalledOnce();
  });
});
