import { useQuery } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import type { Line, Statistics } from "../api/types";
import { usePerson } from "../app/PersonProvider";

const FRESH_MS = 60_000;

/** One's own answers of the day, what waits, and how far the next training is: looked at once a minute, apart from all answering. */
export function Standing({ line }: { line: Line }) {
  const { fab, me } = usePerson();
  const api = useApi();
  const { data } = useQuery({
    queryKey: ["statistics", fab, 1],
    queryFn: () => api.statistics(fab, 1),
    staleTime: FRESH_MS,
    refetchInterval: FRESH_MS,
  });
  // The line keeps its place before it is known, so that no wafer moves.
  return <span className="quiet">{data ? standing(data, me.name, line) : "\u00a0"}</span>;
}

/** Return how things stand for a person: "today 312 · 1,240 wait · 120 more labels until training". */
export function standing({ backlog, labels_to_training: missing, reviewers }: Statistics, name: string, line: Line): string {
  const own = reviewers.filter(({ reviewer }) => reviewer === name).reduce((sum, { answers }) => sum + answers, 0);
  const queue = backlog.find(({ state }) => state === (line === "review" ? "open" : "disputed"));
  const parts = [`today ${written(own)}`];
  if (queue) parts.push(`${written(queue.count)}${queue.at_least ? "+" : ""} wait`);
  if (missing != null) parts.push(missing === 0 ? "enough labels for a training" : `${written(missing)} more labels until training`);
  return parts.join(" · ");
}

function written(count: number): string {
  return count.toLocaleString("en-US");
}
