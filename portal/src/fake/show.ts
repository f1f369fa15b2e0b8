/** The made-up cloud's records -> the API's answers. */

import type { ItemSummary, WaferDetail, WaferView, WorkItem } from "../api/types";
import type { FakeCloud, FakeRecord } from "./cloud";
import { LABELS } from "./wafers";

const PICTURE_MS = 600_000;

export function pictureOf(cloud: FakeCloud, record: FakeRecord) {
  cloud.pictureNumber += 1;
  const url = `${window.location.origin}/pictures/${encodeURIComponent(record.item)}.png?signed=${cloud.pictureNumber}`;
  return { url, expires_ms: Date.now() + PICTURE_MS };
}

function identity({ item, fab, camera, timestamp, lot, wafer }: FakeRecord) {
  return { item, fab, camera, timestamp, lot, wafer };
}

function isBlind(record: FakeRecord, caller: string): boolean {
  return record.review?.state === "second" && record.review.readings.every(({ reviewer }) => reviewer !== caller);
}

function settledAnswer(record: FakeRecord) {
  const last = record.review?.readings.at(-1);
  return record.review?.state === "settled" && last ? { verdict: last.verdict, labels: last.labels } : null;
}

export function workItem(cloud: FakeCloud, record: FakeRecord, caller: string): WorkItem {
  const review = record.review;
  const blind = isBlind(record, caller);
  return {
    ...identity(record),
    version: review?.version ?? 0,
    blind,
    lease_until_ms: review?.lease_until_ms ?? 0,
    labels: [...LABELS],
    picture: pictureOf(cloud, record),
    model_answer: blind ? null : record.said,
    comment: review?.comment ?? null,
    readings: review?.state === "disputed" ? review.readings : [],
  };
}

export function itemSummary(cloud: FakeCloud, record: FakeRecord): ItemSummary {
  const review = record.review;
  const held = review?.holder && review.lease_until_ms > Date.now();
  return {
    ...identity(record),
    version: review?.version ?? 0,
    state: review?.state ?? "open",
    opened_ms: review?.opened_ms ?? record.timestamp,
    picture: pictureOf(cloud, record),
    model_answer: record.said,
    held_by: held ? review.holder : null,
    answer: settledAnswer(record),
  };
}

export function waferView(cloud: FakeCloud, record: FakeRecord): WaferView {
  const { said } = record;
  return {
    ...identity(record),
    picture: pictureOf(cloud, record),
    model_answer: said,
    alerted: said.label !== "none" && said.probability >= (said.alert ?? 1),
    state: record.review?.state ?? null,
    answer: settledAnswer(record),
  };
}

export function waferDetail(cloud: FakeCloud, record: FakeRecord): WaferDetail {
  const review = record.review;
  const held = review?.holder && review.lease_until_ms > Date.now();
  return {
    ...waferView(cloud, record),
    normal: "none",
    labels: [...LABELS],
    received_ms: record.timestamp + 1_200,
    sequence: record.wafer,
    sha256: "5f".repeat(32),
    edge_ms: 21.4,
    review: review && {
      state: review.state,
      version: review.version,
      opened_ms: review.opened_ms,
      held_by: held ? review.holder : null,
      readings: review.readings,
      answer: settledAnswer(record),
      comment: review.comment,
      history: review.history,
      intact: true,
    },
  };
}
