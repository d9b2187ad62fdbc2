/** What people are told that a purpose or a system is called: the same in every language, or by language. */
export type Title = string | Readonly<Partial<Record<'fi' | 'sv' | 'en', string>>>;

type Titled = Readonly<Record<string, { title?: Title }>>;

/**
 * The title in a language, or the one that there is where the language has none. Undefined: no title was given, and only the
 * configuration's own word is known.
 */
export function titleIn(title: Title | undefined, language: string): string | undefined {
  if (title === undefined || typeof title === 'string') return title;
  return title[language as 'fi'] ?? Object.values(title)[0];
}

/** How purposes and systems are called in a language: by their titles, else by the configuration's own words. */
export const calledIn = (config: { purposes: Titled; systems: Titled }, language: string) => ({
  purpose: (name: string) => titleIn(config.purposes[name]?.title, language) ?? name,
  system: (name: string) => titleIn(config.systems[name]?.title, language) ?? name,
});
export type Called = ReturnType<typeof calledIn>;
