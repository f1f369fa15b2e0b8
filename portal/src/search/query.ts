/** The search as the address holds it -> as the API is asked. */

import type { WaferQuery } from "../api/calls";
import { given } from "../app/useUrlState";

const TEXTS = ["camera", "lot", "label", "model"] as const;
/** What a saved view keeps: everything that is searched by. */
export const FIELDS = [...TEXTS, "from", "to", "min", "max"] as const;

export const DAY_MS = 86_400_000;

/** Days are whole days, UTC, the last one included; probabilities are percent. */
export function queryOf(fab: string, params: URLSearchParams, limit: number): WaferQuery {
  // An alert's link names the class as its message does.
  const label = params.get("label") ?? params.get("prediction");
  const from = dayOf(params.get("from"));
  const to = dayOf(params.get("to"));
  const least = shareOf(params.get("min"));
  const most = shareOf(params.get("max"));
  return {
    fab,
    limit,
    ...given(params, TEXTS),
    ...(label ? { label } : {}),
    ...(from === null ? {} : { from_ms: from }),
    ...(to === null ? {} : { to_ms: to + DAY_MS - 1 }),
    ...(least === null ? {} : { min_probability: least }),
    ...(most === null ? {} : { max_probability: most }),
  };
}

export function dayOf(text: string | null): number | null {
  const ms = Date.parse(`${text ?? ""}T00:00:00Z`);
  return Number.isNaN(ms) ? null : ms;
}

function shareOf(text: string | null): number | null {
  const value = text ? Number(text) : NaN;
  return value >= 0 && value <= 100 ? value / 100 : null;
}
