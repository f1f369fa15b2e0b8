/** The made-up cloud's settings, each person's own. */

import { http } from "msw";

import type { Settings } from "../api/types";
import type { FakeCloud } from "./cloud";
import { answering, apiPath, Refusal, type Visit } from "./respond";

const NOTHING: Settings = { version: 0, views: [], keys: null, single_keys: true };

export function ownHandlers(cloud: FakeCloud) {
  return [http.get(apiPath("/settings"), answering(cloud, settings)), http.put(apiPath("/settings"), answering(cloud, keep))];
}

function settings({ cloud, caller }: Visit): Settings {
  return cloud.settings.get(caller.name) ?? NOTHING;
}

async function keep(visit: Visit): Promise<Settings> {
  const body = (await visit.request.json()) as Settings;
  const { version } = settings(visit);
  if (body.version !== version) throw new Refusal(409, { message: `version: expected ${version}, the settings' version`, version });
  const kept = { ...body, version: version + 1 };
  visit.cloud.settings.set(visit.caller.name, kept);
  return kept;
}
