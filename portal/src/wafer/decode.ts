/** The bytes of a PNG -> grey levels, exactly: a browser's own decoder may colour-manage them. */

import { convertIndexedToRgb, decode, type DecodedPng } from "fast-png";

import type { Greys } from "./grid";

/** A picture that is no PNG, or a damaged one. */
export class PictureError extends Error {}

/** Read a PNG of any colour type; colours become their luma, 16 bits their upper eight. */
export function decodeGreys(bytes: ArrayBuffer): Greys {
  const image = decoded(bytes);
  const { width, height } = image;
  const sample = sampler(image);
  const levels = new Uint8Array(width * height);
  for (let at = 0; at < levels.length; at += 1) levels[at] = sample(at);
  return { width, height, levels };
}

function decoded(bytes: ArrayBuffer): DecodedPng {
  try {
    return decode(bytes);
  } catch (error) {
    throw new PictureError(`expected a PNG (${error instanceof Error ? error.message : String(error)})`);
  }
}

/** Return what reads the grey level of the pixel at an index. */
function sampler(image: DecodedPng): (at: number) => number {
  if (image.palette) return lumaOf(convertIndexedToRgb(image), image.palette[0]?.length ?? 3, 0);
  if (image.depth < 8) return packed(image);
  const shift = image.depth - 8;
  if (image.channels >= 3) return lumaOf(image.data, image.channels, shift);
  return (at) => (image.data[at * image.channels] ?? 0) >> shift;
}

function lumaOf(data: ArrayLike<number>, channels: number, shift: number): (at: number) => number {
  return (at) => {
    const [red, green, blue] = [0, 1, 2].map((channel) => (data[at * channels + channel] ?? 0) >> shift);
    return Math.round(((red ?? 0) * 299 + (green ?? 0) * 587 + (blue ?? 0) * 114) / 1000);
  };
}

/** Below eight bits the samples are left packed, every row starting at a byte. */
function packed({ data, depth, width }: DecodedPng): (at: number) => number {
  const perByte = 8 / depth;
  const rowBytes = Math.ceil(width / perByte);
  const highest = (1 << depth) - 1;
  return (at) => {
    const column = at % width;
    const byte = data[Math.floor(at / width) * rowBytes + Math.floor(column / perByte)] ?? 0;
    const sample = (byte >> (8 - depth * ((column % perByte) + 1))) & highest;
    return Math.round((sample * 255) / highest);
  };
}
