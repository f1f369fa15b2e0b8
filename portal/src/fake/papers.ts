/** The made-up cloud's label book, audit log and exports. */

import { http } from "msw";

import type { components } from "../api/schema";
import type { LabelView } from "../api/types";
import type { FakeCloud } from "./cloud";
import { answering, apiPath, needFab, needRole, paged, Refusal, type Visit } from "./respond";
import { LABELS, type Label } from "./wafers";

type Schemas = components["schemas"];

const MEANINGS: Record<Label, string> = {
  none: "Failing dies are few and scattered: no pattern.",
  Center: "A round patch of failing dies around the middle.",
  Donut: "A ring of failing dies between middle and edge; the middle passes.",
  "Edge-Loc": "A patch of failing dies at one part of the edge.",
  "Edge-Ring": "Failing dies all around the edge.",
  Loc: "A patch of failing dies that is neither in the middle nor at the edge.",
  "Near-full": "Almost every die fails.",
  Random: "Many failing dies without any order.",
  Scratch: "A thin line of failing dies.",
};
const NEIGHBOURS: Partial<Record<Label, [Label, string][]>> = {
  Loc: [["Edge-Loc", "an Edge-Loc touches the rim."]],
  "Edge-Loc": [
    ["Loc", "a Loc keeps away from the rim."],
    ["Edge-Ring", "an Edge-Ring goes more than halfway round."],
  ],
  Donut: [["Center", "a Center has no passing dies within."]],
};

export function paperHandlers(cloud: FakeCloud) {
  const book = new Map(LABELS.map((label) => [label as string, entryOf(cloud, label)]));
  const exports = new Map<string, Schemas["ExportView"]>();
  return [
    http.get(apiPath("/labels"), answering(cloud, (visit) => labels(visit, book))),
    http.put(apiPath("/labels/:label"), answering(cloud, (visit) => describe(visit, book))),
    http.get(apiPath("/audit"), answering(cloud, audit)),
    http.post(apiPath("/exports"), answering(cloud, (visit) => requestExport(visit, exports))),
    http.get(apiPath("/exports"), answering(cloud, (visit) => exportList(visit, exports))),
  ];
}

function entryOf(cloud: FakeCloud, label: Label): LabelView {
  const examples = [...cloud.records.values()].filter((record) => record.fab === "faba" && record.truth === label).slice(0, 3);
  return {
    label,
    normal: label === "none",
    taught: true,
    meaning: MEANINGS[label],
    neighbours: (NEIGHBOURS[label] ?? []).map(([other, difference]) => ({ label: other, difference })),
    examples: examples.map(({ item }) => item),
    version: 0,
  };
}

function labels(visit: Visit, book: ReadonlyMap<string, LabelView>): Schemas["LabelBook"] {
  if (visit.cloud.bookLost) throw new Refusal(500, { message: "Internal server error" });
  return { fab: needFab(visit, visit.query.get("fab")), model: null, labels: [...book.values()] };
}

async function describe(visit: Visit, book: Map<string, LabelView>): Promise<LabelView> {
  needRole(visit, "admin");
  const label = visit.params.label ?? "";
  const before = book.get(label) ?? { label, normal: false, taught: false, meaning: "", neighbours: [], examples: [], version: 0 };
  const body = (await visit.request.json()) as Schemas["LabelBody"];
  if (before.version !== body.version) throw new Refusal(409, { message: `version: expected ${before.version}, the text's version now`, version: before.version });
  const { meaning, neighbours, examples } = body;
  const after: LabelView = { ...before, meaning, neighbours, examples, version: before.version + 1, changed_by: visit.caller.name, changed_ms: Date.now() };
  book.set(before.label, after);
  return after;
}

function audit(visit: Visit): Schemas["AuditPage"] {
  needRole(visit, "engineer", "admin");
  const { query } = visit;
  const fab = needFab(visit, query.get("fab"));
  const events = [...visit.cloud.records.values()]
    .filter((record) => record.fab === fab)
    .flatMap(({ review }) => review?.history ?? [])
    .filter(({ reviewer, at_ms: at }) => (query.get("reviewer") ?? reviewer) === reviewer && at >= Number(query.get("from_ms") ?? 0) && at <= Number(query.get("to_ms") ?? Infinity))
    .sort((a, b) => b.at_ms - a.at_ms);
  const { rows, cursor } = paged(visit, events);
  return { events: [...rows], cursor };
}

async function requestExport(visit: Visit, exports: Map<string, Schemas["ExportView"]>): Promise<Schemas["ExportView"]> {
  needRole(visit, "engineer", "admin");
  const { fab, format, scope } = (await visit.request.json()) as Schemas["ExportBody"];
  const view: Schemas["ExportView"] = { export: crypto.randomUUID(), fab: needFab(visit, fab), format, scope, state: "waiting", requested_by: visit.caller.name, requested_ms: Date.now() };
  exports.set(view.export, view);
  return view;
}

/** An export is written by the time that somebody looks for it. */
function exportList(visit: Visit, exports: Map<string, Schemas["ExportView"]>): Schemas["ExportList"] {
  needRole(visit, "engineer", "admin");
  const fab = needFab(visit, visit.query.get("fab"));
  const wafers = [...visit.cloud.records.values()].filter((record) => record.fab === fab).length;
  const written = { state: "done", wafers, size_bytes: wafers * 640, url: `${window.location.origin}/pictures/none.png` };
  return { exports: [...exports.values()].filter((each) => each.fab === fab).map((each) => ({ ...each, ...written })).reverse() };
}
