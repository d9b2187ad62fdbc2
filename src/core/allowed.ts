declare const allowed: unique symbol;

/**
 * A value that the field policy let through. Only `core/policy.ts` can make one, so a connector that takes `Allowed<Fields>`
 * cannot be handed a field no purpose declares for its system.
 */
export type Allowed<T> = T & { readonly [allowed]: true };
