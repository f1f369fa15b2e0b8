import { screen, waitFor, within } from "@testing-library/react";
import { describe, expect, it, test } from "vitest";

import { faultsOf, openPortal, recordWhere, serveCloud } from "../portal";

const served = serveCloud();

const SCREENS = [
  ["/queue?fab=faba", "Queue", /of \d+ dies fail/],
  ["/gallery?fab=faba", "Gallery", /^Choose wafer/],
  ["/lots?fab=faba&lot=LOT-4711", "Lot LOT-4711", /Stacked map of 25 wafers/],
  ["/wafers?fab=faba", "Wafers", /^Wafer 25$/],
  ["/quality?fab=faba", "Quality", /9 wrong of 412 audited wafers/],
  ["/audit?fab=faba", "Audit and export", /Two patterns/],
  ["/labels?fab=faba", "Labels", /A thin line of failing dies/],
  ["/settings?fab=faba", "Settings", /Accept the model's answer/],
  ["/models?fab=faba", "Models", /^wafer-map@000002$/],
  ["/rollouts?fab=faba", "Rollouts", /wafer-map@000003 in place of/],
  ["/training?fab=faba", "Training", /^needs 120 more labels$/],
  ["/fleet?fab=faba", "Fleet", /silent for 40 minutes/],
  ["/drift?fab=faba", "Drift", /^inspect-1 sharpness$/],
] as const;

const isThere = (what: RegExp) =>
  waitFor(() => {
    // By label rather than by role: jsdom takes seconds to compute the roles of a large screen.
    const found = [...screen.queryAllByText(what), ...screen.queryAllByLabelText(what)];
    expect(found.length).toBeGreaterThan(0);
  });

describe.each(SCREENS)("the screen %s", (at, title, what) => {
  it("shows what it is for, accessibly", async () => {
    const { container } = openPortal(at, "ada");
    await screen.findByRole("heading", { level: 1, name: title });
    await isThere(what);
    expect(await faultsOf(container)).toEqual([]);
  });
});

test.each(SCREENS.filter(([at]) => !/queue|settings/.test(at)))("the screen %s says when the API cannot be reached, and tries again", async (at, title) => {
  const { router } = openPortal("/settings?fab=faba", "ada");
  await screen.findByRole("heading", { level: 1, name: "Settings" });
  served.cloud.down = true;
  await router.navigate(at);
  await screen.findByRole("heading", { level: 1, name: title }, { timeout: 10_000 });
  expect((await screen.findAllByText(/The API cannot be reached/, {}, { timeout: 15_000 })).length).toBeGreaterThan(0);
  expect(screen.getAllByRole("button", { name: "Try again" }).length).toBeGreaterThan(0);
});

it("a wafer's screen tells why it went where it went", async () => {
  const record = recordWhere(served.cloud, ({ fab, said, review }) => fab === "faba" && said.reason === "doubtful" && review?.state === "disputed");
  const { container } = openPortal(`/wafers/${encodeURIComponent(record.item)}`, "ada");
  expect(await screen.findByText(/is below the 80 % that/)).toBeTruthy();
  expect(screen.getByText("The chain of events is whole")).toBeTruthy();
  expect(await screen.findByText(/^Certified with 95 % confidence/)).toBeTruthy();
  expect(screen.getAllByText(/Two patterns on top of each other/).length).toBeGreaterThan(0);
  await isThere(/of \d+ dies fail/);
  expect(await faultsOf(container)).toEqual([]);
});

it("figures that are still being counted say so until they are", async () => {
  served.cloud.uncounted = 3;
  openPortal("/quality?fab=faba", "erin");
  const said = await screen.findByText(/still being counted/);
  await waitFor(() => expect(said.isConnected).toBe(false), { timeout: 20_000 });
});

it("what a class means is beside the answers, with examples, and says when it cannot be had", async () => {
  const { user } = openPortal("/queue?fab=faba", "rita");
  await user.click(await screen.findByRole("button", { name: "What the classes mean" }));
  expect(await screen.findByText("A ring of failing dies between middle and edge; the middle passes.")).toBeTruthy();
  expect((await screen.findAllByRole("link", { name: "Details of an example of Donut" })).length).toBeGreaterThan(0);
});

it("a label book that cannot be had is said to be missing", async () => {
  localStorage.setItem("fabwafer.label book", "true");
  served.cloud.bookLost = true;
  openPortal("/queue?fab=faba", "rita");
  expect(await screen.findByText(/The API has a problem of its own/, {}, { timeout: 20_000 })).toBeTruthy();
});

it("a screen that is not for one's role says whose it is", async () => {
  openPortal("/quality?fab=faba", "rita");
  expect(await screen.findByText("This is not for your role")).toBeTruthy();
  expect(screen.queryByRole("link", { name: "Quality" })).toBeNull();
});

it("a link to a wafer or a model names the fab that it is looked at from", async () => {
  openPortal("/models?fab=fabb", "erin");
  const [model] = await screen.findAllByRole("link", { name: "wafer-map@000002" });
  expect(model?.getAttribute("href")).toBe("/models/wafer-map%40000002?fab=fabb");
});

it("another fab's wafer does not exist", async () => {
  const record = recordWhere(served.cloud, ({ fab }) => fab === "fabb");
  openPortal(`/wafers/${encodeURIComponent(record.item)}`, "rita");
  expect(await screen.findByText("There is no such thing in your fabs.")).toBeTruthy();
});

it.each([
  ["/wafers?fab=faba", "Search", "From day", "21.11.2026", "YYYY-MM-DD"],
  ["/gallery?fab=faba", "Show", "Sure at most, %", "140", "0 to 100"],
  ["/audit?fab=faba", "Filter", "To day", "2026-02-30", "YYYY-MM-DD"],
])("%s says what a field wants, and asks for nothing before", async (at, button, field, text, wanted) => {
  const { router, user } = openPortal(at, "ada");
  await isThere(new RegExp(`^${button}$`));
  const [input] = screen.getAllByLabelText(field).slice(-1);
  if (!input) throw new Error(`expected a field ${field}`);
  await user.type(input, text);
  await user.click(screen.getByText(button, { selector: "button *" }));
  expect(await screen.findByText(wanted)).toBeTruthy();
  expect(router.state.location.search).toBe("?fab=faba");
});

it("an alert's link finds the wafers that it names", async () => {
  openPortal("/wafers?fab=faba&camera=inspect-1&prediction=Scratch&lot=LOT-4711", "erin");
  await screen.findByRole("heading", { level: 1, name: "Wafers" });
  const expected = [...served.cloud.records.values()].filter(({ lot, said }) => lot === "LOT-4711" && said.label === "Scratch").length;
  expect(await screen.findByText(`(${expected})`)).toBeTruthy();
});

it("a search is kept under a name and opened again", async () => {
  const { user, router } = openPortal("/wafers?fab=faba&label=Donut", "erin");
  await user.type(await screen.findByRole("textbox", { name: "Name of the view" }), "Rings");
  await user.click(screen.getByRole("button", { name: "Keep as a view" }));
  await router.navigate("/wafers?fab=faba");
  await user.click(await screen.findByRole("button", { name: "Rings" }));
  await waitFor(() => expect(router.state.location.search).toContain("label=Donut"));
});

it("a view is there in another browser, and keys too", async () => {
  served.cloud.settings.set("erin", { version: 4, views: [{ name: "Doubtful rings", screen: "gallery", search: { label: "Donut", max: "60" } }], keys: { skip: ["x"] }, single_keys: true });
  const { user, router } = openPortal("/gallery?fab=faba&order=newest", "erin");
  await user.click(await screen.findByRole("button", { name: "Doubtful rings" }));
  await waitFor(() => expect(router.state.location.search).toBe("?fab=faba&label=Donut&max=60"));
  await router.navigate("/settings?fab=faba");
  expect(await screen.findByRole("button", { name: /^Skip, for somebody else: X/ })).toBeTruthy();
});

it("a view that is kept while the API is away is sent when it is back", async () => {
  const { user } = openPortal("/wafers?fab=faba&label=Donut", "erin");
  await user.type(await screen.findByRole("textbox", { name: "Name of the view" }), "Rings");
  served.cloud.down = true;
  await user.click(screen.getByRole("button", { name: "Keep as a view" }));
  expect(await screen.findByRole("button", { name: "Rings" })).toBeTruthy();
  served.cloud.down = false;
  await waitFor(() => expect(served.cloud.settings.get("erin")?.views).toMatchObject([{ name: "Rings" }]), { timeout: 8_000 });
});

it("the gallery is narrowed by how sure the model is, and the address holds it", async () => {
  const { user, router } = openPortal("/gallery?fab=faba&lot=LOT-4711", "erin");
  await user.type(await screen.findByLabelText("Sure at most, %"), "50");
  await user.click(screen.getByRole("button", { name: "Show" }));
  await waitFor(() => expect(router.state.location.search).toBe("?fab=faba&lot=LOT-4711&max=50"));
  const expected = [...served.cloud.records.values()].filter(({ lot, said, review }) => lot === "LOT-4711" && review?.state === "open" && said.probability <= 0.5).length;
  await waitFor(() => expect(screen.queryAllByRole("button", { name: /^Choose wafer/ })).toHaveLength(expected));
});

it("many wafers are answered at once, previewed, and taken back as one", async () => {
  const { user, unmount } = openPortal("/gallery?fab=faba", "rita");
  const [first, second] = await screen.findAllByRole("button", { name: /^Choose wafer/ });
  if (!first || !second) throw new Error("expected two wafers");
  await user.click(first);
  await user.click(second);
  await user.keyboard("7");
  const dialog = await screen.findByRole("dialog", { name: "Answer 2 wafers with Random?" });
  const yes = await within(dialog).findByRole("button", { name: "Answer 2" });
  await waitFor(() => expect(document.activeElement).toBe(yes));
  await user.keyboard("{Enter}");
  const bulk = () => [...served.cloud.records.values()].flatMap(({ review }) => review?.readings ?? []).filter((reading) => reading.bulk);
  await waitFor(() => expect(bulk()).toHaveLength(2));
  unmount();
  openPortal("/gallery?fab=faba", "rita");
  await screen.findByRole("button", { name: "Undo the whole batch" });
  await user.keyboard("z");
  expect(screen.queryByRole("dialog")).toBeNull();
  await user.click(screen.getByRole("button", { name: "Undo the whole batch" }));
  await user.click(within(await screen.findByRole("dialog", { name: /^Take back 2 answers of .*, faba\?$/ })).getByRole("button", { name: "Take back 2" }));
  await waitFor(() => expect(bulk()).toHaveLength(0));
  expect(await screen.findByText("Took back 2 answers.")).toBeTruthy();
});

it("the undo key asks before it takes a batch back, and knows only this fab's", async () => {
  const { user, router } = openPortal("/gallery?fab=faba", "ada");
  const [first] = await screen.findAllByRole("button", { name: /^Choose wafer/ });
  if (!first) throw new Error("expected a wafer");
  await user.click(first);
  await user.keyboard("7");
  await user.click(await screen.findByRole("button", { name: "Answer 1" }));
  await screen.findByRole("button", { name: "Undo the whole batch" });
  await user.keyboard("z");
  await user.click(within(await screen.findByRole("dialog", { name: /^Take back 1 answer/ })).getByRole("button", { name: "Cancel" }));
  await router.navigate("/gallery?fab=fabb");
  await waitFor(() => expect(screen.queryByRole("button", { name: "Undo the whole batch" })).toBeNull());
  await router.navigate("/gallery?fab=faba");
  expect(await screen.findByRole("button", { name: "Undo the whole batch" })).toBeTruthy();
});

it("the preview of a bulk answer names what is held by others", async () => {
  const record = recordWhere(served.cloud, ({ fab, review }) => fab === "faba" && review?.state === "open");
  Object.assign(record.review ?? {}, { holder: "remo", lease_until_ms: Date.now() + 60_000 });
  const { user } = openPortal("/gallery?fab=faba", "rita");
  await user.click(await screen.findByRole("button", { name: new RegExp(`^Choose wafer ${record.wafer} of ${record.lot},`) }));
  await user.keyboard("7");
  expect(await screen.findByText(/held by remo/, { selector: "li" })).toBeTruthy();
});

it("a key can be given to another action", async () => {
  const { user } = openPortal("/settings?fab=faba", "rita");
  await user.click(await screen.findByRole("button", { name: /^Skip, for somebody else: S/ }));
  await user.keyboard("x");
  expect(await screen.findByRole("button", { name: /^Skip, for somebody else: X/ })).toBeTruthy();
});

it("an export is asked for and fetched when it is written", async () => {
  const { user } = openPortal("/audit?fab=faba", "erin");
  expect(await screen.findByText("No exports yet")).toBeTruthy();
  await user.click(await screen.findByRole("button", { name: "Export" }));
  expect(await screen.findByText(/75 wafers/, {}, { timeout: 8_000 })).toBeTruthy();
  expect(screen.getByText(/by erin$/)).toBeTruthy();
});

it("an administrator changes what a class means", async () => {
  const { user } = openPortal("/labels?fab=faba", "ada");
  await user.click(await screen.findByRole("button", { name: "Change Donut" }));
  const dialog = await screen.findByRole("dialog", { name: "What Donut means" });
  const meaning = within(dialog).getByRole("textbox", { name: "Meaning" });
  await user.clear(meaning);
  await user.type(meaning, "A closed ring.");
  await user.click(within(dialog).getByRole("button", { name: "Save" }));
  expect(await screen.findByText("A closed ring.", { selector: "div" })).toBeTruthy();
});
