import Link from "@cloudscape-design/components/link";
import type { ReactNode } from "react";
import { useNavigate } from "react-router";

/** A link within the portal: followed without loading the page anew, and opened in a new tab as any other. */
export function PlaceLink({ to, children, ariaLabel }: { to: string; children: ReactNode; ariaLabel?: string }) {
  const navigate = useNavigate();
  return (
    <Link
      href={to}
      {...(ariaLabel ? { ariaLabel } : {})}
      onFollow={(event) => {
        // With Ctrl, Shift or the middle button it opens elsewhere and does not come here.
        event.preventDefault();
        void navigate(to);
      }}
    >
      {children}
    </Link>
  );
}
