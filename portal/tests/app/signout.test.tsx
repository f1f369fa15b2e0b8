import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";

import { openPortal, serveCloud } from "../portal";

const served = serveCloud();

const answers = () => [...served.cloud.records.values()].flatMap(({ review }) => review?.history ?? []).filter(({ reviewer }) => reviewer === "rita");
const isSignedOut = () => screen.findByLabelText("Password");

/** Answer one wafer while the API is away, and ask to be signed out. */
async function leaveOneBehind() {
  const portal = openPortal("/queue?fab=faba", "rita");
  await screen.findByRole("img", { name: /of \d+ dies fail/ });
  served.cloud.down = true;
  await portal.user.keyboard("1");
  await portal.user.click(await screen.findByRole("button", { name: /^rita/ }));
  await portal.user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
  const dialog = await screen.findByRole("dialog", { name: "1 answer is only in this browser. Sign out?" });
  return { ...portal, dialog };
}

it("signing out asks while an answer waits, and is done by itself once it is sent", async () => {
  await leaveOneBehind();
  served.cloud.down = false;
  await isSignedOut();
  expect(answers()).toHaveLength(1);
});

it("whoever signs out all the same finds the answer sent when they come back", async () => {
  const { user, dialog, unmount } = await leaveOneBehind();
  await user.click(within(dialog).getByRole("button", { name: "Sign out" }));
  await isSignedOut();
  unmount();
  served.cloud.down = false;
  openPortal("/labels?fab=faba", "rita");
  await waitFor(() => expect(answers()).toHaveLength(1));
});

it("with nothing left to send, signing out asks nothing", async () => {
  const { user } = openPortal("/labels?fab=faba", "rita");
  await user.click(await screen.findByRole("button", { name: /^rita/ }));
  await user.click(await screen.findByRole("menuitem", { name: "Sign out" }));
  await isSignedOut();
});
