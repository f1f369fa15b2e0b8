import Button from "@cloudscape-design/components/button";
import Container from "@cloudscape-design/components/container";
import ContentLayout from "@cloudscape-design/components/content-layout";
import FormField from "@cloudscape-design/components/form-field";
import Header from "@cloudscape-design/components/header";
import SegmentedControl from "@cloudscape-design/components/segmented-control";
import SpaceBetween from "@cloudscape-design/components/space-between";
import Toggle from "@cloudscape-design/components/toggle";

import { useTheme, type Theme } from "../app/theme";
import { DEFAULT_KEYS } from "../keys/keymap";
import { useKeys } from "../keys/KeysProvider";
import { KeysTable } from "./KeysTable";

/** A person's own: how it looks, and which keys do what. */
export function SettingsScreen() {
  const { theme, compact, setTheme, setCompact } = useTheme();
  const { enabled, setEnabled, setKeymap } = useKeys();
  return (
    <ContentLayout header={<Header variant="h1" description="Yours alone. Keys go with you wherever you sign in; looks stay in this browser.">Settings</Header>}>
      <SpaceBetween size="l">
        <Container header={<Header variant="h2">Looks</Header>}>
          <SpaceBetween size="m">
            <FormField label="Theme">
              <SegmentedControl
                label="Theme"
                selectedId={theme}
                options={[
                  { id: "system", text: "As the system" },
                  { id: "light", text: "Light" },
                  { id: "dark", text: "Dark" },
                ]}
                onChange={({ detail }) => setTheme(detail.selectedId as Theme)}
              />
            </FormField>
            <Toggle checked={compact} onChange={({ detail }) => setCompact(detail.checked)}>
              Compact: more on a screen
            </Toggle>
          </SpaceBetween>
        </Container>
        <Container
          header={
            <Header
              variant="h2"
              description="Letters go by what is printed on the key, digits by their place: the same on every keyboard layout."
              actions={<Button onClick={() => setKeymap(DEFAULT_KEYS)}>Back to the first keys</Button>}
            >
              Keys
            </Header>
          }
        >
          <SpaceBetween size="m">
            <Toggle checked={enabled} onChange={({ detail }) => setEnabled(detail.checked)}>
              Single keys answer and look
            </Toggle>
            <KeysTable />
          </SpaceBetween>
        </Container>
      </SpaceBetween>
    </ContentLayout>
  );
}
