import Box from "@cloudscape-design/components/box";
import Button from "@cloudscape-design/components/button";
import FormField from "@cloudscape-design/components/form-field";
import Input from "@cloudscape-design/components/input";
import Modal from "@cloudscape-design/components/modal";
import SpaceBetween from "@cloudscape-design/components/space-between";
import { useState } from "react";

import { usePerson } from "../app/PersonProvider";
import { useLabelBook } from "./book";
import { EditLabel } from "./EditLabel";

const MOST_CHARACTERS = 64;
const NEW = { normal: false, taught: false, meaning: "", neighbours: [], examples: [], version: 0 };

/** An administrator adds a class that no model knows yet: people answer it from then on, and the next training learns it. */
export function AddLabel() {
  const { me } = usePerson();
  const known = useLabelBook().data?.labels ?? [];
  const [step, setStep] = useState<"name" | "meaning" | null>(null);
  const [name, setName] = useState("");
  if (!me.roles.includes("admin")) return null;
  const trimmed = name.trim();
  const taken = known.some(({ label }) => label.toLowerCase() === trimmed.toLowerCase());
  const close = () => {
    setStep(null);
    setName("");
  };
  if (step === "meaning") return <EditLabel label={{ ...NEW, label: trimmed }} onClose={close} />;
  return (
    <>
      <Button onClick={() => setStep("name")}>Add a class</Button>
      {step === "name" && (
        <Modal
          visible
          header="Add a class"
          closeAriaLabel="Close"
          onDismiss={close}
          footer={
            <Box float="right">
              <SpaceBetween size="xs" direction="horizontal">
                <Button variant="link" onClick={close}>
                  Cancel
                </Button>
                <Button variant="primary" disabled={trimmed === "" || taken} onClick={() => setStep("meaning")}>
                  Say what it means
                </Button>
              </SpaceBetween>
            </Box>
          }
        >
          <FormField label="Name" description="People can answer it at once. Models learn it at the next training." errorText={taken && "There is a class of this name."}>
            <Input value={name} onChange={({ detail }) => setName(detail.value.slice(0, MOST_CHARACTERS))} />
          </FormField>
        </Modal>
      )}
    </>
  );
}
