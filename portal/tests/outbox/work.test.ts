import { describe, expect, it, test } from "vitest";

import type { Api } from "../../src/api/calls";
import { ApiError } from "../../src/api/client";
import { senderOf, Versions, type Work } from "../../src/outbox/work";

const wafer = { item: "i~1", fab: "faba", camera: "c", timestamp: 1 };
const answer = (version: number): Work => ({ kind: "answer", wafer, body: { answer_id: "answer-1", version, verdict: "unknown", labels: [] } });
const entry = (work: Work) => ({ id: "1", user: "ann", sequence: 1, work, problem: null });

/** An API that answers with what the test gives, and notes the versions that it was asked for. */
function apiWith(answerOf: () => Promise<{ version: number }>) {
  const versions: number[] = [];
  const api = {
    answer: (_: string, body: { version: number }) => (versions.push(body.version), answerOf()),
    undo: (_: string, __: string, version: number) => (versions.push(version), answerOf()),
  } as unknown as Api;
  return { api, versions };
}

const sendWith = (error: Error) => senderOf(apiWith(() => Promise.reject(error)).api, new Versions())(entry(answer(1)));

it("an undo goes to the version that the answer left behind", async () => {
  const { api, versions } = apiWith(() => Promise.resolve({ version: 8 }));
  const send = senderOf(api, new Versions());
  await send(entry(answer(5)));
  await send(entry({ kind: "undo", wafer, body: { answer_id: "undo-1", version: 5 } }));
  expect(versions).toEqual([5, 8]);
});

it("an item that came back later is answered at the version it came with", async () => {
  const { api, versions } = apiWith(() => Promise.resolve({ version: 6 }));
  const send = senderOf(api, new Versions());
  await send(entry(answer(5)));
  await send(entry(answer(9)));
  expect(versions).toEqual([5, 9]);
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
