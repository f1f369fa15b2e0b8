import { screen, waitFor, within } from "@testing-library/react";
import { expect, it } from "vitest";

import { faultsOf, openPortal, recordWhere, requestsTo, serveCloud } from "../portal";

const served = serveCloud();

const events = () => [...served.cloud.records.values()].flatMap(({ review }) => review?.history ?? []).filter(({ reviewer }) => reviewer === "rita");
const current = () => screen.getByRole("heading", { level: 2, name: /^wafer \d+ of LOT/ }).textContent;
const recordNamed = (name: string | null) => recordWhere(served.cloud, ({ lot, wafer }) => `wafer ${wafer} of ${lot}` === name);
const drawn = () => screen.findByRole("img", { name: /of \d+ dies fail/ });
const allSaved = () => screen.findByRole("button", { name: "All saved" });

async function openQueue() {
  const portal = openPortal("/queue?fab=faba", "rita");
  await drawn();
  return portal;
}

it("one key answers a wafer, shows the next and saves the answer", async () => {
  const { user } = await openQueue();
  const first = current();
  await user.keyboard("1");
  await waitFor(() => expect(current()).not.toBe(first));
  await waitFor(() => expect(events()).toMatchObject([{ act: "answer", after: { verdict: "labels", labels: ["Center"] } }]));
  await allSaved();
});

it("ten answers ask for work a few times, not all the time", async () => {
  const asked = requestsTo("/queue/next");
  const { user } = await openQueue();
  for (let answered = 1; answered <= 10; answered += 1) {
    const name = current();
    await user.keyboard("0");
    await waitFor(() => expect(current()).not.toBe(name));
    await drawn();
  }
  await allSaved();
  expect(events()).toHaveLength(10);
  expect(asked.length).toBeGreaterThan(2);
  expect(asked.length).toBeLessThan(10);
});

it("the line about the day and what waits is asked for apart from answering", async () => {
  const asked = requestsTo("/statistics");
  const { user } = await openQueue();
  expect(await screen.findByText(/^today 0 · \d+ wait · 120 more labels until training$/)).toBeTruthy();
  for (const key of ["0", "1", "0"]) {
    const name = current();
    await user.keyboard(key);
    await waitFor(() => expect(current()).not.toBe(name));
  }
  await allSaved();
  expect(asked).toHaveLength(1);
});

it("Enter accepts the model's answer", async () => {
  const { user } = await openQueue();
  const name = current();
  const record = recordNamed(name);
  await user.keyboard("{Enter}");
  await waitFor(() => expect(events()).toMatchObject([{ after: { labels: [record.said.label] } }]));
});

it.each([
  ["0", { verdict: "labels", labels: ["none"] }],
  ["n", { verdict: "labels", labels: ["none"] }],
  ["u", { verdict: "unknown", labels: [] }],
  ["b", { verdict: "bad_image", labels: [] }],
])("the key %s answers %o", async (key, answer) => {
  const { user } = await openQueue();
  await user.keyboard(key);
  await waitFor(() => expect(events()).toMatchObject([{ after: answer }]));
});

it("a clicked answer leaves Enter to the next wafer", async () => {
  const { user } = await openQueue();
  const first = current();
  await user.click(screen.getByRole("button", { name: /Donut/ }));
  await waitFor(() => expect(current()).not.toBe(first));
  await drawn();
  const { said } = recordNamed(current());
  await user.keyboard("{Enter}");
  await waitFor(() => expect(events().map(({ after }) => after?.labels)).toEqual([["Donut"], [said.label]]));
});

it("several classes are one answer", async () => {
  const { user } = await openQueue();
  await user.keyboard("m18{Enter}");
  await waitFor(() => expect(events()).toMatchObject([{ after: { labels: ["Center", "Scratch"] } }]));
});

it("a note goes with the answer, and its letters are no answers", async () => {
  const { user } = await openQueue();
  await user.keyboard("c");
  await user.keyboard("bus 1{Escape}");
  await user.keyboard("u");
  await waitFor(() => expect(events()).toMatchObject([{ after: { verdict: "unknown" }, note: "bus 1" }]));
});

it("undo brings the wafer back and takes the answer back", async () => {
  const { user } = await openQueue();
  const first = current();
  await user.keyboard("1");
  await allSaved();
  await user.keyboard("z");
  await waitFor(() => expect(current()).toBe(first));
  await waitFor(() => expect(events().map(({ act }) => act)).toEqual(["answer", "undo"]));
  await user.keyboard("2");
  await waitFor(() => expect(events().at(-1)).toMatchObject({ act: "answer", after: { labels: ["Donut"] } }));
  expect(screen.queryByText(/^Not kept/)).toBeNull();
});

it("an undo that is refused leaves the answer, and the next key goes on", async () => {
  const { user, container } = await openQueue();
  const name = current();
  const { review } = recordNamed(name);
  await user.keyboard("1");
  await allSaved();
  const answered = review?.version ?? 0;
  Object.assign(review ?? {}, { holder: "remo", version: answered + 1, lease_until_ms: Date.now() + 60_000 });
  await drawn();
  const next = current();
  await user.keyboard("z");
  expect(await screen.findByText("It is held by remo now.", { exact: false })).toBeTruthy();
  expect(await screen.findByText("Your answer to this wafer stands", { selector: "div *" })).toBeTruthy();
  expect(await faultsOf(container)).toEqual([]);
  await user.keyboard("2");
  await waitFor(() => expect(current()).toBe(next));
  expect(events().map(({ act }) => act)).toEqual(["answer"]);
  expect(screen.getByText(/^Last:/).textContent).toContain(`Center for ${name}`);
});

it("nothing is lost while the API is down", async () => {
  const { user } = await openQueue();
  served.cloud.down = true;
  await user.keyboard("1");
  await drawn();
  await user.keyboard("2");
  const waiting = await screen.findByRole("button", { name: /2 answers not saved yet, kept in this browser/ });
  served.cloud.down = false;
  await user.click(waiting);
  await allSaved();
  expect(events().map(({ after }) => after?.labels)).toEqual([["Center"], ["Donut"]]);
});

it("an answer about what somebody else took meanwhile says who holds it", async () => {
  const { user } = await openQueue();
  const name = current();
  const record = recordNamed(name);
  Object.assign(record.review ?? {}, { holder: "remo", lease_until_ms: Date.now() + 60_000 });
  await user.keyboard("1");
  expect(await screen.findByText(/It is held by remo now/)).toBeTruthy();
});

it("a wafer that somebody else took stays in sight, and the next key answers nothing", async () => {
  served.cloud.leaseS = 9;
  const { user } = await openQueue();
  const name = current();
  const taken = recordNamed(name);
  Object.assign(taken.review ?? {}, { holder: "remo", version: 40, lease_until_ms: Date.now() + 60_000 });
  expect(await screen.findByText("Somebody else has this wafer now", { selector: "div *" })).toBeTruthy();
  expect(current()).toBe(name);
  expect(screen.getByRole("button", { name: /Donut/ }).hasAttribute("disabled")).toBe(true);
  await user.keyboard("2");
  await waitFor(() => expect(current()).not.toBe(name));
  expect(events()).toEqual([]);
  await drawn();
  await user.keyboard("2");
  await waitFor(() => expect(events()).toHaveLength(1));
});

it("whoever leaves the page alone gives their wafers back, and goes on with one key", async () => {
  served.cloud.leaseS = 2;
  const { user, container } = openPortal("/queue?fab=faba", "rita");
  const held = () => [...served.cloud.records.values()].filter(({ review }) => review?.holder === "rita");
  await waitFor(() => expect(held().length).toBeGreaterThan(0));
  const goOn = await screen.findByRole("button", { name: "Go on" });
  expect(document.activeElement).toBe(goOn);
  expect(await faultsOf(container)).toEqual([]);
  await waitFor(() => expect(held()).toEqual([]));
  const calls = [requestsTo("/queue/next"), requestsTo("/queue/heartbeat")];
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  expect(calls.flat()).toEqual([]);
  await user.keyboard("{Enter}");
  await waitFor(() => expect(held().length).toBeGreaterThan(0));
  expect(events()).toEqual([]);
});

it("skipping gives the wafer back and shows the next", async () => {
  const { user } = await openQueue();
  const first = current();
  await user.keyboard("s");
  await waitFor(() => expect(current()).not.toBe(first));
  expect(events()).toEqual([]);
});

it("what is skipped is for somebody else first", async () => {
  const { user } = await openQueue();
  const name = current();
  await user.keyboard("s");
  const record = recordNamed(name);
  await waitFor(() => expect(record.review?.skipped).toEqual(["rita"]));
});

it("a key that comes before the picture answers nothing, and says so in sight", async () => {
  served.cloud.picturesDelayedMs = 400;
  const { user } = openPortal("/queue?fab=faba", "rita");
  await screen.findByRole("heading", { level: 2, name: /^wafer \d+ of LOT/ });
  await user.keyboard("1");
  const hint = await screen.findByText(/The picture is not there yet/, { selector: ".answer-hint" });
  await drawn();
  await waitFor(() => expect(hint.isConnected).toBe(false));
  expect(events()).toEqual([]);
});

it("an address of a picture that has expired is asked for anew", async () => {
  served.cloud.picturesExpiredUntil = 8;
  await openQueue();
  expect(served.cloud.pictureNumber).toBeGreaterThan(8);
});

it("the help names the keys", async () => {
  const { user } = await openQueue();
  await user.keyboard("?");
  const keys = within(await screen.findByRole("dialog", { name: "Keys" }));
  expect(keys.getByText("Accept the model's answer")).toBeTruthy();
});

it("an empty queue says so", async () => {
  for (const { review } of served.cloud.records.values()) if (review) review.state = "settled";
  openPortal("/queue?fab=faba", "rita");
  expect(await screen.findByText("Nothing waits for you")).toBeTruthy();
});

it("a queue that cannot be reached says so and can be tried again", async () => {
  const { router } = openPortal("/labels?fab=faba", "rita");
  await screen.findByRole("heading", { level: 1, name: "Labels" });
  served.cloud.down = true;
  await router.navigate("/queue?fab=faba");
  expect(await screen.findByText(/The API cannot be reached/)).toBeTruthy();
  served.cloud.down = false;
  screen.getByRole("button", { name: "Try again" }).click();
  await drawn();
});
