import Link from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";

import { usePerson } from "./PersonProvider";
import { withFab } from "./places";

/** A link within the portal, in the fab that is worked in unless it names one: followed without loading the page anew, and opened in a new tab as any other. */
export function PlaceLink({ to, children, ariaLabel }: { to: string; children: ReactNode; ariaLabel?: string }) {
  const navigate = useNavigate();
  const href = withFab(to, usePerson().fab);
  return (
    <Link
      href={href}
      {...(ariaLabel ? { ariaLabel } : {})}
      onFollow={(event) => {
        // With Ctrl, Shift or the middle button it opens elsewhere and does not come here.
        event.preventDefault();
        void navigate(href);
      }}
    >
      {children}
    </Link>
  );
}
