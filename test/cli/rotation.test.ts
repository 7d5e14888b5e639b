import { afterEach, expect, it } from 'vitest';
import { type Factory, startFactory } from '../factory.ts';

// What docs/operations.md says of replacing a token.

let factory: Factory | undefined;
afterEach(() => factory?.close());

it('a secret that a person deleted gets a new token from init, in the place of the old one', async () => {
  factory = await startFactory();
  const { ops, ask } = factory;
  const idsOf = async (login: string): Promise<number[]> =>
    (await ask<{ id: number }[]>('GET', `/admin/users/${login}/tokens`)).map(({ id }) => id);
  await factory.init();
  const before = { filer: await idsOf('filer'), architect: await idsOf('architect') };

  await ask('DELETE', `/repos/${ops}/actions/secrets/FILER_TOKEN`);
  const { code, text } = await factory.init();

  const [fresh, ...others] = await idsOf('filer');
  expect(code).toBe(0);
  expect(text).toContain('Plan: 1 token to make');
  expect(before.filer).toHaveLength(1);
  expect(others).toEqual([]);
  expect(fresh).not.toBe(before.filer[0]);
  expect(await idsOf('architect')).toEqual(before.architect);
});
