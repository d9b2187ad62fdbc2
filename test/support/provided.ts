/** What a global set-up hands to the test files of its project. */
export interface ProvidedRuntime {
  kind: 'embedded' | 'server';
  /** Of a database that may create others. */
  server: string;
  redis?: string;
}

declare module 'vitest' {
  interface ProvidedContext {
    runtime: ProvidedRuntime;
  }
}
