/** What the handlers share: who asks, what they may, and the API's way to refuse. */

import { HttpResponse } from "msw";

import type { Problem } from "../api/types";
import type { FakeCloud, FakeRecord } from "./cloud";
import { callerOf, sees, type FakePerson } from "./people";

/** Where the made-up API is. */
export function apiPath(path: string): string {
  return `${window.location.origin}/api${path}`;
}

/** A refusal on its way out of a handler. */
export class Refusal extends Error {
  constructor(
    readonly status: number,
    readonly problem: Partial<Problem> & Pick<Problem, "message">,
  ) {
    super(problem.message);
  }
}

export interface Visit {
  readonly cloud: FakeCloud;
  readonly caller: FakePerson;
  readonly request: Request;
  readonly query: URLSearchParams;
  readonly params: Readonly<Record<string, string>>;
}

type Resolver = (visit: Visit) => unknown;
interface Info {
  readonly request: Request;
  readonly params: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** Make a handler's resolver of what returns a body or throws a Refusal. */
export function answering(cloud: FakeCloud, resolve: Resolver) {
  return async ({ request, params }: Info) => {
    if (cloud.down) return HttpResponse.error();
    const caller = callerOf(request);
    if (!caller) return HttpResponse.json({ message: "Unauthorized" }, { status: 401 });
    const named = Object.fromEntries(Object.entries(params).map(([name, value]) => [name, decodeURIComponent(String(value))]));
    try {
      const body = await resolve({ cloud, caller, request, query: new URL(request.url).searchParams, params: named });
      return HttpResponse.json(body as object);
    } catch (error) {
      if (error instanceof Refusal) return HttpResponse.json(error.problem, { status: error.status });
      throw error;
    }
  };
}

export function needRole(visit: Visit, ...roles: string[]): void {
  if (!roles.some((role) => visit.caller.groups.includes(role))) throw new Refusal(403, { message: `expected a member of ${roles.join(" or ")}` });
}

/** Return the fab that is asked about, if the caller may know of it. */
export function needFab(visit: Visit, fab: string | null): string {
  if (fab === null || !sees(visit.caller, fab)) throw new Refusal(404, { message: `no fab ${fab ?? ""}` });
  return fab;
}

export function needRecord(visit: Visit, item: string): FakeRecord {
  const record = visit.cloud.records.get(item);
  if (!record || !sees(visit.caller, record.fab)) throw new Refusal(404, { message: `no item ${item}` });
  return record;
}

/** Return a page of rows and where the next begins. */
export function paged<Row>(visit: Visit, rows: readonly Row[]): { rows: readonly Row[]; cursor: string | null } {
  const start = Number(visit.query.get("cursor") ?? 0);
  const end = start + Number(visit.query.get("limit") ?? 50);
  return { rows: rows.slice(start, end), cursor: end < rows.length ? String(end) : null };
}
