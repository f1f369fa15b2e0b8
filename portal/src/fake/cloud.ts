/** A made-up cloud in memory: wafers of two fabs, some of them in review. Its rules are the API's, simplified. */

import type { AnswerView, HistoryEvent, ModelAnswer, ReadingView, Settings, State } from "../api/types";
import type { FakeLoop } from "./loop";
import { LABELS, makeWafer, randomOf, type FakeWafer, type Label, type Random } from "./wafers";

export interface FakeReview {
  state: State;
  version: number;
  opened_ms: number;
  holder: string | null;
  skipped: string[];
  lease_until_ms: number;
  readings: ReadingView[];
  needsSecond: boolean;
  comment: string | null;
  history: HistoryEvent[];
}

export interface FakeRecord {
  readonly item: string;
  readonly fab: string;
  readonly camera: string;
  readonly timestamp: number;
  readonly lot: string;
  readonly wafer: number;
  readonly truth: Label;
  readonly map: FakeWafer;
  readonly said: ModelAnswer;
  readonly review: FakeReview | null;
}

export interface FakeCloud {
  readonly records: Map<string, FakeRecord>;
  readonly answers: Map<string, unknown>;
  readonly batches: Map<string, string[]>;
  /** Name -> what that person keeps for themself. */
  readonly settings: Map<string, Settings>;
  /** Models, rollouts, trainings; made when it is first served. */
  loop?: FakeLoop;
  leaseS: number;
  /** While true the label book fails. */
  bookLost: boolean;
  /** How often somebody has to ask until all events are counted. */
  uncounted: number;
  /** While true nothing answers, as with a network that is gone. */
  down: boolean;
  /** Addresses of pictures that were handed out before this no longer work. */
  picturesExpiredUntil: number;
  pictureNumber: number;
  /** How long a picture takes, as on a slow link. */
  picturesDelayedMs: number;
}

const WAFERS_OF_A_LOT = 25;
const HOUR_MS = 3_600_000;
const LEASE_S = 300;
const ACCEPT = 0.8;
const ALERT = 0.5;
const MODEL = "wafer-map@1.4.0";

export function makeCloud(now = Date.now()): FakeCloud {
  const random = randomOf(7);
  const records = new Map<string, FakeRecord>();
  const lots = [
    ["faba", "inspect-1", "LOT-4711"],
    ["faba", "inspect-2", "LOT-4712"],
    ["faba", "inspect-1", "LOT-4713"],
    ["fabb", "probe-1", "B-0042"],
  ] as const;
  lots.forEach(([fab, camera, lot], number) => {
    for (let wafer = 1; wafer <= WAFERS_OF_A_LOT; wafer += 1) {
      const timestamp = now - (lots.length - number) * 20 * HOUR_MS + wafer * 600_000;
      const record = makeRecord({ fab, camera, lot, wafer, timestamp, seed: number * 100 + wafer }, random);
      records.set(record.item, record);
    }
  });
  seedReviews([...records.values()], now);
  return { records, answers: new Map(), batches: new Map(), settings: new Map(), leaseS: LEASE_S, uncounted: 0, bookLost: false, down: false, picturesExpiredUntil: 0, pictureNumber: 0, picturesDelayedMs: 0 };
}

interface Place {
  readonly fab: string;
  readonly camera: string;
  readonly lot: string;
  readonly wafer: number;
  readonly timestamp: number;
  readonly seed: number;
}

function makeRecord(place: Place, random: Random): FakeRecord {
  const truth = drawn(random);
  const map = makeWafer(truth, place.seed);
  const probability = Math.round((0.35 + random() * 0.64) * 1000) / 1000;
  const label = random() < 0.9 ? truth : drawn(random);
  const doubtful = probability < ACCEPT;
  const reason = doubtful ? "doubtful" : random() < 0.12 ? "audit" : null;
  return {
    ...place,
    item: `${place.lot}-${String(place.wafer).padStart(2, "0")}~${place.timestamp}`,
    truth,
    map,
    said: { label, probability, reason, model: MODEL, novelty: Math.round(random() * 100) / 100, scores: scoresOf(label, probability, random), heat: map.heat, accept: ACCEPT, alert: ALERT },
    review: reason === null ? null : openReview(place.timestamp),
  };
}

function openReview(timestamp: number): FakeReview {
  return {
    state: "open",
    version: 0,
    opened_ms: timestamp + 5_000,
    holder: null,
    skipped: [],
    lease_until_ms: 0,
    readings: [],
    needsSecond: false,
    comment: null,
    history: [],
  };
}

/** Some wafers have a past: settled, disputed, waiting for a second reader, held by somebody. */
function seedReviews(records: readonly FakeRecord[], now: number): void {
  const reviewed = records.filter((record) => record.review);
  reviewed.forEach((record, at) => {
    if (at % 4 === 0) addReading(record, "remo", { verdict: "labels", labels: [record.truth] }, now - at * HOUR_MS, null);
    if (at % 12 === 0) {
      addReading(record, "sam", { verdict: "unknown", labels: [] }, now - at * HOUR_MS + 60_000, "Two patterns on top of each other");
      if (record.review) record.review.state = "disputed";
    }
    if (at % 9 === 5 && record.review) Object.assign(record.review, { holder: "remo", lease_until_ms: now + LEASE_S * 1000 });
  });
}

export function addReading(record: FakeRecord, reviewer: string, answer: AnswerView, at: number, note: string | null, batch: string | null = null): void {
  const review = record.review;
  if (!review) return;
  const before = review.readings.at(-1) ?? null;
  const adjudicates = review.state === "disputed";
  review.readings.push({ ...answer, reviewer, at_ms: at, note, bulk: batch !== null });
  addEvent(record, { reviewer, at_ms: at, act: adjudicates ? "adjudicate" : "answer", before, after: answer, note, bulk: batch !== null, batch });
  Object.assign(review, { state: review.needsSecond && review.readings.length === 1 ? "second" : "settled", holder: null });
}

export function addEvent(record: FakeRecord, event: Omit<HistoryEvent, "item" | "seq" | "previous" | "hash">): void {
  const review = record.review;
  if (!review) return;
  const previous = review.history.at(-1)?.hash ?? "0".repeat(64);
  const seq = review.history.length + 1;
  review.history.push({ ...event, item: record.item, seq, previous, hash: hashOf(`${previous} ${record.item} ${seq}`) });
  review.version += 1;
}

function drawn(random: Random): Label {
  if (random() < 0.35) return "none";
  return LABELS[1 + Math.floor(random() * (LABELS.length - 1))] ?? "none";
}

function scoresOf(label: Label, probability: number, random: Random): Record<string, number> {
  const rest = LABELS.filter((each) => each !== label).map((each) => [each, random() ** 3] as const);
  const sum = rest.reduce((total, [, weight]) => total + weight, 0);
  return Object.fromEntries([[label, probability], ...rest.map(([each, weight]) => [each, ((1 - probability) * weight) / sum] as const)]);
}

/** No cryptography: 64 digits that differ. */
function hashOf(text: string): string {
  const random = randomOf(new TextEncoder().encode(text).reduce((sum, byte) => (Math.imul(sum, 31) + byte) | 0, 7));
  return Array.from({ length: 64 }, () => Math.floor(random() * 16).toString(16)).join("");
}
