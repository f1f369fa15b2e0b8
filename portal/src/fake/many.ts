/** The made-up cloud's bulk answers. */

import { http } from "msw";

import type { components } from "../api/schema";
import { addReading, type FakeCloud } from "./cloud";
import { answering, apiPath, needFab, needRecord, needRole, Refusal, type Visit } from "./respond";
import { needVersion, takeBack } from "./work";

type Schemas = components["schemas"];

export function bulkHandlers(cloud: FakeCloud) {
  return [
    http.post(apiPath("/bulk/preview"), answering(cloud, async (visit) => bulk(visit, (await visit.request.json()) as Schemas["BulkBody"], null))),
    http.post(apiPath("/bulk"), answering(cloud, keep)),
    http.post(apiPath("/bulk/:batch/undo"), answering(cloud, undo)),
  ];
}

async function keep(visit: Visit): Promise<Schemas["BulkResult"]> {
  const body = (await visit.request.json()) as Schemas["BulkAnswerBody"];
  const result = bulk(visit, body, body.batch);
  visit.cloud.batches.set(body.batch, result.items.filter(({ refused }) => !refused).map(({ item }) => item));
  return result;
}

function bulk(visit: Visit, body: Schemas["BulkBody"], batch: string | null): Schemas["BulkResult"] {
  needRole(visit, "reviewer");
  needFab(visit, body.fab);
  return resultOf(
    batch,
    body.items.map(({ item }) => item),
    (item) => {
      const record = needRecord(visit, item);
      const review = needVersion(visit, record, body.items.find((each) => each.item === item)?.version ?? -1);
      if (review.state !== "open") throw new Refusal(409, { message: "expected an item that waits for its first answer" });
      if (batch !== null) addReading(record, visit.caller.name, { verdict: body.verdict, labels: body.labels }, Date.now(), body.note ?? null, batch);
    },
  );
}

function undo(visit: Visit): Schemas["BulkResult"] {
  const batch = visit.params.batch ?? "";
  const items = visit.cloud.batches.get(batch);
  if (!items) throw new Refusal(404, { message: `no batch ${batch}` });
  return resultOf(batch, items, (item) => {
    const record = needRecord(visit, item);
    if (record.review) takeBack(record, visit.caller.name, record.review);
  });
}

function resultOf(batch: string | null, items: readonly string[], act: (item: string) => void): Schemas["BulkResult"] {
  const outcomes = items.map((item) => {
    try {
      act(item);
      return { item };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      const holder = error.problem.held_by;
      return { item, refused: holder ? `held by ${holder}` : error.message };
    }
  });
  const refused = outcomes.filter((each) => "refused" in each).length;
  return { batch, done: outcomes.length - refused, refused, items: outcomes };
}
