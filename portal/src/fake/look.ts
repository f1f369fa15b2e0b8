/** The made-up cloud's wafers to look at, and its pictures. */

import { delay, http, HttpResponse } from "msw";

import type { components } from "../api/schema";
import type { FakeCloud, FakeRecord } from "./cloud";
import { answering, apiPath as at, needFab, needRecord, needRole, paged, type Visit } from "./respond";
import { itemSummary, pictureOf, waferDetail, waferView } from "./show";
import { pngOf } from "./wafers";
import { sees } from "./people";

type Schemas = components["schemas"];

const ENLARGED = 4;

export function lookHandlers(cloud: FakeCloud) {
  return [
    http.get(at("/me"), answering(cloud, me)),
    http.get(at("/catalogue"), answering(cloud, catalogue)),
    http.get(at("/items"), answering(cloud, backlog)),
    http.get(at("/items/:item"), answering(cloud, (visit) => waferDetail(visit.cloud, needRecord(visit, visit.params.item ?? "")))),
    http.get(at("/items/:item/picture"), answering(cloud, (visit) => pictureOf(visit.cloud, needRecord(visit, visit.params.item ?? "")))),
    http.get(at("/wafers"), answering(cloud, search)),
    http.get(at("/lot"), answering(cloud, lot)),
    http.get(`${window.location.origin}/pictures/:name`, ({ request, params }) => picture(cloud, request, decodeURIComponent(String(params.name)))),
  ];
}

function me({ cloud, caller }: Visit): Schemas["Me"] {
  return {
    name: caller.name,
    roles: caller.groups.filter((group) => !group.startsWith("fab:")),
    fabs: ["faba", "fabb"].filter((fab) => sees(caller, fab)),
    lease_s: cloud.leaseS,
    most_bulk: 200,
    most_leased: 10,
    most_note_characters: 2000,
  };
}

function catalogue({ cloud, caller }: Visit): Schemas["Catalogue"] {
  const records = [...cloud.records.values()];
  const fabs = [...new Set(records.map(({ fab }) => fab))].filter((fab) => sees(caller, fab));
  const camerasOf = (fab: string) => [...new Set(records.filter((record) => record.fab === fab).map(({ camera }) => camera))];
  return {
    fabs: fabs.map((fab) => ({
      fab,
      cameras: camerasOf(fab).map((camera) => ({ camera, heartbeat_ms: Date.now() - 20_000, model: "wafer-map@1.4.0", version: "1.2.0", degraded: [] })),
    })),
  };
}

function backlog(visit: Visit): Schemas["ItemPage"] {
  const state = visit.query.get("state") ?? "open";
  if (state !== "open") needRole(visit, "engineer", "admin");
  const found = ofFab(visit).filter(({ review }) => review?.state === state);
  const order = visit.query.get("order") ?? "oldest";
  const keys: Record<string, (record: FakeRecord) => number> = {
    urgent: ({ said }) => said.probability,
    unsure: ({ said }) => said.probability,
    novel: ({ said }) => -(said.novelty ?? 0),
    newest: ({ timestamp }) => -timestamp,
  };
  const key = keys[order] ?? (({ timestamp }) => timestamp);
  const { rows, cursor } = paged(visit, found.sort((a, b) => key(a) - key(b)));
  return { items: rows.map((record) => itemSummary(visit.cloud, record)), cursor };
}

function search(visit: Visit): Schemas["WaferPage"] {
  needRole(visit, "engineer", "admin");
  const { rows, cursor } = paged(visit, ofFab(visit).sort((a, b) => b.timestamp - a.timestamp));
  return { wafers: rows.map((record) => waferView(visit.cloud, record)), cursor };
}

function lot(visit: Visit): Schemas["WaferPage"] {
  needRole(visit, "engineer", "admin");
  return { wafers: ofFab(visit).map((record) => waferView(visit.cloud, record)), cursor: null };
}

/** The fab's wafers that fit what the address asks for. */
function ofFab(visit: Visit): FakeRecord[] {
  const fab = needFab(visit, visit.query.get("fab"));
  return [...visit.cloud.records.values()].filter((record) => record.fab === fab && isNamed(visit.query, record) && isWithin(visit.query, record));
}

function isNamed(query: URLSearchParams, { camera, lot, said, review }: FakeRecord): boolean {
  const names = { camera, lot, label: said.label, model: said.model, holder: review?.holder };
  return Object.entries(names).every(([name, value]) => !query.has(name) || query.get(name) === value);
}

function isWithin(query: URLSearchParams, { timestamp, said, review }: FakeRecord): boolean {
  const amounts = [
    ["from_ms", "to_ms", timestamp],
    ["opened_from_ms", "opened_to_ms", review?.opened_ms ?? 0],
    ["min_probability", "max_probability", said.probability],
    ["min_novelty", "max_novelty", said.novelty ?? 0],
  ] as const;
  return amounts.every(([least, most, amount]) => amount >= Number(query.get(least) ?? -Infinity) && amount <= Number(query.get(most) ?? Infinity));
}

async function picture(cloud: FakeCloud, request: Request, name: string) {
  await delay(cloud.picturesDelayedMs);
  if (cloud.down) return HttpResponse.error();
  const record = cloud.records.get(name.replace(/\.png$/, ""));
  if (!record) return new HttpResponse("NoSuchKey", { status: 404 });
  const number = Number(new URL(request.url).searchParams.get("signed"));
  if (number <= cloud.picturesExpiredUntil) return new HttpResponse("Request has expired", { status: 403 });
  return HttpResponse.arrayBuffer(pngOf(record.map, ENLARGED).buffer, { headers: { "Content-Type": "image/png" } });
}
