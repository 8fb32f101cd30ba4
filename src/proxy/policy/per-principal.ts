import type { Principal } from '../model.ts';

/**
 * One value per principal: made at first use, the same one from then on, gone with the principal.
 * Search keeps what it works out per caller by the function it was given; this gives it the same one again.
 */
export function perPrincipal<Value>(make: (principal: Principal) => Value): (principal: Principal) => Value {
  const made = new WeakMap<Principal, { readonly value: Value }>();
  return (principal) => {
    let entry = made.get(principal);
    if (entry === undefined) {
      entry = { value: make(principal) };
      made.set(principal, entry);
    }
    return entry.value;
  };
}
