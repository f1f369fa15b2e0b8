/** The chain behind a wafer -> its links up to the people, each with what is known of it. */

import type { Why } from "../api/types";
import { labelWords, percent, REASONS, STATES, wordsOf } from "../app/words";

export interface ChainLink {
  readonly title: string;
  readonly there: boolean;
  readonly facts: Readonly<Record<string, unknown>>;
  /** What is said where nothing is known. */
  readonly none: string;
}

export function linksOf({ picture, model, thresholds, rule, review }: Why): ChainLink[] {
  return [pictureLink(picture), modelLink(model), thresholdLink(thresholds), ruleLink(rule), reviewLink(review)];
}

function pictureLink(picture: Why["picture"]): ChainLink {
  const archived = picture?.archived_sha256;
  const facts = picture ? given({ "SHA-256 as the camera told it": picture.sha256, "SHA-256 in the archive": archived, kept_as: picture.key }) : {};
  return { title: "Picture", there: archived != null, facts, none: "No picture is known." };
}

function modelLink(model: Why["model"]): ChainLink {
  const facts = model
    ? given({
        model: model.model,
        signature: model.serial,
        "signing key": model.signing_key,
        "SHA-256 of the manifest": model.manifest_sha256,
        state: model.state,
        "began with the weights of": model.begun_from,
        "learned from dataset": model.dataset,
      })
    : {};
  return { title: "Model and signature", there: model?.model != null, facts, none: "The camera named no model." };
}

function thresholdLink(thresholds: Why["thresholds"]): ChainLink {
  const facts = thresholds
    ? given({
        "accepted from": percent(thresholds.accept, 1),
        "alerts from": percent(thresholds.alert, 1),
        "a person is asked above novelty": thresholds.novelty,
        "refused above": thresholds.refusal,
        promise: thresholds.promise,
      })
    : {};
  return { title: "Thresholds and what they promise", there: thresholds != null, facts, none: "No thresholds are known." };
}

function ruleLink(rule: Why["rule"]): ChainLink {
  const facts = rule
    ? given({
        "the model says": `${labelWords(rule.label)}, ${percent(rule.probability, 1)}`,
        "needs no person": rule.accepted,
        alerted: rule.alerted,
        "a person was asked because": rule.reason ? (REASONS[rule.reason] ?? rule.reason) : undefined,
      })
    : {};
  return { title: "Rule", there: rule != null, facts, none: "No rule was applied." };
}

function reviewLink(review: Why["review"]): ChainLink {
  const readings = review?.readings ?? [];
  const facts = review
    ? given({
        review: STATES[review.state],
        "people say": review.answer ? wordsOf(review.answer) : undefined,
        read_by: readings.map((reading) => `${reading.reviewer}: ${wordsOf(reading)}`),
        "chain of events": review.intact ? "whole" : "altered",
      })
    : {};
  return { title: "People", there: review?.state === "settled", facts, none: "Nobody was asked." };
}

function given(facts: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value != null));
}
