import { expect, it } from 'vitest';
import { createSend } from '../../../core/api/http.ts';
import type { Send } from '../../../core/api/send.ts';
import { handToken } from '../../../core/changes/hand-token.ts';
import type { ApplyContext } from '../../../core/changes/kind.ts';
import { replaceToken } from '../../../core/forge/accounts.ts';
import { setSecret } from '../../../core/forge/secrets.ts';
import { createMask } from '../../../core/mask.ts';
import { allScopes, seeder } from '../../../embedded-forge/seed.ts';
import { startTestForge } from '../../embedded.ts';

const token = { login: 'filer', name: 'forgecrew owner/ops FILER_TOKEN', scopes: ['read:user'] };

it('a secret never keeps a token that another run made void, whenever that run came in between', async () => {
  const forge = await startTestForge();
  const seed = seeder(forge.url, forge.adminToken);
  const ops = await seed.createRepository(await seed.createUser('owner', allScopes), 'ops');
  await seed.createUser('filer', ['read:user']);
  const plain = createSend({
    url: forge.url,
    token: forge.adminToken,
    mask: createMask(),
    deadline: Date.now() + 60_000,
  });
  let others = 1;
  const send: Send = async (request) => {
    // The other run makes its token and stores it, after ours was made and before ours is stored.
    if (request.method === 'PUT' && others > 0) {
      others -= 1;
      await setSecret(plain, ops, 'FILER_TOKEN', await replaceToken(plain, token));
    }
    return plain(request);
  };

  const done = await handToken.apply(
    {
      kind: 'hand-token',
      ...token,
      repository: ops,
      secret: 'FILER_TOKEN',
      why: 'there is none',
    },
    { send } as unknown as ApplyContext,
  );

  const { status } = await fetch(`${forge.url}/api/v1/user`, {
    headers: { authorization: `token ${forge.secretsOf(ops).FILER_TOKEN}` },
  });
  plain.close();
  await forge.close();
  expect([done.status, others, status]).toEqual(['done', 0, 200]);
});
