import Button from "@cloudscape-design/components/button";
import { useInfiniteQuery, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { useEffect } from "react";

interface Page {
  readonly cursor?: string | null;
}

/** Rows that the API hands out page by page. A page may be empty and yet not the last: then the next is fetched at once. */
export function usePages<Found extends Page, Row>(key: readonly unknown[], fetch: (cursor: string | null) => Promise<Found>, rowsOf: (page: Found) => readonly Row[]) {
  const pages = useInfiniteQuery({
    queryKey: key,
    queryFn: ({ pageParam }) => fetch(pageParam),
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.cursor ?? undefined,
  });
  const rows = pages.data?.pages.flatMap(rowsOf) ?? [];
  const { hasNextPage, isFetching, isError, fetchNextPage } = pages;
  const goOn = rows.length === 0 && hasNextPage && !isFetching && !isError;
  useEffect(() => {
    if (goOn) void fetchNextPage();
  }, [goOn, fetchNextPage]);
  return { rows, pages, waiting: pages.isPending || (rows.length === 0 && hasNextPage && !isError) };
}

/** The way to the next page, where there is one. */
export function More({ pages, what }: { pages: Pick<UseInfiniteQueryResult, "hasNextPage" | "isFetchingNextPage" | "fetchNextPage">; what: string }) {
  if (!pages.hasNextPage) return null;
  return (
    <Button loading={pages.isFetchingNextPage} onClick={() => void pages.fetchNextPage()}>
      More {what}
    </Button>
  );
}
