/** What the gallery shows, as the address holds it -> as the API is asked. */

import type { BacklogQuery } from "../api/calls";
import type { Order, State } from "../api/types";
import { given } from "../app/useUrlState";
import { STATES } from "../app/words";
import { boundsOf, DAY_MS, dayOf } from "../search/query";

export const ORDERS: readonly (readonly [Order, string])[] = [
  ["oldest", "Waiting longest first"],
  ["newest", "Newest first"],
  ["urgent", "Most urgent first"],
  ["novel", "Most novel first"],
  ["unsure", "Least sure first"],
];

/** What is chosen at once, and what is written and then asked for. */
export const CHOSEN = ["state", "order", "label", "camera"] as const;
export const WRITTEN = ["lot", "min", "max", "least", "most", "from", "to", "holder"] as const;

/** Days are whole days, UTC, the last one included: when the wafer began to wait. */
export function backlogOf(fab: string, params: URLSearchParams, limit: number): BacklogQuery {
  const from = dayOf(params.get("from"));
  const to = dayOf(params.get("to"));
  return {
    fab,
    limit,
    state: one(params.get("state"), Object.keys(STATES) as State[]) ?? "open",
    order: one(params.get("order"), ORDERS.map(([order]) => order)) ?? "oldest",
    ...given(params, ["label", "camera", "lot", "holder"]),
    ...boundsOf(params),
    ...(from === null ? {} : { opened_from_ms: from }),
    ...(to === null ? {} : { opened_to_ms: to + DAY_MS - 1 }),
  };
}

function one<Value extends string>(text: string | null, known: readonly Value[]): Value | undefined {
  return known.find((value) => value === text);
}
