import { factsOf } from "./factRows";

/** Figures of any shape, name beside value. */
export function Facts({ figures, none }: { figures: unknown; none: string }) {
  const facts = factsOf(figures ?? {});
  if (facts.length === 0) return <p className="quiet">{none}</p>;
  return (
    <dl className="facts">
      {facts.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
