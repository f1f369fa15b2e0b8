import Alert from "@cloudscape-design/components/alert";
import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";

import { wordsFor } from "../api/client";

interface ConfirmProps {
  readonly title: string;
  readonly verb: string;
  /** What comes of it. */
  readonly children: ReactNode;
  readonly deed: () => Promise<unknown>;
  /** The queries whose answers it changes, by the first part of their keys. */
  readonly changes: readonly string[];
  readonly onClose: () => void;
}

/** Ask before something is done that many machines or people notice; what failed is said and may be tried again. */
export function Confirm({ title, verb, children, deed, changes, onClose }: ConfirmProps) {
  const queries = useQueryClient();
  const doing = useMutation({
    mutationFn: deed,
    onSuccess: onClose,
    onSettled: () => Promise.all(changes.map((key) => queries.invalidateQueries({ queryKey: [key] }))),
  });
  return (
    <Modal
      visible
      header={title}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween size="xs" direction="horizontal">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" loading={doing.isPending} onClick={() => doing.mutate()}>
              {verb}
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {doing.isError && <Alert type="error">{wordsFor(doing.error)}</Alert>}
        <div>{children}</div>
      </SpaceBetween>
    </Modal>
  );
}
