/** A wafer's picture, fetched and read; its address is only good for a while and is asked for anew when it is not. */

import { queryOptions, useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";

import type { Api } from "../api/calls";
import { useApi } from "../api/ApiProvider";
import type { Picture } from "../api/types";
import { decodeGreys, PictureError } from "./decode";
import { recoverGrid } from "./grid";

export interface Pictured {
  readonly item: string;
  readonly picture: Picture;
}

const KEEP_MS = 10 * 60_000;
// What S3 answers to an address that has expired: by its own date, or by the credentials it was signed with.
const EXPIRED = [400, 403];

export async function fetchPicture(api: Pick<Api, "picture">, { item, picture }: Pictured, signal?: AbortSignal): Promise<ArrayBuffer> {
  const get = (url: string) => fetch(url, { signal: signal ?? null, credentials: "omit" });
  let response = await get(picture.url);
  if (EXPIRED.includes(response.status)) response = await get((await api.picture(item)).url);
  if (response.status === 404) throw new PictureError("There is no picture of this wafer, or not yet.");
  if (!response.ok) throw new PictureError(`The picture store answered with ${response.status}.`);
  return response.arrayBuffer();
}

export function pictureQuery(api: Api, pictured: Pictured) {
  return queryOptions({
    queryKey: ["picture", pictured.item],
    queryFn: async ({ signal }) => recoverGrid(decodeGreys(await fetchPicture(api, pictured, signal))),
    staleTime: Infinity,
    gcTime: KEEP_MS,
    retry: (failures, error) => failures < 2 && !(error instanceof PictureError),
  });
}

export function usePicture(pictured: Pictured) {
  return useQuery(pictureQuery(useApi(), pictured));
}

/** Fetch the pictures of what comes next. */
export function usePrefetchedPictures(next: readonly Pictured[]): void {
  const api = useApi();
  const queries = useQueryClient();
  useEffect(() => {
    for (const pictured of next) queries.query(pictureQuery(api, pictured)).catch(() => undefined); // It is told when it is drawn.
  }, [api, queries, next]);
}
