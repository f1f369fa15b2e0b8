import Alert from "@cloudscape-design/components/alert";
import Button from "@cloudscape-design/components/button";
import { useMutation, useQueryClient } from "@tanstack/react-query";

import { useApi } from "../api/ApiProvider";
import { wordsFor } from "../api/client";
import type { ReviewView } from "../api/types";
import { PlaceLink } from "../app/PlaceLink";
import { PLACES } from "../app/places";
import { usePerson } from "../app/PersonProvider";
import { newId } from "../app/words";

/** Undo for who has left the queue since: the last answer, if it is one's own. */
export function TakeBack({ item, review }: { item: string; review: ReviewView }) {
  const { me } = usePerson();
  const api = useApi();
  const queries = useQueryClient();
  const taking = useMutation({
    mutationFn: () => api.undo(item, newId(), review.version),
    onSettled: () => queries.invalidateQueries({ queryKey: ["wafer", item] }),
  });
  const isOwn = review.readings.at(-1)?.reviewer === me.name;
  return (
    <>
      {taking.isError && <Alert type="error">{wordsFor(taking.error)}</Alert>}
      {taking.isSuccess && (
        <div role="status">
          Your answer is taken back. It is in your hands again: <PlaceLink to={PLACES.queue.path}>to the queue</PlaceLink>
        </div>
      )}
      {isOwn && (
        <Button loading={taking.isPending} onClick={() => taking.mutate()}>
          Take back my answer
        </Button>
      )}
    </>
  );
}
