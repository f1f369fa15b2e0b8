/** The whole portal on a made-up cloud, for tests that look at screens. */

import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { render } from "@testing-library/react";
import userEvent from "@testing-library/user-event";
import axe from "axe-core";
import { setupServer } from "msw/node";
import { createMemoryRouter, RouterProvider } from "react-router";
import { afterAll, afterEach, beforeAll, beforeEach } from "vitest";

import { routesFor } from "../src/app/router";
import { ThemeProvider } from "../src/app/theme";
import { passwordSignIn } from "../src/auth/password";
import type { SignIn } from "../src/auth/signIn";
import { makeCloud, type FakeCloud, type FakeRecord } from "../src/fake/cloud";
import { FAKE_CONFIG, handlersFor } from "../src/fake/handlers";
import { PEOPLE, tokenFor } from "../src/fake/people";

const CONFIG = { ...FAKE_CONFIG, sign_in: "password", endpoint: `${window.location.origin}/user-pool` } as const;

const server = setupServer();

/** Serve a fresh cloud to every test of a file; returns where to find it. */
export function serveCloud(): { cloud: FakeCloud } {
  const served = { cloud: makeCloud() };
  beforeAll(async () => {
    server.listen({ onUnhandledRequest: "error" });
    // Screens are loaded when they are gone to; a test waits for what they show, not for that.
    await Promise.all(Object.values(import.meta.glob("../src/*/*Screen.tsx")).map((load) => load()));
  }, 120_000);
  beforeEach(() => {
    served.cloud = makeCloud();
    server.resetHandlers(...handlersFor(served.cloud));
  });
  afterEach(async () => {
    server.events.removeAllListeners();
    indexedDB.deleteDatabase("fabwafer-outbox");
    await new Promise((resolve) => setTimeout(resolve, 0));
  });
  afterAll(() => server.close());
  return served;
}

/** Note every request whose path ends so, from now on. */
export function requestsTo(path: string): Request[] {
  const seen: Request[] = [];
  server.events.on("request:start", ({ request }) => {
    if (new URL(request.url).pathname.endsWith(path)) seen.push(request);
  });
  return seen;
}

/** Open the portal at an address, signed in, or not if nobody is named. */
export function openPortal(at: string, as: string | null) {
  const person = PEOPLE.find(({ name }) => name === as);
  if (person) sessionStorage.setItem("fabwafer-session", JSON.stringify({ IdToken: tokenFor(person), RefreshToken: `refresh ${person.name}` }));
  return openWith(passwordSignIn(CONFIG), at);
}

/** Open the portal at an address with another way to sign in. */
export function openWith(signIn: SignIn, at: string) {
  const router = createMemoryRouter(routesFor(CONFIG, signIn), { initialEntries: [at] });
  const shown = render(
    <I18nProvider locale="en" messages={[messages]}>
      <ThemeProvider>
        <RouterProvider router={router} />
      </ThemeProvider>
    </I18nProvider>,
  );
  return { ...shown, router, user: userEvent.setup() };
}

/** Return the first wafer of a cloud that a test asks for. */
export function recordWhere(cloud: FakeCloud, wanted: (record: FakeRecord) => boolean): FakeRecord {
  const found = [...cloud.records.values()].find(wanted);
  if (!found) throw new Error("the made-up cloud has no such wafer");
  return found;
}

/** Return what axe finds. Colours need a browser: the browser tests look at them. */
export async function faultsOf(element: Element): Promise<string[]> {
  const { violations } = await axe.run(element, { resultTypes: ["violations"], rules: { "color-contrast": { enabled: false }, region: { enabled: false } } });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}
