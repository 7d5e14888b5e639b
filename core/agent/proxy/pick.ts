// What a body may hold is written down as data, and a new body is made of what stands there: nothing that is not listed can
// pass, because nothing that is not listed is ever copied.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

export type Fields = Readonly<Record<string, Rule>>;

export type Rule =
  | { kind: 'text' }
  | { kind: 'number' }
  | { kind: 'boolean' }
  /** JSON that the provider hands to the model or back to the agent, and of which it does nothing itself. */
  | { kind: 'inert' }
  | { kind: 'one of'; values: readonly Json[] }
  /** Text that has to match; `why` is told where it does not. */
  | { kind: 'matching'; pattern: RegExp; why: string }
  | { kind: 'list'; of: Rule }
  | { kind: 'object'; fields: Fields }
  /** Objects whose kind stands in one of their fields; `absent` is the kind where it is not given. */
  | { kind: 'tagged'; by: string; absent?: string; variants: Readonly<Record<string, Fields>>; why?: string }
  /** By the type that JSON gives it. */
  | { kind: 'either'; text?: Rule; list?: Rule; object?: Rule; empty?: true }
  /** Taken, whatever it is, and not handed on: harmless, and widely sent. */
  | { kind: 'dropped' }
  /** Known and never taken; `unless` is a value that asks for nothing, which is not handed on. */
  | { kind: 'refused'; why: string; unless?: readonly Json[] };

export type Picked<T = Json> = { kind: 'picked'; value: T } | { kind: 'fault'; why: string };

/** Deeper than any body of a real client, and far from what makes a recursion end in an error. */
const deepest = 100;

/** A part of a body by its rule: what stands on the list, or why it is refused. */
export function pick(rule: Rule, value: Json, place: string): Picked<Json | undefined> {
  switch (rule.kind) {
    case 'text':
      return typeof value === 'string' ? picked(value) : fault(`${place} has to be text`);
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
        ? picked(value)
        : fault(`${place} has to be a number`);
    case 'boolean':
      return typeof value === 'boolean' ? picked(value) : fault(`${place} has to be true or false`);
    case 'inert':
      return isShallow(value) ? picked(value) : fault(`${place} is nested too deeply`);
    case 'one of':
      return rule.values.includes(value)
        ? picked(value)
        : fault(`${place} has to be one of ${rule.values.map((item) => JSON.stringify(item)).join(', ')}`);
    case 'matching':
      return typeof value === 'string' && rule.pattern.test(value)
        ? picked(value)
        : fault(`${place} ${rule.why}`);
    case 'list':
      return pickList(rule, value, place);
    case 'object':
      return isObject(value) ? pickFields(rule.fields, value, place) : fault(`${place} has to be an object`);
    case 'tagged':
      return pickTagged(rule, value, place);
    case 'either': {
      if (value === null && rule.empty === true) return picked(value);
      const found = typeof value === 'string' ? rule.text : Array.isArray(value) ? rule.list : rule.object;
      return found === undefined || value === null
        ? fault(`${place} is of a wrong type`)
        : pick(found, value, place);
    }
    case 'dropped':
      return picked(undefined);
    case 'refused':
      return rule.unless?.includes(value) === true ? picked(undefined) : fault(`${place} ${rule.why}`);
  }
}

/** An object of which every field is on the list. */
export function pickFields(
  fields: Fields,
  value: Readonly<Record<string, Json>>,
  place: string,
): Picked<{ [name: string]: Json }> {
  const found: [string, Json][] = [];
  for (const [name, item] of Object.entries(value)) {
    const inside = place === '' ? name : `${place}.${name}`;
    const rule = Object.hasOwn(fields, name) ? fields[name] : undefined;
    if (rule === undefined) return fault(`${short(inside)} is not on the list of what may be asked`);
    const one = pick(rule, item, inside);
    if (one.kind === 'fault') return one;
    if (one.value !== undefined) found.push([name, one.value]);
  }
  return { kind: 'picked', value: Object.fromEntries(found) };
}

function pickList(rule: Rule & { kind: 'list' }, value: Json, place: string): Picked<Json | undefined> {
  if (!Array.isArray(value)) return fault(`${place} has to be a list`);
  const found: Json[] = [];
  for (const [index, item] of value.entries()) {
    const one = pick(rule.of, item, `${place}[${index}]`);
    if (one.kind === 'fault') return one;
    if (one.value !== undefined) found.push(one.value);
  }
  return picked(found);
}

function pickTagged(rule: Rule & { kind: 'tagged' }, value: Json, place: string): Picked<Json | undefined> {
  if (!isObject(value)) return fault(`${place} has to be an object`);
  const tag = Object.hasOwn(value, rule.by) ? value[rule.by] : rule.absent;
  const fields =
    typeof tag === 'string' && Object.hasOwn(rule.variants, tag) ? rule.variants[tag] : undefined;
  if (fields === undefined)
    return fault(
      `${place}.${rule.by} is ${short(JSON.stringify(tag) ?? 'absent')}, which is ${rule.why ?? 'not on the list of what may be asked'}`,
    );
  return pickFields({ [rule.by]: { kind: 'text' }, ...fields }, value, place);
}

/** Whether a JSON value has fields by name: no list, and not `null`. */
export function isObject(value: Json | undefined): value is { [name: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isShallow(value: Json, left = deepest): boolean {
  if (typeof value !== 'object' || value === null) return true;
  return left > 0 && Object.values(value).every((item) => isShallow(item, left - 1));
}

function short(text: string): string {
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function picked(value: Json | undefined): Picked<Json | undefined> {
  return { kind: 'picked', value };
}

function fault(why: string): { kind: 'fault'; why: string } {
  return { kind: 'fault', why };
}
