import { type Scope, scopeOf } from '../../core/scope.ts';
import { type Actor, access, type Role } from '../auth.ts';

/** The table of routes decides for the pages too: who may not ask the API does not get the page, the link or the button. */
export const rolesOf = (route: string): readonly Role[] => access[route] ?? [];
export const may = (actor: Actor, route: string): boolean => rolesOf(route).some((role) => actor.roles.includes(role));
/** Whom somebody sees of what a route lists; null: the route is not theirs. */
export const scopeOn = (actor: Actor, route: string): Scope | null => (may(actor, route) ? scopeOf(actor, rolesOf(route)) : null);
