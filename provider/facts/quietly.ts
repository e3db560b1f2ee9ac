/** For facts: what cannot be looked at is not known, which is an answer and not an error. */
export async function quietly<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch {
    return undefined;
  }
}
