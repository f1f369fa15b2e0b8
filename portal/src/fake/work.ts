/** The made-up cloud's queue: handing out, answering, taking back. */

import { http } from "msw";

import type { components } from "../api/schema";
import { addEvent, addReading, type FakeCloud, type FakeRecord, type FakeReview } from "./cloud";
import { answering, apiPath as at, needFab, needRecord, needRole, Refusal, type Visit } from "./respond";
import { workItem } from "./show";

type ItemState = components["schemas"]["ItemState"];
type Body<Name extends keyof components["schemas"]> = components["schemas"][Name];

const bodyOf = async <Name extends keyof components["schemas"]>(visit: Visit) => (await visit.request.json()) as Body<Name>;

export function workHandlers(cloud: FakeCloud) {
  return [
    http.post(at("/queue/next"), answering(cloud, next)),
    http.post(at("/queue/heartbeat"), answering(cloud, heartbeat)),
    http.post(at("/answers"), answering(cloud, answers)),
    http.post(at("/items/:item/undo"), answering(cloud, undo)),
    http.post(at("/items/:item/release"), answering(cloud, release)),
    http.post(at("/items/:item/send-back"), answering(cloud, sendBack)),
  ];
}

async function next(visit: Visit): Promise<Body<"WorkItems">> {
  const body = await bodyOf<"NextBody">(visit);
  needRole(visit, ...(body.line === "adjudication" ? ["engineer", "admin"] : ["reviewer"]));
  const fab = needFab(visit, body.fab);
  const name = visit.caller.name;
  const wanted = body.line === "adjudication" ? ["disputed"] : ["open", "second"];
  const free = [...visit.cloud.records.values()]
    .filter((record) => record.fab === fab && record.review && wanted.includes(record.review.state))
    .filter(({ review }) => review && !review.readings.some(({ reviewer }) => reviewer === name))
    .filter(({ review }) => review && (holderOf(review) ?? name) === name)
    .sort((a, b) => placeOf(a, name) - placeOf(b, name) || a.said.probability - b.said.probability)
    .slice(0, body.count);
  free.forEach((record) => lease(visit, record));
  return { items: free.map((record) => workItem(visit.cloud, record, name)) };
}

/** What somebody holds comes first and counts, what they skipped comes last. */
function placeOf({ review }: FakeRecord, name: string): number {
  if (review && holderOf(review) === name) return 0;
  return review?.skipped.includes(name) ? 2 : 1;
}

async function heartbeat(visit: Visit): Promise<Body<"Leases">> {
  const { items } = await bodyOf<"HeartbeatBody">(visit);
  const mine = items.flatMap(({ item, version }) => {
    const record = needRecord(visit, item);
    return record.review?.holder === visit.caller.name && record.review.version === version ? [record] : [];
  });
  // Also when the lease ran out and nobody else came.
  mine.forEach(({ review }) => review && Object.assign(review, { lease_until_ms: Date.now() + visit.cloud.leaseS * 1000 }));
  return {
    held: mine.map(({ item, review }) => ({ item, version: review?.version ?? 0, lease_until_ms: review?.lease_until_ms ?? 0 })),
    lost: items.map(({ item }) => item).filter((item) => !mine.some((record) => record.item === item)),
  };
}

async function answers(visit: Visit): Promise<Body<"AnswerOutcomes">> {
  const body = await bodyOf<"AnswersBody">(visit);
  return { outcomes: body.answers.map((each) => ({ item: each.item, answer_id: each.answer_id, ...outcomeOf(visit, each) })) };
}

function outcomeOf(visit: Visit, body: Body<"ItemAnswer">): Pick<Body<"AnswerOutcome">, "status" | "body"> {
  try {
    return { status: 200, body: answer(visit, body) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { status: error.status, body: { ...NO_PROBLEM, ...error.problem } };
  }
}

const NO_PROBLEM = { field: null, value: null, expected: null, version: null, held_by: null };

function answer(visit: Visit, body: Body<"ItemAnswer">): ItemState {
  const record = needRecord(visit, body.item);
  const known = visit.cloud.answers.get(body.answer_id) as ItemState | undefined;
  if (known) return { ...known, repeated: true };
  const review = needVersion(visit, record, body.version);
  if (review.state === "settled") throw new Refusal(409, { message: "expected an item still to be read", version: review.version });
  addReading(record, visit.caller.name, { verdict: body.verdict, labels: body.labels }, Date.now(), body.note ?? null);
  const state = stateOf(record);
  visit.cloud.answers.set(body.answer_id, state);
  return state;
}

async function undo(visit: Visit): Promise<Body<"WorkItem">> {
  const record = needRecord(visit, visit.params.item ?? "");
  const review = needVersion(visit, record, (await bodyOf<"UndoBody">(visit)).version);
  takeBack(record, visit.caller.name, review);
  lease(visit, record);
  return workItem(visit.cloud, record, visit.caller.name);
}

export function takeBack(record: FakeRecord, reviewer: string, review: FakeReview): void {
  const last = review.readings.at(-1);
  if (last?.reviewer !== reviewer) throw new Refusal(409, { message: "expected an item last answered by you", version: review.version });
  review.readings.pop();
  const after = review.readings.at(-1) ?? null;
  addEvent(record, { reviewer, at_ms: Date.now(), act: "undo", before: last, after, bulk: false });
  review.state = review.readings.length === 0 ? "open" : "second";
}

async function release(visit: Visit): Promise<ItemState> {
  const record = needRecord(visit, visit.params.item ?? "");
  const { version, skip } = await bodyOf<"ReleaseBody">(visit);
  const review = needVersion(visit, record, version, visit.caller.groups.includes("admin"));
  if (skip) review.skipped.push(visit.caller.name);
  Object.assign(review, { holder: null, version: review.version + 1 });
  return stateOf(record);
}

async function sendBack(visit: Visit): Promise<ItemState> {
  needRole(visit, "engineer", "admin");
  const record = needRecord(visit, visit.params.item ?? "");
  const body = await bodyOf<"SendBackBody">(visit);
  const review = needVersion(visit, record, body.version);
  const before = review.readings.at(-1) ?? null;
  Object.assign(review, { state: "open", readings: [], comment: body.comment });
  addEvent(record, { reviewer: visit.caller.name, at_ms: Date.now(), act: "send_back", before, note: body.comment, bulk: false });
  return stateOf(record);
}

/** Return the review if it is at the version that was looked at and in no other's hands, unless `anyones` will do. */
export function needVersion(visit: Visit, record: FakeRecord, version: number, anyones = false): FakeReview {
  const review = record.review;
  if (!review) throw new Refusal(404, { message: `no item ${record.item}` });
  const holder = holderOf(review);
  if (!anyones && holder && holder !== visit.caller.name) throw new Refusal(409, { message: "the item is in other hands", held_by: holder, version: review.version });
  if (review.version !== version) throw new Refusal(409, { message: `expected version ${review.version}, got ${version}`, version: review.version });
  return review;
}

function holderOf(review: FakeReview): string | null {
  return review.lease_until_ms > Date.now() ? review.holder : null;
}

function lease({ cloud, caller }: Visit, record: FakeRecord): void {
  if (!record.review) return;
  if (holderOf(record.review) !== caller.name) record.review.version += 1;
  Object.assign(record.review, { holder: caller.name, lease_until_ms: Date.now() + cloud.leaseS * 1000 });
}

function stateOf({ item, review }: FakeRecord): ItemState {
  return { item, version: review?.version ?? 0, state: review?.state ?? null, answer: null, repeated: false };
}
