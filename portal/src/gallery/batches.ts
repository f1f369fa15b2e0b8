/** The batch that a person answered last in a fab, and taking it back; it outlives the page. */

import { useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import type { BulkResult } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { readStored, store } from "../app/stored";
import { counted, newId } from "../app/words";

export interface Batch {
  readonly id: string;
  readonly answers: number;
  readonly atMs: number;
  readonly words: string;
}

export function useBatches(fab: string) {
  const api = useApi();
  const queries = useQueryClient();
  const kept = `batch ${usePerson().me.name} ${fab}`;
  const [last, setLast] = useState(() => readStored<Batch | null>(kept, null));
  const [isOfThisVisit, setOfThisVisit] = useState(false);
  const [undone, setUndone] = useState<string | null>(null);
  const keep = (batch: Batch | null) => {
    store(kept, batch);
    setLast(batch);
    setOfThisVisit(batch !== null);
  };
  return {
    last,
    isOfThisVisit,
    undone,
    takeBack: async ({ id }: Batch) => {
      const { done, refused } = await api.undoBatch(id, newId());
      setUndone(`Took back ${counted(done, "answer")}.${refused > 0 ? ` ${refused} were changed meanwhile and stay.` : ""}`);
      keep(null);
    },
    forget: () => keep(null),
    remember: ({ batch, done, refused }: BulkResult, words: string) => {
      setUndone(null);
      keep(batch ? { id: batch, answers: done, atMs: Date.now(), words: `${counted(done, "wafer")} answered with ${words}.${refused > 0 ? ` ${refused} were refused.` : ""}` } : null);
      void queries.invalidateQueries({ queryKey: ["backlog"] });
    },
  };
}
