import { screen } from "@testing-library/react";
import { describe, expect, it, test, vi } from "vitest";

import { ConfigError, readConfig } from "../../src/auth/config";
import { sessionOf, type Session, type SignIn } from "../../src/auth/signIn";
import { SignedOutError, Tokens } from "../../src/auth/tokens";
import { tokenFor } from "../../src/fake/people";
import { openPortal, serveCloud } from "../portal";

serveCloud();

it("name and password open the portal", async () => {
  const { user } = openPortal("/labels?fab=faba", null);
  await user.type(await screen.findByRole("textbox", { name: "Name" }), "rita");
  await user.type(screen.getByLabelText("Password"), "secret");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByRole("heading", { level: 1, name: "Labels" })).toBeTruthy();
});

it("a wrong password is said to be wrong", async () => {
  const { user } = openPortal("/", null);
  await user.type(await screen.findByRole("textbox", { name: "Name" }), "rita");
  await user.type(screen.getByLabelText("Password"), "wrong");
  await user.click(screen.getByRole("button", { name: "Sign in" }));
  expect(await screen.findByText("Incorrect username or password.")).toBeTruthy();
});

describe("the settings of a place", () => {
  test.each([
    [{ api: "/api", sign_in: "password", client_id: "c", endpoint: "http://127.0.0.1:4566/" }],
    [{ api: "https://a", sign_in: "hosted", client_id: "c", issuer: "https://i", domain: "https://d" }],
  ])("may be %o", (config) => {
    expect(readConfig(config)).toEqual(config);
  });

  test.each([
    [null, /sign_in: expected "hosted" or "password"/],
    [{ sign_in: "hosted", api: "", client_id: "c", issuer: "i" }, /domain: expected text/],
    [{ sign_in: "password", client_id: "c", endpoint: 7, api: "" }, /endpoint: expected text, got 7/],
  ])("that are wrong are refused by name: %o", (config, message) => {
    expect(() => readConfig(config)).toThrow(ConfigError);
    expect(() => readConfig(config)).toThrow(message);
  });
});

describe("a token", () => {
  const person = { name: "rita", groups: ["reviewer", "fab:faba"] };
  const session = (minutes: number): Session => ({ ...sessionOf(tokenFor(person)), token: `token of ${minutes}`, expiresAtMs: Date.now() + minutes * 60_000 });
  const signInThat = (refresh: SignIn["refresh"]): SignIn => ({ asksHere: true, cameFrom: () => "/", restore: vi.fn(), begin: vi.fn(), refresh, end: vi.fn() });

  it("says who somebody is, in any alphabet", () => {
    const token = `x.${btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify({ "cognito:username": "Жанна", exp: 5 }))))}.x`;
    expect(sessionOf(token)).toMatchObject({ user: "Жанна", expiresAtMs: 5000, groups: [] });
  });

  it("that lasts is used as it is", async () => {
    const refresh = vi.fn();
    expect(await new Tokens(signInThat(refresh), session(30), vi.fn()).token()).toBe("token of 30");
    expect(refresh).not.toHaveBeenCalled();
  });

  it("that is about to end is renewed once, however many ask", async () => {
    const refresh = vi.fn(() => Promise.resolve(session(60)));
    const tokens = new Tokens(signInThat(refresh), session(0.5), vi.fn());
    expect(await Promise.all([tokens.token(), tokens.token()])).toEqual(["token of 60", "token of 60"]);
    expect(refresh).toHaveBeenCalledOnce();
  });

  it("that was refused is renewed, once, though the clock says that it lasts", async () => {
    const refresh = vi.fn(() => Promise.resolve(session(60)));
    const tokens = new Tokens(signInThat(refresh), session(30), vi.fn());
    expect(await Promise.all([tokens.instead("token of 30"), tokens.instead("token of 30")])).toEqual(["token of 60", "token of 60"]);
    expect(await tokens.instead("token of 30")).toBe("token of 60");
    expect(refresh).toHaveBeenCalledOnce();
  });

  it("whose renewal meets no network leaves the person signed in", async () => {
    const onEnd = vi.fn();
    const tokens = new Tokens(signInThat(() => Promise.reject(new TypeError("Failed to fetch"))), session(0.5), onEnd);
    await expect(tokens.token()).rejects.toThrow(TypeError);
    expect(onEnd).not.toHaveBeenCalled();
  });

  it("that cannot be renewed ends the session", async () => {
    const onEnd = vi.fn();
    const tokens = new Tokens(signInThat(() => Promise.resolve(null)), session(0.5), onEnd);
    await expect(tokens.token()).rejects.toThrow(SignedOutError);
    expect(onEnd).toHaveBeenCalledOnce();
  });
});
