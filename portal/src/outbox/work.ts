/** What the outbox sends: answers, and answers taken back. */

import type { Api } from "../api/calls";
import { ApiError, isPassing } from "../api/client";
import type { AnswerBody, WaferIdentity } from "../api/types";
import type { Outcome } from "./outbox";
import type { Entry } from "./store";

export type Work =
  | { readonly kind: "answer"; readonly wafer: WaferIdentity; readonly body: AnswerBody }
  | { readonly kind: "undo"; readonly wafer: WaferIdentity; readonly body: { readonly answer_id: string; readonly version: number } };

/** The versions that this page's own answers left items at, which whoever queued an undo could not know yet. */
export class Versions {
  private readonly known = new Map<string, number>();

  readonly of = (item: string, seen: number): number => Math.max(seen, this.known.get(item) ?? 0);

  learn(item: string, version: number): void {
    this.known.set(item, version);
  }
}

/** Return what sends one entry. */
export function senderOf(api: Api, versions: Versions): (entry: Entry<Work>) => Promise<Outcome> {
  return async ({ work }) => {
    const { item } = work.wafer;
    const version = versions.of(item, work.body.version);
    try {
      const after =
        work.kind === "answer" ? await api.answer(item, { ...work.body, version }) : await api.undo(item, work.body.answer_id, version);
      versions.learn(item, after.version);
      return { kind: "saved" };
    } catch (error) {
      return isPassing(error) ? { kind: "later" } : { kind: "refused", problem: reasonOf(error) };
    }
  };
}

function reasonOf(error: unknown): string {
  if (!(error instanceof ApiError)) return String(error);
  const { held_by: holder } = error.problem;
  if (error.status === 409 && holder) return `It is held by ${holder} now.`;
  if (error.status === 409) return `It was answered or changed meanwhile: ${error.message}`;
  if (error.status === 404) return "It is no longer in your fabs.";
  return error.message;
}
