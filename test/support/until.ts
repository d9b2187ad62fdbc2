/** Looks every `everyMs` until there is something to see; fails with `what` after `seconds`. */
export async function until<T>(what: string, look: () => Promise<T | undefined | false>, seconds = 90, everyMs = 50): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
    if (Date.now() > end) throw new Error(`waited ${seconds} s for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}
