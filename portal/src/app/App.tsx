import I18nProvider from "@cloudscape-design/components/i18n";
import messages from "@cloudscape-design/components/i18n/messages/all.en";
import { useEffect, useState } from "react";
import { RouterProvider } from "react-router";

import { loadConfig, type Config } from "../auth/config";
import { signInOf, type SignIn } from "../auth/signIn";
import { Failure, Waiting } from "./Answers";
import { routerFor } from "./router";

interface Started {
  readonly config: Config;
  readonly signIn: SignIn;
}

/** Learns where it runs, then shows the portal. */
export function App() {
  const [started, setStarted] = useState<Started | null>(null);
  const [error, setError] = useState<unknown>(null);
  useEffect(() => {
    loadConfig()
      .then(async (config) => setStarted({ config, signIn: await signInOf(config) }))
      .catch(setError);
  }, []);
  return (
    <I18nProvider locale="en" messages={[messages]}>
      {error !== null && <Failure error={error} onRetry={() => window.location.reload()} />}
      {error === null && started === null && <Waiting what="the settings" />}
      {started && <Portal {...started} />}
    </I18nProvider>
  );
}

function Portal({ config, signIn }: Started) {
  const [router] = useState(() => routerFor(config, signIn));
  return <RouterProvider router={router} />;
}
