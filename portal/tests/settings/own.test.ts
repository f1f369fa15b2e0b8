import { beforeEach, expect, it } from "vitest";

import type { SavedView, Settings } from "../../src/api/types";
import { readStored, store } from "../../src/app/stored";
import { merged, synced, type Own } from "../../src/settings/own";

const view = (name: string, label: string): SavedView => ({ name, screen: "wafers", search: { label } });
const settings = (version: number, ...views: SavedView[]): Settings => ({ version, views, keys: null, single_keys: true });

/** An API that keeps settings as the real one does, and what was put there. */
function apiWith(latest: Settings, meanwhile: () => void = () => undefined) {
  const put: Settings[] = [];
  return {
    put,
    settings: () => Promise.resolve(latest),
    keepSettings: (body: Settings) => {
      put.push(body);
      meanwhile();
      return Promise.resolve({ ...body, version: body.version + 1 });
    },
  };
}

const local = (own: Own) => store("own.rita", own);
const stored = () => readStored<Own | null>("own.rita", null);

beforeEach(() => localStorage.clear());

it("what was kept elsewhere is here", async () => {
  const api = apiWith(settings(3, view("Rings", "Donut")));
  expect(await synced(api, "rita")).toMatchObject({ version: 3, views: [{ name: "Rings" }], unsent: 0 });
  expect(api.put).toEqual([]);
  expect(stored()).toMatchObject({ version: 3 });
});

it("what was changed while the API was away is sent", async () => {
  local({ ...settings(3), unsent: 2 });
  const api = apiWith(settings(3, view("Rings", "Donut")));
  expect(await synced(api, "rita")).toMatchObject({ version: 4, views: [], unsent: 0 });
  expect(api.put).toEqual([settings(3)]);
});

it("what both sides have kept stays, and a view of here wins over its namesake", () => {
  const there = { ...settings(5, view("Rings", "Donut"), view("Lines", "Scratch")), keys: { undo: ["q"] } };
  const here: Own = { ...settings(3, view("Lines", "Edge-Loc")), keys: { undo: ["x"] }, unsent: 1 };
  expect(merged(there, here)).toEqual({ ...settings(5, view("Rings", "Donut"), view("Lines", "Edge-Loc")), keys: { undo: ["x"] } });
});

it("a change made while another is on its way is not lost", async () => {
  local({ ...settings(3, view("Rings", "Donut")), unsent: 1 });
  const api = apiWith(settings(3), () => local({ ...settings(3, view("Rings", "Donut"), view("Lines", "Scratch")), unsent: 2 }));
  expect(await synced(api, "rita")).toMatchObject({ version: 4, unsent: 1, views: [{ name: "Rings" }, { name: "Lines" }] });
});
