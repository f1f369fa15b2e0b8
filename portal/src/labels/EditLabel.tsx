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
import type { LabelBody, LabelView } from "../api/types";
import { usePerson } from "../app/PersonProvider";
import { labelWords } from "../app/words";
import { useLabelBook } from "./book";
import { examplesOf, neighboursOf } from "./edited";

/** Change what the label book says of a class; refused if somebody else did so meanwhile. */
export function EditLabel({ label, onClose }: { label: LabelView; onClose: () => void }) {
  const api = useApi();
  const queries = useQueryClient();
  const { fab } = usePerson();
  const known = (useLabelBook().data?.labels ?? []).map((each) => each.label).filter((each) => each !== label.label);
  const [meaning, setMeaning] = useState(label.meaning);
  const [neighbours, setNeighbours] = useState(() => label.neighbours.map((each) => `${each.label}: ${each.difference}`).join("\n"));
  const [examples, setExamples] = useState(() => label.examples.join("\n"));
  const read = neighboursOf(neighbours, known);
  const saving = useMutation({
    mutationFn: () => {
      const body: LabelBody = { fab, version: label.version, meaning: meaning.trim(), neighbours: [...read.neighbours], examples: examplesOf(examples) };
      return api.describeLabel(label.label, body);
    },
    onSuccess: async () => {
      await queries.invalidateQueries({ queryKey: ["labels"] });
      onClose();
    },
  });
  return (
    <Modal
      visible
      header={`What ${labelWords(label.label)} means`}
      closeAriaLabel="Close"
      onDismiss={onClose}
      footer={
        <Box float="right">
          <SpaceBetween size="xs" direction="horizontal">
            <Button variant="link" onClick={onClose}>
              Cancel
            </Button>
            <Button variant="primary" disabled={meaning.trim() === "" || read.wrong !== null} loading={saving.isPending} onClick={() => saving.mutate()}>
              Save
            </Button>
          </SpaceBetween>
        </Box>
      }
    >
      <SpaceBetween size="m">
        {saving.isError && <Alert type="error">{wordsFor(saving.error)}</Alert>}
        <FormField label="Meaning">
          <Textarea value={meaning} rows={3} onChange={({ detail }) => setMeaning(detail.value)} />
        </FormField>
        <FormField label="Easily taken for" description="One a line: the class, a colon, what tells them apart." errorText={read.wrong}>
          <Textarea value={neighbours} rows={3} onChange={({ detail }) => setNeighbours(detail.value)} />
        </FormField>
        <FormField label="Examples" description="One wafer a line, as the end of its address names it.">
          <Textarea value={examples} rows={3} onChange={({ detail }) => setExamples(detail.value)} />
        </FormField>
      </SpaceBetween>
    </Modal>
  );
}
