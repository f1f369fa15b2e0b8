/** What the outbox sends: answers, and answers taken back. */

import type { Api } from "../api/calls";
import { ApiError, isPassing } from "../api/client";
import type { AnswerBody, WaferIdentity } from "../api/types";
import type { Outcome } from "./outbox";
import type { Entry } from "./store";

export type Work =
  | { readonly kind: "answer"; readonly wafer: WaferIdentity; readonly body: AnswerBody }
  | { readonly kind: "undo"; readonly wafer: WaferIdentity; readonly body: { readonly answer_id: string; readonly version: number } };

/** The versions that this page's own answers left items at, which whoever queued an undo could not know yet; what waits carries them over a reload. */
export class Versions {
  private readonly known = new Map<string, number>();

  readonly of = (item: string, seen: number): number => Math.max(seen, this.known.get(item) ?? 0);

  learn(item: string, version: number): void {
    this.known.set(item, version);
  }
}

/** As many answers as the API takes in one call. */
const MOST_AT_ONCE = 20;

/** Return what goes in one call: the answers up to the next undo, or the undo; the second about a wafer needs to know what became of the first. */
export function callOf(waiting: readonly Entry<Work>[]): readonly Entry<Work>[] {
  const breaks = waiting.findIndex(
    ({ work }, at) => work.kind === "undo" || waiting.slice(0, at).some((before) => before.work.wafer.item === work.wafer.item),
  );
  return waiting.slice(0, Math.min(MOST_AT_ONCE, breaks === -1 ? waiting.length : Math.max(1, breaks)));
}

/** Return an entry's work at the version that its item is known to be at by now. */
export function atKnownVersion(work: Work, versions: Versions): Work {
  const version = versions.of(work.wafer.item, work.body.version);
  if (version === work.body.version) return work;
  return work.kind === "answer" ? { ...work, body: { ...work.body, version } } : { ...work, body: { ...work.body, version } };
}

/** Return what sends the entries of one call; a call that is refused as a whole is made anew for each of them. */
export function senderOf(api: Api, versions: Versions): (entries: readonly Entry<Work>[]) => Promise<Outcome[]> {
  const send = async (entries: readonly Entry<Work>[]): Promise<Outcome[]> => {
    try {
      return await sent(api, versions, entries);
    } catch (error) {
      if (entries.length === 1 || isPassing(error)) return entries.map(() => failed(error));
      return (await Promise.all(entries.map((entry) => send([entry])))).flat();
    }
  };
  return send;
}

async function sent(api: Api, versions: Versions, entries: readonly Entry<Work>[]): Promise<Outcome[]> {
  const saved = (item: string, version: number): Outcome => {
    versions.learn(item, version);
    return { kind: "saved" };
  };
  const answers = entries.flatMap(({ work }) => (work.kind === "answer" ? [{ ...work.body, item: work.wafer.item }] : []));
  if (answers.length > 0) {
    const { outcomes } = await api.answer(answers);
    return outcomes.map(({ item, status, body }) => ("message" in body ? failed(new ApiError(status, body)) : saved(item, body.version)));
  }
  return Promise.all(
    entries.map(async ({ work: { wafer, body } }) => saved(wafer.item, (await api.undo(wafer.item, body.answer_id, body.version)).version)),
  );
}

function failed(error: unknown): Outcome {
  return isPassing(error) ? { kind: "later" } : { kind: "refused", problem: reasonOf(error) };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  const { held_by: holder } = error.problem;
  if (error.status === 409 && holder) return `It is held by ${holder} now.`;
  if (error.status === 409) return `It was answered or changed meanwhile: ${error.message}`;
  if (error.status === 404) return "It is no longer in your fabs.";
  return error.message;
}
