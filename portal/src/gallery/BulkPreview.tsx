import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button, { type ButtonProps } from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQuery } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";

import { useApi } from "../api/ApiProvider";
import { wordsFor } from "../api/client";
import type { BulkBody, BulkResult, ItemSummary } from "../api/types";
import { Answer } from "../app/Answers";
import { nameOf, newId, wordsOf } from "../app/words";
import type { BulkAnswer } from "./BulkBar";

interface BulkPreviewProps {
  readonly fab: string;
  readonly chosen: readonly ItemSummary[];
  readonly answer: BulkAnswer;
  readonly onClose: () => void;
  readonly onDone: (result: BulkResult) => void;
}

/** What a bulk answer would do, before it does it. */
export function BulkPreview({ fab, chosen, answer, onClose, onDone }: BulkPreviewProps) {
  const api = useApi();
  const [batch] = useState(newId);
  const body: BulkBody = { ...answer, fab, items: chosen.map(({ item, version }) => ({ item, version })) };
  const preview = useQuery({ queryKey: ["bulk-preview", batch], queryFn: () => api.previewBulk(body), staleTime: Infinity, gcTime: 0 });
  const doing = useMutation({ mutationFn: () => api.bulk(batch, body), onSuccess: onDone });
  const done = preview.data?.done ?? 0;
  const yes = useRef<ButtonProps.Ref>(null);
  // So that Enter is all it takes.
  useEffect(() => {
    if (done > 0) yes.current?.focus();
  }, [done]);
  return (
    <Modal
      visible
      header={`Answer ${chosen.length} wafers with ${wordsOf(answer)}?`}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween size="xs" direction="horizontal">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button ref={yes} variant="primary" disabled={done === 0} loading={doing.isPending} onClick={() => doing.mutate()}>
              {preview.data ? `Answer ${done}` : "Answer"}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {doing.isError && <Alert type="error">{wordsFor(doing.error)}</Alert>}
        <Answer query={preview} what="what it would do">
          {(result) => <Outcome result={result} chosen={chosen} />}
        </Answer>
      </SpaceBetween>
    </Modal>
  );
}

function Outcome({ result, chosen }: { result: BulkResult; chosen: readonly ItemSummary[] }) {
  const refused = result.items.filter((each) => each.refused);
  const name = (item: string) => {
    const wafer = chosen.find((each) => each.item === item);
    return wafer ? nameOf(wafer) : item;
  };
  return (
    <SpaceBetween size="s">
      <Box>
        {result.done === 0 ? "None of them can be answered now." : `${result.done} will be answered, marked as a bulk answer.`}
        {refused.length > 0 && ` ${refused.length} will not:`}
      </Box>
      {refused.length > 0 && (
        <ul>
          {refused.map((each) => (
            <li key={each.item}>
              {name(each.item)}: {each.refused}
            </li>
          ))}
        </ul>
      )}
    </SpaceBetween>
  );
}
