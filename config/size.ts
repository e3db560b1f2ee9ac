import { z } from "zod";

/** `2GiB`, `512MiB`: binary units only, because Docker counts in them. */
export const size = (example: string) =>
  z
    .string()
    .regex(
      /^[1-9]\d*(KiB|MiB|GiB)$/,
      `must be a whole positive number followed by KiB, MiB or GiB, such as ${example}`,
    );
