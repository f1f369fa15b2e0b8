import { screen, waitFor, within } from "@testing-library/react";
import { expect, it, test } from "vitest";

import { openPortal, recordWhere, serveCloud } from "../portal";

const served = serveCloud();

const loop = () => {
  if (!served.cloud.loop) throw new Error("the made-up cloud has no loop");
  return served.cloud.loop;
};
const CANDIDATE = "/models/wafer-map%40000002";

async function confirm(name: string, user: ReturnType<typeof openPortal>["user"]) {
  const dialog = await screen.findByRole("dialog");
  await user.click(within(dialog).getByRole("button", { name }));
}

it("a candidate is shown beside the model in use", async () => {
  openPortal(CANDIDATE, "erin");
  expect(await screen.findByText("Beside wafer-map@1.4.0, on the same wafers")).toBeTruthy();
  expect(screen.getAllByText("+1.4 points").length).toBeGreaterThan(0);
  expect(screen.getByText(/6 change their class/)).toBeTruthy();
  expect(screen.getByText(/120 Scratch/)).toBeTruthy();
});

it("the figures of recently reviewed wafers have an address of their own", async () => {
  const { user, router } = openPortal(CANDIDATE, "erin");
  await user.click(await screen.findByRole("button", { name: "Recently reviewed" }));
  await waitFor(() => expect(router.state.location.search).toContain("set=recent"));
  expect((await screen.findAllByText("+9.0 points")).length).toBeGreaterThan(0);
});

it("an engineer looks at a candidate and decides nothing", async () => {
  openPortal(CANDIDATE, "erin");
  await screen.findByRole("heading", { level: 1, name: "wafer-map@000002" });
  expect(screen.queryByRole("button", { name: "Approve" })).toBeNull();
});

it("an administrator approves a candidate, once asked again", async () => {
  Object.assign(loop().rollouts[0] ?? {}, { ended_ms: 1 });
  const { user } = openPortal(CANDIDATE, "ada");
  await user.click(await screen.findByRole("button", { name: "Approve" }));
  expect(loop().models[0]?.state).toBe("awaiting approval");
  await confirm("Roll out", user);
  await waitFor(() => expect(loop().models[0]).toMatchObject({ state: "rolling out", decided_by: "ada" }));
  expect(await screen.findByText("Rolling out")).toBeTruthy();
});

it("an approval that is refused says why", async () => {
  const { user } = openPortal(CANDIDATE, "ada");
  await user.click(await screen.findByRole("button", { name: "Approve" }));
  await confirm("Roll out", user);
  expect(await screen.findByText(/approve when it has ended/)).toBeTruthy();
});

it("an administrator rejects a candidate", async () => {
  const { user } = openPortal(CANDIDATE, "ada");
  await user.click(await screen.findByRole("button", { name: "Reject" }));
  await confirm("Reject", user);
  await waitFor(() => expect(loop().models[0]?.state).toBe("rejected"));
});

it("a rollout is paused, resumed and aborted, each once asked again", async () => {
  const { user } = openPortal("/rollouts?fab=faba", "ada");
  const wished = () => loop().rollouts[0]?.wish;
  await user.click(await screen.findByRole("button", { name: "Pause" }));
  expect(wished()).toBe("go on");
  await confirm("Pause", user);
  await waitFor(() => expect(wished()).toBe("pause"));
  await user.click(await screen.findByRole("button", { name: "Resume" }));
  await confirm("Resume", user);
  await waitFor(() => expect(wished()).toBe("go on"));
  await user.click(await screen.findByRole("button", { name: "Abort" }));
  await confirm("Abort", user);
  await waitFor(() => expect(wished()).toBe("abort"));
  await waitFor(() => expect(screen.queryByRole("button", { name: "Abort" })).toBeNull());
});

it("a ring tells the fabs that it saw and those without a canary", async () => {
  openPortal("/rollouts?fab=faba", "erin");
  expect(await screen.findByText("Of them in your fabs: 42 in faba")).toBeTruthy();
  expect(screen.getAllByText(/No canary in fabb/u)).not.toHaveLength(0);
});

it("a model whose signature no camera verified is marked", async () => {
  openPortal("/fleet?fab=faba", "erin");
  expect(await screen.findByText("its signature was not verified")).toBeTruthy();
});

it("the rollout that the address names is shown, with why it came back", async () => {
  openPortal("/rollouts?fab=faba&rollout=000001", "erin");
  expect(await screen.findByText("wafer-map@000000 in place of wafer-map@1.4.0")).toBeTruthy();
  expect(screen.getAllByText(/31 of 64 wafers/).length).toBeGreaterThan(0);
});

it("a running training shows its log and is stopped once asked again", async () => {
  const { user } = openPortal("/training?fab=faba", "erin");
  expect(await screen.findByDisplayValue(/epoch 2 of 8/)).toBeTruthy();
  await user.click(screen.getByRole("button", { name: "Stop" }));
  await confirm("Stop it", user);
  await waitFor(() => expect(loop().trainings[0]?.state).toBe("stopping"));
});

it("what the next training waits for is said", async () => {
  openPortal("/training?fab=faba", "erin");
  expect(await screen.findByText("needs 120 more labels")).toBeTruthy();
  expect(screen.getByText("30 of 150")).toBeTruthy();
});

it("a training is asked for where none is under way", async () => {
  Object.assign(loop().trainings[0] ?? {}, { state: "stopped", ended_ms: 1 });
  const { user } = openPortal("/training?fab=faba", "erin");
  await screen.findByText("needs 120 more labels");
  await user.click(screen.getByRole("button", { name: "Train now" }));
  await confirm("Train", user);
  expect(await screen.findByText(/It was asked for/)).toBeTruthy();
});

test.each([
  ["", 3],
  ["&show=attention", 1],
  ["&show=other", 1],
])("the fleet's address%s holds which cameras are shown", async (shown, count) => {
  openPortal(`/fleet?fab=faba${shown}`, "erin");
  expect(await screen.findByText(`(${count})`)).toBeTruthy();
  expect(screen.queryByText("inspect-1") === null).toBe(count === 1);
});

it("a wafer's chain leads to the model that learned from it", async () => {
  const record = recordWhere(served.cloud, ({ fab, review }) => fab === "faba" && review?.state === "settled");
  openPortal(`/wafers/${encodeURIComponent(record.item)}?fab=faba`, "erin");
  expect(await screen.findByText("No link is missing")).toBeTruthy();
  const link = await screen.findByRole("link", { name: "wafer-map@000002" });
  expect(link.getAttribute("href")).toBe("/models/wafer-map%40000002?fab=faba");
});

it("a wafer's chain names what is missing", async () => {
  const record = recordWhere(served.cloud, ({ fab, review }) => fab === "faba" && review?.state === "open");
  openPortal(`/wafers/${encodeURIComponent(record.item)}?fab=faba`, "erin");
  expect(await screen.findByText("Links are missing")).toBeTruthy();
});

it("an administrator adds a class that no model knows", async () => {
  const { user } = openPortal("/labels?fab=faba", "ada");
  await user.click(await screen.findByRole("button", { name: "Add a class" }));
  const naming = await screen.findByRole("dialog", { name: "Add a class" });
  await user.type(within(naming).getByRole("textbox", { name: "Name" }), "Comet");
  await user.click(within(naming).getByRole("button", { name: "Say what it means" }));
  const saying = await screen.findByRole("dialog", { name: "What Comet means" });
  await user.type(within(saying).getByRole("textbox", { name: "Meaning" }), "A dot with a tail.");
  await user.click(within(saying).getByRole("button", { name: "Save" }));
  expect(await screen.findByText("A dot with a tail.", { selector: "div" })).toBeTruthy();
  expect(screen.getByText(/No model knows it yet/)).toBeTruthy();
});
