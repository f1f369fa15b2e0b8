import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";

import { addReading } from "../../src/fake/cloud";
import { openPortal, recordWhere, serveCloud } from "../portal";

const served = serveCloud();

it("a wafer is sent back with a reason", async () => {
  const record = recordWhere(served.cloud, ({ fab, review }) => fab === "faba" && review?.state === "settled");
  const { user } = openPortal(`/wafers/${encodeURIComponent(record.item)}`, "erin");
  await user.click(await screen.findByRole("button", { name: "Send back" }));
  const dialog = await screen.findByRole("dialog");
  await user.type(within(dialog).getByRole("textbox"), "look at the rim");
  await user.click(within(dialog).getByRole("button", { name: "Send back" }));
  await waitFor(() => expect(record.review).toMatchObject({ state: "open", comment: "look at the rim" }));
});

it("a wafer that changed while the reason was written is sent back at the second try", async () => {
  const record = recordWhere(served.cloud, ({ fab, review }) => fab === "faba" && review?.state === "settled");
  const { user } = openPortal(`/wafers/${encodeURIComponent(record.item)}`, "erin");
  await user.click(await screen.findByRole("button", { name: "Send back" }));
  const dialog = await screen.findByRole("dialog");
  await user.type(within(dialog).getByRole("textbox"), "rim");
  Object.assign(record.review ?? {}, { version: 40 });
  await user.click(within(dialog).getByRole("button", { name: "Send back" }));
  expect(await within(dialog).findByText(/expected version 40/)).toBeTruthy();
  await waitFor(async () => {
    await user.click(within(dialog).getByRole("button", { name: "Send back" }));
    expect(record.review).toMatchObject({ state: "open", comment: "rim" });
  });
});

it("one's own last answer is taken back on the wafer's screen, also by a page that did not give it", async () => {
  const record = recordWhere(served.cloud, ({ fab, review }) => fab === "faba" && review?.state === "open" && review.holder === null);
  addReading(record, "rita", { verdict: "unknown", labels: [] }, Date.now(), null);
  const { user } = openPortal(`/wafers/${encodeURIComponent(record.item)}`, "rita");
  await user.click(await screen.findByRole("button", { name: "Take back my answer" }));
  expect(await screen.findByText(/It is in your hands again/)).toBeTruthy();
  expect(record.review).toMatchObject({ state: "open", holder: "rita", readings: [] });
});

it("nobody takes back what somebody else answered", async () => {
  const record = recordWhere(served.cloud, ({ fab, review }) => fab === "faba" && review?.state === "settled");
  openPortal(`/wafers/${encodeURIComponent(record.item)}`, "rita");
  await screen.findByText("The chain of events is whole");
  expect(screen.queryByRole("button", { name: "Take back my answer" })).toBeNull();
});

it("a wafer of another fab than the last one brings its fab along, and links from it stay there", async () => {
  const record = recordWhere(served.cloud, ({ fab }) => fab === "fabb");
  localStorage.setItem("fabwafer.fab", '"faba"');
  const { router } = openPortal(`/wafers/${encodeURIComponent(record.item)}`, "erin");
  await screen.findByRole("heading", { level: 1, name: new RegExp(`^Wafer ${record.wafer} of`) });
  await waitFor(() => expect(router.state.location.search).toBe("?fab=fabb"));
  expect(screen.getByRole("link", { name: "Quality" }).getAttribute("href")).toBe("/quality?fab=fabb");
  expect(localStorage.getItem("fabwafer.fab")).toBe('"fabb"');
});
