import { describe, expect, it, test, vi } from "vitest";

import type { Api } from "../../src/api/calls";
import { ApiError } from "../../src/api/client";
import { Outbox } from "../../src/outbox/outbox";
import { indexedDbStore } from "../../src/outbox/store";
import { atKnownVersion, callOf, senderOf, Versions, type Work } from "../../src/outbox/work";

const waferOf = (item: string) => ({ item, fab: "faba", camera: "c", timestamp: 1 });
const answer = (version: number, item = "i~1"): Work => ({ kind: "answer", wafer: waferOf(item), body: { answer_id: "answer-1", version, verdict: "unknown", labels: [] } });
const undo = (version: number, item = "i~1"): Work => ({ kind: "undo", wafer: waferOf(item), body: { answer_id: "undo-1", version } });
const entry = (work: Work, id = "1") => ({ id, user: "ann", sequence: 1, work, problem: null });

/** An API that answers with what the test gives, and notes the versions that it was asked for. */
function apiWith(answerOf: () => { version: number } | Error) {
  const versions: number[] = [];
  const outcomeOf = ({ item, version }: { item: string; version: number }) => {
    versions.push(version);
    const after = answerOf();
    if (after instanceof ApiError) return { item, status: after.status, body: { message: after.message, ...after.problem } };
    if (after instanceof Error) throw after;
    return { item, status: 200, body: after };
  };
  const api = {
    answer: (answers: { item: string; version: number }[]) => Promise.resolve().then(() => ({ outcomes: answers.map(outcomeOf) })),
    undo: (item: string, _: string, version: number) => Promise.resolve(outcomeOf({ item, version }).body),
  } as unknown as Api;
  return { api, versions };
}

async function sendWith(error: Error) {
  const [outcome] = await senderOf(apiWith(() => error).api, new Versions())([entry(answer(1))]);
  return outcome;
}

/** A page: an outbox of its own on a disk that others may have used before. */
function pageWith(api: Api, name: string) {
  const versions = new Versions();
  return new Outbox<Work>({
    user: "ann",
    store: indexedDbStore<Work>(name),
    callOf,
    send: senderOf(api, versions),
    upToDate: (work) => atKnownVersion(work, versions),
    wait: () => new Promise((resolve) => setTimeout(resolve, 1)),
  });
}
const idle = (page: Outbox<Work>) => vi.waitFor(() => expect(page.snapshot().waiting).toEqual([]));

it("an undo goes to the version that the answer left behind", async () => {
  const { api, versions } = apiWith(() => ({ version: 8 }));
  const page = pageWith(api, "undo");
  await page.add("1", answer(5));
  await page.add("2", undo(5));
  await idle(page);
  expect(versions).toEqual([5, 8]);
});

it("an item that came back later is answered at the version it came with", async () => {
  const { api, versions } = apiWith(() => ({ version: 6 }));
  const page = pageWith(api, "back");
  await page.add("1", answer(5));
  await page.add("2", answer(9));
  await idle(page);
  expect(versions).toEqual([5, 9]);
});

it("an answer that follows an undo is taken after a reload", async () => {
  let down = false;
  const { api, versions } = apiWith(() => (down ? new TypeError("Failed to fetch") : { version: 8 }));
  const first = pageWith(api, "reload");
  await first.add("1", undo(5));
  await idle(first);
  down = true;
  await first.add("2", answer(5));
  await vi.waitFor(() => expect(first.snapshot().failures).toBeGreaterThan(0));
  first.close();
  down = false;
  const second = pageWith(api, "reload");
  await second.open();
  await idle(second);
  expect(versions.at(-1)).toBe(8);
});

describe("one call takes", () => {
  const ids = (works: Work[]) => callOf(works.map((work, at) => entry(work, String(at)))).map(({ id }) => Number(id));

  test.each([
    ["the answers that wait", [answer(1, "a"), answer(1, "b"), answer(1, "c")], [0, 1, 2]],
    ["those before an undo", [answer(1, "a"), answer(1, "b"), undo(1, "b"), answer(1, "c")], [0, 1]],
    ["an undo alone", [undo(1, "a"), answer(1, "b")], [0]],
    ["a wafer once", [answer(1, "a"), answer(1, "b"), answer(1, "a")], [0, 1]],
  ])("%s", (_, works, expected) => {
    expect(ids(works)).toEqual(expected);
  });

  it("twenty at most", () => {
    expect(ids(Array.from({ length: 30 }, (_, at) => answer(1, String(at))))).toHaveLength(20);
  });
});

it("a call that is refused as a whole is made anew for each answer", async () => {
  const calls: number[] = [];
  const api = {
    answer: (answers: { item: string }[]) => {
      calls.push(answers.length);
      if (answers.length > 1 || answers[0]?.item === "b") return Promise.reject(new ApiError(422, { message: "answers: too long" }));
      return Promise.resolve({ outcomes: answers.map(({ item }) => ({ item, status: 200, body: { version: 2 } })) });
    },
  } as unknown as Api;
  const outcomes = await senderOf(api, new Versions())([entry(answer(1, "a")), entry(answer(1, "b"))]);
  expect(calls).toEqual([2, 1, 1]);
  expect(outcomes.map(({ kind }) => kind)).toEqual(["saved", "refused"]);
});

describe("an answer is tried again", () => {
  test.each([
    ["without a network", new TypeError("Failed to fetch")],
    ["when the API fails", new ApiError(503, {})],
    ["when it asks for less", new ApiError(429, {})],
    ["when the token ended", new ApiError(401, {})],
  ])("%s", async (_, error) => {
    expect(await sendWith(error)).toEqual({ kind: "later" });
  });
});

describe("an answer is refused in words", () => {
  test.each([
    ["who holds it", new ApiError(409, { message: "no", held_by: "bob" }), /held by bob/],
    ["that it changed", new ApiError(409, { message: "expected version 3, got 1" }), /answered or changed meanwhile: expected version 3/],
    ["that it is gone", new ApiError(404, {}), /no longer in your fabs/],
    ["what is wrong", new ApiError(422, { message: "labels: expected one of a, b" }), /labels: expected one of a, b/],
  ])("that say %s", async (_, error, words) => {
    expect(await sendWith(error)).toMatchObject({ kind: "refused", problem: expect.stringMatching(words) as string });
  });
});
