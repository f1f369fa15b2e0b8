/** The made-up cloud's figures: rates, statistics, agreement. Most are derived from its wafers, the rest is made up. */

import { http } from "msw";

import type { components } from "../api/schema";
import type { FakeCloud, FakeRecord } from "./cloud";
import { answering, apiPath, needFab, needRole, type Visit } from "./respond";
import { LABELS, randomOf } from "./wafers";

type Schemas = components["schemas"];

const DAY_MS = 86_400_000;
const STATES = ["open", "second", "disputed", "settled"] as const;

export function figureHandlers(cloud: FakeCloud) {
  return [
    http.get(apiPath("/rates"), answering(cloud, rates)),
    http.get(apiPath("/statistics"), answering(cloud, statistics)),
    http.get(apiPath("/agreement"), answering(cloud, agreement)),
  ];
}

const isoDay = (ms: number) => new Date(ms).toISOString().slice(0, 10);
const ofFab = ({ cloud }: Visit, fab: string): FakeRecord[] => [...cloud.records.values()].filter((record) => record.fab === fab);

function rates(visit: Visit): Schemas["Rates"] {
  needRole(visit, "engineer", "admin");
  const fab = needFab(visit, visit.query.get("fab"));
  const days = Number(visit.query.get("days") ?? 14);
  const buckets = Array.from({ length: days }, (_, ago) => bucketOf(fab, Date.now() - (days - 1 - ago) * DAY_MS));
  return { fab, camera: null, buckets, complete: isCounted(visit) };
}

function bucketOf(fab: string, ms: number) {
  const random = randomOf(Math.floor(ms / DAY_MS) + fab.length);
  const wafers = 300 + Math.floor(random() * 200);
  const labels = Object.fromEntries(LABELS.slice(1).map((label) => [label, Math.floor(random() ** 2 * 18)]));
  const defects = Object.values(labels).reduce((sum, count) => sum + count, 0);
  return { day: isoDay(ms), wafers, defects, rate: defects / wafers, labels: { none: wafers - defects, ...labels } };
}

function statistics(visit: Visit): Schemas["Statistics"] {
  const fab = needFab(visit, visit.query.get("fab"));
  const reviews = ofFab(visit, fab).flatMap(({ review }) => review ?? []);
  const backlog = STATES.map((state) => {
    const waiting = reviews.filter((review) => review.state === state);
    return { state, count: waiting.length, at_least: false, oldest_ms: waiting.length === 0 ? null : Math.min(...waiting.map(({ opened_ms: at }) => at)) };
  });
  const events = reviews.flatMap(({ history }) => history);
  const names = [...new Set(events.map(({ reviewer }) => reviewer))];
  return {
    fab,
    days: Number(visit.query.get("days") ?? 28),
    backlog,
    reviewers: names.map((reviewer) => {
      const own = events.filter((event) => event.reviewer === reviewer && event.act !== "undo");
      return { day: isoDay(Date.now()), reviewer, answers: own.length, bulk: own.filter(({ bulk }) => bulk).length, hasty: Math.floor(own.length / 9) };
    }),
    complete: isCounted(visit),
    labels_to_training: 120,
    settled: reviews.filter(({ state }) => state === "settled").length,
    audit: [
      { model: "wafer-map@000002", wafers: 412, errors: 9, rate: 9 / 412, low: 0.0115, high: 0.041 },
      { model: "wafer-map@000001", wafers: 50, errors: 2, rate: 2 / 50, low: 0.011, high: 0.1346 },
    ],
  };
}

/** Every question counts on. */
function isCounted({ cloud }: Visit): boolean {
  cloud.uncounted = Math.max(0, cloud.uncounted - 1);
  return cloud.uncounted === 0;
}

function agreement(visit: Visit): Schemas["AgreementReport"] {
  needRole(visit, "engineer", "admin");
  const fab = needFab(visit, visit.query.get("fab"));
  const random = randomOf(fab.length);
  const figure = (name: string) => ({ name, pairs: 8 + Math.floor(random() * 40), bulk_pairs: Math.floor(random() * 4), percent: 0.8 + random() * 0.2, kappa: 0.65 + random() * 0.35 });
  return {
    fab,
    days: Number(visit.query.get("days") ?? 28),
    complete: isCounted(visit),
    overall: { pairs: 214, bulk_pairs: 12, percent: 0.921, kappa: 0.884 },
    labels: LABELS.map(figure),
    reviewers: ["remo", "rita", "sam"].map(figure),
    weeks: ["2026-W44", "2026-W45", "2026-W46", "2026-W47"].map(figure),
    honeypots: [
      { reviewer: "remo", shown: 12, right: 12 },
      { reviewer: "rita", shown: 15, right: 14 },
    ],
  };
}
