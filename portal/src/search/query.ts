/** The search as the address holds it -> as the API is asked. */

import type { WaferQuery } from "../api/calls";
import { given } from "../app/useUrlState";

const TEXTS = ["camera", "lot", "label", "model", "holder"] as const;
/** What bounds an amount in the address. */
export const BOUNDS = ["min", "max", "least", "most"] as const;
/** What a saved view keeps: everything that is searched by. */
export const FIELDS = [...TEXTS, "from", "to", ...BOUNDS] as const;

export const DAY_MS = 86_400_000;

/** Days are whole days, UTC, the last one included; probabilities are percent. */
export function queryOf(fab: string, params: URLSearchParams, limit: number): WaferQuery {
  // An alert's link names the class as its message does.
  const label = params.get("label") ?? params.get("prediction");
  const from = dayOf(params.get("from"));
  const to = dayOf(params.get("to"));
  return {
    fab,
    limit,
    ...given(params, TEXTS),
    ...(label ? { label } : {}),
    ...(from === null ? {} : { from_ms: from }),
    ...(to === null ? {} : { to_ms: to + DAY_MS - 1 }),
    ...boundsOf(params),
  };
}

/** How sure the model is, in percent, and how novel the wafer; what is no number bounds nothing. */
export function boundsOf(params: URLSearchParams) {
  const [least, most] = [shareOf(params.get("min")), shareOf(params.get("max"))];
  const [usual, novel] = [numberOf(params.get("least")), numberOf(params.get("most"))];
  return {
    ...(least === null ? {} : { min_probability: least }),
    ...(most === null ? {} : { max_probability: most }),
    ...(usual === null ? {} : { min_novelty: usual }),
    ...(novel === null ? {} : { max_novelty: novel }),
  };
}

export function isoDay(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** Return when a day of the calendar begins, UTC; null where there is no such day. */
export function dayOf(text: string | null): number | null {
  const ms = Date.parse(`${text ?? ""}T00:00:00Z`);
  return Number.isNaN(ms) || isoDay(ms) !== text ? null : ms;
}

export function shareOf(text: string | null): number | null {
  const value = numberOf(text);
  return value !== null && value >= 0 && value <= 100 ? value / 100 : null;
}

export function numberOf(text: string | null): number | null {
  const value = text ? Number(text) : NaN;
  return Number.isFinite(value) ? value : null;
}
