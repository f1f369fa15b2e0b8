import type { ItemSummary } from "../api/types";
import { PlaceLink } from "../app/PlaceLink";
import { waferPath } from "../app/places";
import { age, labelWords, nameOf, percent, wordsOf } from "../app/words";
import { Thumbnail } from "../wafer/Thumbnail";

interface GridProps {
  readonly items: readonly ItemSummary[];
  readonly chosen: readonly string[];
  readonly onPress: (item: string, range: boolean) => void;
}

/** Wafers to choose from: each a button that is pressed or not; Shift chooses all in between. */
export function Grid({ items, chosen, onPress }: GridProps) {
  return (
    <ul className="gallery" aria-label="Wafers">
      {items.map((item) => (
        <li key={item.item}>
          <button type="button" aria-pressed={chosen.includes(item.item)} aria-label={spoken(item)} onClick={(event) => onPress(item.item, event.shiftKey)}>
            <Thumbnail pictured={item} name={nameOf(item)} />
          </button>
          <div className="gallery-caption">
            <PlaceLink to={waferPath(item)} ariaLabel={`Details of ${nameOf(item)}`}>
              {nameOf(item)}
            </PlaceLink>
            <span className="quiet">{short(item)}</span>
          </div>
        </li>
      ))}
    </ul>
  );
}

function short({ answer, model_answer: model, held_by: holder, opened_ms: opened, state }: ItemSummary): string {
  const said = answer ? wordsOf(answer) : model ? `${labelWords(model.label)} ${percent(model.probability)}` : "to be read blind";
  const novel = model?.novelty == null ? "" : ` · novelty ${model.novelty.toFixed(1)}`;
  const waits = state === "settled" ? "" : ` · waits ${age(opened)}`;
  return `${said}${novel}${waits}${holder ? ` · held by ${holder}` : ""}`;
}

function spoken(item: ItemSummary): string {
  return `Choose ${nameOf(item)}, ${short(item)}`;
}
