/** Signs that Cloudscape has none for; drawn in its own line style. */

const TURN = "M3.5 8a4.5 4.5 0 1 1 1.3 3.2M3.5 8 1.5 6M3.5 8l2.3-1.8";

export function TurnLeftIcon() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={TURN} />
    </svg>
  );
}

export function TurnRightIcon() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={TURN} transform="matrix(-1 0 0 1 16 0)" />
    </svg>
  );
}

export function MirrorIcon() {
  return (
    <svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d="M8 1.5v13M5.5 4l-4 8.5h4zM10.5 4l4 8.5h-4z" />
    </svg>
  );
}
