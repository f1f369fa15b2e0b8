/** How much work to ask for, and when to ask again. */

/** The one that is looked at, and the next five. */
export const ENOUGH = 6;
const MOST_HELD = 8;
const FIRST_LOOK_MS = 10_000;
const LAST_LOOK_MS = 60_000;
const TRY_AGAIN_MS = 3_000;

export interface Deal {
  readonly asking: boolean;
  /** How often in a row the API had no more. */
  readonly dry: number;
  readonly error: unknown;
}

export const NEW_DEAL: Deal = { asking: false, dry: 0, error: null };

/** Return a total: the API counts what is held already, be it answered and on its way. */
export function totalOf(waiting: number, mostLeased: number): number {
  return Math.min(MOST_HELD + waiting, mostLeased);
}

/** Return how a deal stands after an answer: more is asked for at once only where something new came and more may follow. */
export function afterDeal({ dry }: Deal, fresh: number, dealt: number, total: number): Deal {
  const more = fresh > 0 && dealt >= total;
  return { asking: false, dry: more ? 0 : fresh > 0 ? 1 : dry + 1, error: null };
}

/** Return the pause before the next ask: an empty queue is looked at less and less often, down to once a minute. */
export function pauseOf({ dry, error }: Deal): number {
  if (error !== null) return TRY_AGAIN_MS;
  return dry === 0 ? 0 : Math.min(LAST_LOOK_MS, FIRST_LOOK_MS * 2 ** (dry - 1));
}
