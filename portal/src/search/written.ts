/** What is written into a filter's fields: what of it cannot be asked for, and why. */

import { dayOf, numberOf, shareOf } from "./query";

const DAY = { read: dayOf, wanted: "YYYY-MM-DD" };
const SHARE = { read: shareOf, wanted: "0 to 100" };
const AMOUNT = { read: numberOf, wanted: "A number" };
const FORMS: Readonly<Record<string, typeof DAY>> = { from: DAY, to: DAY, min: SHARE, max: SHARE, least: AMOUNT, most: AMOUNT };

/** Return what a field wants instead of what it holds; null where it can be asked for as it is. */
export function faultOf(field: string, text: string): string | null {
  const form = FORMS[field];
  return form && text !== "" && form.read(text) === null ? form.wanted : null;
}

export function canAsk(wanted: Readonly<Record<string, string>>): boolean {
  return Object.entries(wanted).every(([field, text]) => faultOf(field, text) === null);
}
