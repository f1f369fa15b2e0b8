import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Textarea from "@cloudscape-design/components/textarea";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";

import { useApi } from "../api/ApiProvider";
import { wordsFor } from "../api/client";
import { usePerson } from "../app/PersonProvider";
import { newId } from "../app/words";

interface SendBackProps {
  readonly item: string;
  readonly version: number;
  readonly onClose: () => void;
}

/** Have a wafer answered anew, with the reason that the next reader will see. */
export function SendBack({ item, version, onClose }: SendBackProps) {
  const api = useApi();
  const queries = useQueryClient();
  const { me } = usePerson();
  const [comment, setComment] = useState("");
  const [id] = useState(newId);
  const sending = useMutation({
    mutationFn: () => api.sendBack(item, id, version, comment.trim()),
    onSuccess: onClose,
    // Also when it was refused: then the wafer is another than the one that was looked at.
    onSettled: () => queries.invalidateQueries({ queryKey: ["wafer", item] }),
  });
  return (
    <Modal
      visible
      header="Send back to be answered anew"
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween size="xs" direction="horizontal">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={sending.isPending} disabled={comment.trim() === ""} onClick={() => sending.mutate()}>
              Send back
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {sending.isError && <Alert type="error">{wordsFor(sending.error)}</Alert>}
        <FormField label="Why" description="The next reader sees this. Earlier answers stay in the history and no longer count.">
          <Textarea value={comment} onChange={({ detail }) => setComment(detail.value.slice(0, me.most_note_characters))} />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
