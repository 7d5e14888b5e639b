// The named defences: each is one place in the sources without which something that is promised would no longer hold. `npm run
// mutate` breaks them one at a time, in a copy, and the tests that are named beside them have to fail. docs/defences.md is made
// from this list.

export interface Defence {
  /** What is promised, as a sentence. */
  name: string;
  file: string;
  /** The text that keeps it, which stands in the file once ... */
  from: string;
  /** ... and what it is broken with. */
  to: string;
  /** The files of tests that have to notice, and with `only` just those tests whose names match. */
  tests: string[];
  only?: string;
}

const approvalTest = 'test/core/vault/approval.test.ts';
const verdictTest = 'test/core/vault/verdict.test.ts';
const gateTest = 'test/actions/vault-dispatch/gate.test.ts';
const gateRulesTest = 'test/core/vault/gate-rules.test.ts';
const refusedTest = 'test/hostile/vault-refused.test.ts';
const denialTest = 'test/hostile/denial-vault.test.ts';

/** What an approval is of, and whose counts. */
const approvals: Defence[] = [
  {
    name: 'A pull request that is not merged approves nothing.',
    file: 'core/vault/approval.ts',
    from: "if (!pull.merged) return 'is not merged';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'A pull request that was merged into another branch approves nothing.',
    file: 'core/vault/approval.ts',
    from: "if (!pull.intoBase) return 'was merged into another branch';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'A pull request that did not change the file says nothing about it.',
    file: 'core/vault/approval.ts',
    from: "if (!pull.changesFile) return 'did not change the file';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'The bytes that run are the bytes that were approved.',
    file: 'core/vault/approval.ts',
    from: "if (pull.headBlob !== blob) return 'had other bytes at its head than the branch has now';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'An approval is of one formula: another version of it was not approved.',
    file: 'core/vault/approval.ts',
    from: 'if (pull.formulaBlob !== about.formulaBlob)',
    to: 'if (about.formulaBlob === "")',
    tests: [approvalTest],
  },
  {
    name: 'An approval of an older commit does not count, whatever the flag `stale` says.',
    file: 'core/vault/approval.ts',
    from: 'if (stale || commit !== headSha)',
    to: 'if (stale)',
    tests: [approvalTest],
  },
  {
    name: 'An approval that was dismissed does not count.',
    file: 'core/vault/approval.ts',
    from: "if (dismissed) return 'is dismissed';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'An approval of somebody who could not write when it was given does not count.',
    file: 'core/vault/approval.ts',
    from: "if (!official) return 'was given without write access';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'An approval of before a pull request was pointed at this branch does not count.',
    file: 'core/vault/approval.ts',
    from: "if (!isAfter(retargetedAt)) return 'was given before the pull request was pointed at this branch';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'An approval of the same second as such a change may be of before it.',
    file: 'core/vault/approval.ts',
    from: 'Date.parse(submittedAt) > Date.parse(moment)',
    to: 'Date.parse(submittedAt) >= Date.parse(moment)',
    tests: [approvalTest],
  },
  {
    name: 'Who asks never approves.',
    file: 'core/vault/approval.ts',
    from: "return 'it is their own pull request';",
    to: 'return true;',
    tests: [approvalTest],
  },
  {
    name: 'A bot never approves.',
    file: 'core/vault/approval.ts',
    from: "if (has(rights.never)) return 'it is a bot';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'Who lost the right to write since approves no longer.',
    file: 'core/vault/approval.ts',
    from: "if (!has(rights.writers)) return 'they have no write access now';",
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'A standing no of somebody who may approve is a no.',
    file: 'core/vault/approval.ts',
    from: 'if (!review.dismissed && allowed === true)',
    to: 'if (review.dismissed && allowed === true)',
    tests: [approvalTest],
  },
  {
    name: 'A standing no of somebody whose rights are not known leaves it open.',
    file: 'core/vault/approval.ts',
    from: 'if (!rejected && veto !== undefined) return { unknown: veto };',
    to: '',
    tests: [approvalTest],
  },
  {
    name: 'Rights are asked one by one where that can be: who may be assigned is not who may write.',
    file: 'core/vault/read-rights.ts',
    from: "const able = having(known, 'write', 'admin', 'owner');",
    to: 'const able = logins;',
    tests: ['test/core/vault/read-rights.test.ts'],
  },
  {
    name: 'A list of reviews that may be cut short is unknown: a no that was not seen would let something through.',
    file: 'core/forge/pulls.ts',
    from: 'if (total > mostReviews)',
    to: 'if (total > mostReviews) return items;\n  if (total < 0)',
    tests: [denialTest],
    only: 'more reviews than are looked through',
  },
];

/** What brought an action to the branch. */
const brought: Defence[] = [
  {
    name: 'The merge commit is that of this very pull request.',
    file: 'core/forge/pulls.ts',
    from: 'return found?.merged === true && found.merge_commit_sha === sha ? found : undefined;',
    to: 'return found?.merged === true ? found : undefined;',
    tests: ['test/core/forge/pulls.test.ts'],
  },
  {
    name: 'Of a merge that brought a file, no later merge is asked in its place.',
    file: 'core/vault/read-candidate.ts',
    from: 'if (merge !== commit && merge.parents.length > 1) return undefined;',
    to: '',
    tests: ['test/hostile/vault-refused.test.ts'],
    only: 'before somebody else’s pull request was merged',
  },
  {
    name: 'A commit straight to the branch is permission for low tier alone, and only where that was chosen.',
    file: 'core/vault/verdict.ts',
    from: "if (acceptsDirectCommits && tier === 'low' && rule.approvals === 0)",
    to: "if (tier === 'low' && rule.approvals === 0)",
    tests: [verdictTest],
  },
  {
    name: 'A direct commit needs a tier that is low.',
    file: 'core/vault/verdict.ts',
    from: "if (acceptsDirectCommits && tier === 'low' && rule.approvals === 0)",
    to: 'if (acceptsDirectCommits && rule.approvals === 0)',
    tests: [verdictTest],
  },
  {
    name: 'What came by a pull request is judged by it, also where direct commits are taken.',
    file: 'core/vault/verdict.ts',
    from: "if (brought.kind !== 'direct') return proveApproval(about, brought.pull, rule, rights);",
    to: "if (brought.kind !== 'direct' && !(acceptsDirectCommits && tier === 'low')) return proveApproval(about, brought.pull, rule, rights);",
    tests: [verdictTest],
  },
  {
    name: 'A commit of vault-request goes straight to the branch only where no pull request was ever opened for the id.',
    file: 'actions/vault-request/plan.ts',
    from: 'if (isDirect(settings, tier) && standing.pull === null && other === null && !isDeclined)',
    to: 'if (isDirect(settings, tier) && other === null && !isDeclined)',
    tests: ['test/hostile/vault-request.test.ts'],
    only: 'for which a pull request stands already',
  },
  {
    name: 'The tier is the higher of when it was approved and now.',
    file: 'core/vault/verdict.ts',
    from: 'if (higherTier(tier, before.tier) === tier) return now;',
    to: 'return now;',
    tests: [verdictTest],
  },
  {
    name: 'A policy that cannot be read at the approved commit is taken for high.',
    file: 'core/vault/verdict.ts',
    from: "? { tier: 'high', why: 'the policy of the approved commit cannot be read, so it is high' }",
    to: "? { tier: 'low', why: '' }",
    tests: [verdictTest],
  },
  {
    name: 'An approval ends: after max-age it has to be asked for again.',
    file: 'core/vault/verdict.ts',
    from: '!(Date.parse(now) - Date.parse(brought.mergedAt) <= maxAgeMs)',
    to: 'Date.parse(now) < 0',
    tests: [verdictTest],
  },
];

/** What is merged by the role itself. */
const merging: Defence[] = [
  {
    name: 'A merge among its commits (`-s ours`) is merged by a person or not at all.',
    file: 'actions/vault-dispatch/low-tier.ts',
    from: 'if (parent === undefined || others.length > 0 || count > commits.length) return undefined;',
    to: 'if (parent === undefined || count > commits.length) return undefined;',
    tests: ['test/actions/vault-dispatch/low-tier.test.ts'],
  },
  {
    name: 'What is merged unseen brings new actions and nothing else.',
    file: 'actions/vault-dispatch/low-tier.ts',
    from: 'if (other !== undefined) return',
    to: 'if (other === undefined && commits === undefined) return',
    tests: ['test/actions/vault-dispatch/low-tier.test.ts'],
  },
  {
    name: 'An action that is on the branch by now is not brought again.',
    file: 'actions/vault-dispatch/low-tier.ts',
    from: 'return taken.length === 0 ? undefined :',
    to: 'return taken.length >= 0 ? undefined :',
    tests: ['test/actions/vault-dispatch/low-tier.test.ts'],
  },
  {
    name: 'The role merges by a merge commit only, whatever the repository prefers.',
    file: 'actions/vault-dispatch/review.ts',
    from: "style: 'merge'",
    to: "style: 'rebase'",
    tests: ['test/actions/vault-dispatch/low-tier.test.ts'],
  },
  {
    name: 'Where a merge of ours did more than it was made for, nothing is started.',
    file: 'actions/vault-dispatch/plan.ts',
    from: 'const isTrusted = stray.length === 0;',
    to: 'const isTrusted = true;',
    tests: ['test/actions/vault-dispatch/low-tier.test.ts'],
  },
];

/** What spends an id, and what is believed of it. */
const records: Defence[] = [
  {
    name: 'A branch of records that is not protected is believed nothing, and nothing is started.',
    file: 'core/vault/read-records.ts',
    from: "if (guard.kind !== 'guarded' || guard.isOurs !== isOurs || commit === null)",
    to: "if (guard.kind === 'missing' || commit === null)",
    tests: ['test/hostile/vault-gate.test.ts'],
    only: 'believes no branch of records',
  },
  {
    name: 'A branch of records into which a writer may merge is believed nothing.',
    file: 'core/vault/guard.ts',
    from: "return guard.kind === 'guarded' && told?.user_can_merge !== false ? { kind: 'mergeable' } : guard;",
    to: 'return guard;',
    tests: ['test/core/vault/guard.test.ts'],
  },
  {
    name: 'A branch that was renamed into the place of a protected one is believed nothing.',
    file: 'core/vault/guard.ts',
    from: "if (rule === 'plain' && name !== branch) return { kind: 'swapped', rule: name };",
    to: '',
    tests: ['test/core/vault/guard.test.ts'],
  },
  {
    name: 'A record that is not on its writer’s branch spends the id.',
    file: 'actions/vault-dispatch/read.ts',
    from: 'else if (former.has(id)) planted.push(id);',
    to: '',
    tests: [refusedTest],
    only: 'a record that somebody put on main',
  },
  {
    name: 'A record that is not on its writer’s branch is no permission: a gate does not know it.',
    file: 'actions/vault-dispatch/read-gate.ts',
    from: 'const file = await snapshot.fileOf(actionId.test(id) ? records.fired.get(id) : undefined);',
    to: 'const file = await snapshot.fileAt((await getBranch(send, repository, "main")).commit.id, recordPath(firedFolder, id));',
    tests: ['test/hostile/vault-gate.test.ts'],
    only: 'not on its writer’s branch',
  },
  {
    name: 'What spent an id stays spent where only its end or its rejection is on record.',
    file: 'core/vault/read-records.ts',
    from: 'return [fired, rejected, earlier, ended, former].some((ids) => ids.has(id));',
    to: 'return [fired, earlier, former].some((ids) => ids.has(id));',
    tests: ['test/core/vault/read-records.test.ts'],
  },
  {
    name: 'Nothing is started before its intent stands on record.',
    file: 'actions/vault-dispatch/intend.ts',
    from: '{ ...start(record), after: [key] },',
    to: 'start(record),',
    tests: ['test/hostile/vault-dispatch.test.ts'],
    only: 'an intent that cannot be written',
  },
  {
    name: 'An intent is created where none was: nobody’s is written over.',
    file: 'actions/vault-dispatch/intend.ts',
    from: "expects: null,\n        what: 'intend',",
    to: "expects: blob,\n        what: 'intend',",
    tests: ['test/hostile/vault-dispatch.test.ts'],
    only: 'is intended, started once',
  },
  {
    name: 'A claim that stands before anything was started keeps it from being started.',
    file: 'actions/vault-dispatch/plan.ts',
    from: 'if (isClaimed)',
    to: 'if (isClaimed && verdict.tier === undefined)',
    tests: ['test/hostile/vault-refused.test.ts'],
    only: 'a claim of something that was never started',
  },
  {
    name: 'A 500 to a create is not "written": it is looked at again.',
    file: 'core/forge/contents.ts',
    from: "if (exists || stale || ['race', 'conflict', 'server'].includes(error.kind)) return 'stale';",
    to: "if (error.kind === 'server') return 'written';\n  if (exists || stale || ['race', 'conflict'].includes(error.kind)) return 'stale';",
    tests: ['test/core/forge/contents.test.ts'],
  },
];

/** What runs, and what lets it run. */
const running: Defence[] = [
  {
    name: 'On Forgejo what runs is dispatched at the commit that was approved, and not at a branch.',
    file: 'actions/vault-dispatch/intend.ts',
    from: "kind: 'dispatch', ref: run.commit,",
    to: "kind: 'dispatch', ref: run.ref,",
    tests: ['test/hostile/vault-dispatch.test.ts'],
    only: 'at the very commit that brought it',
  },
  {
    name: 'A tag or branch that is called like the commit is not started in its place.',
    file: 'core/changes/dispatch.ts',
    from: 'if (isCommit(ref) && (await isNameOfRef(context.send, name, ref)))',
    to: 'if (false)',
    tests: ['test/hostile/vault-dispatch.test.ts'],
    only: 'a tag is called like its commit',
  },
  {
    name: 'In high tier a branch that moved since its commit was shown is not run.',
    file: 'core/vault/verdict.ts',
    from: "return pin.kind === 'shown' && pin.head !== commit",
    to: "return pin.kind === 'shown' && pin.head === ''",
    tests: [verdictTest],
  },
  {
    name: 'In high tier only what was said after the commit was shown is of that commit.',
    file: 'core/vault/approval.ts',
    from: "return isAfter(shownAt) ? undefined : 'was given before it was shown which commit would run';",
    to: 'return shownAt === undefined ? "" : undefined;',
    tests: [approvalTest],
  },
  {
    name: 'A run of another commit than the approved one is ended, and never named on record.',
    file: 'actions/vault-dispatch/follow.ts',
    from: 'if (seen.run.commit !== null && seen.run.commit !== record.run.commit)',
    to: 'if (seen.run.commit === "")',
    tests: ['test/actions/vault-dispatch/follow.test.ts'],
  },
  {
    name: 'A gate lets no other commit through.',
    file: 'actions/vault-dispatch/gate.ts',
    from: 'if (commit !== record.run.commit)',
    to: 'if (commit === "")',
    tests: [gateTest],
  },
  {
    name: 'A gate lets no run through of which the host does not say the commit.',
    file: 'actions/vault-dispatch/gate.ts',
    from: "if (commit === null) return 'the host does not say which commit runs';\n  if (commit !== record.run.commit)",
    to: 'if (commit !== null && commit !== record.run.commit)',
    tests: [gateTest],
  },
  {
    name: 'A gate compares what the run was told with what was approved.',
    file: 'actions/vault-dispatch/gate.ts',
    from: 'if (inputs !== null && Object.entries(approved).some(([name, value]) => inputs[name] !== value))',
    to: 'if (inputs === undefined)',
    tests: [gateTest],
  },
  {
    name: 'A gate lets one run through, once: what is claimed stays claimed.',
    file: 'actions/vault-dispatch/gate.ts',
    from: "if (claim.kind === 'theirs')",
    to: "if (claim.kind === 'theirs' && claim.record.id === '')",
    tests: [gateTest],
  },
  {
    name: 'A file in the place of a claim that is none keeps the gate shut.',
    file: 'actions/vault-dispatch/gate.ts',
    from: "if (claim.kind === 'unreadable')",
    to: "if (claim.kind === 'unreadable' && record.id === '')",
    tests: [gateTest],
  },
  {
    name: 'A rerun is no run that was approved.',
    file: 'actions/vault-dispatch/gate.ts',
    from: 'return run.isFirst ? undefined :',
    to: 'return run !== undefined ? undefined :',
    tests: [gateTest],
  },
  {
    name: 'A gate’s token goes to the forge that CI names.',
    file: 'actions/vault-dispatch/gate.ts',
    from: 'if (forgeUrl !== undefined && bare(forgeUrl) !== bare(given))',
    to: 'if (forgeUrl !== undefined && bare(forgeUrl) === "")',
    tests: [gateTest],
  },
  {
    name: 'On Forgejo a gate is the only step of its job.',
    file: 'core/vault/gate-rules.ts',
    from: 'if (steps.length !== 1)',
    to: 'if (steps.length < 1)',
    tests: [gateRulesTest],
  },
  {
    name: 'On Forgejo every other job waits for the gate.',
    file: 'core/vault/gate-rules.ts',
    from: "if ([field(job, 'needs')].flat().some((need) => need === gate || waiting.has(String(need))))",
    to: 'if (name !== gate)',
    tests: [gateRulesTest],
  },
  {
    name: 'No job asks for a status, and so runs although the gate failed.',
    file: 'core/vault/gate-rules.ts',
    from: 'if (status !== undefined) return `an',
    to: 'if (status === "") return `an',
    tests: [gateRulesTest],
  },
  {
    name: 'No expression says a setting of a gate.',
    file: 'core/vault/gate-rules.ts',
    from: "if (String(value).includes('${{')) return",
    to: "if (String(value) === '${{') return",
    tests: [gateRulesTest],
  },
  {
    name: 'On Woodpecker a gate is the first step.',
    file: 'core/vault/gate-rules.ts',
    from: "if (gateSettings(gate) === undefined) return open('its gate is not its first step');",
    to: '',
    tests: [gateRulesTest],
  },
  {
    name: 'On Woodpecker no service starts before the gate.',
    file: 'core/vault/gate-rules.ts',
    from: "field(document, 'services') === undefined ? undefined : 'its `services` start before its gate',",
    to: '',
    tests: [gateRulesTest],
  },
  {
    name: 'High tier is refused while somebody who may not approve can read its secrets.',
    file: 'core/vault/verdict.ts',
    from: 'isFatal: isHigh && !settings.acceptsExposedSecrets,',
    to: 'isFatal: false,',
    tests: [verdictTest],
  },
  {
    name: 'High tier is refused while a merge alone can change what decides.',
    file: 'core/vault/verdict.ts',
    from: 'isFatal: isHigh && !settings.acceptsOpenPolicy,',
    to: 'isFatal: false,',
    tests: [verdictTest],
  },
  {
    name: 'A policy that is not there counts as open.',
    file: 'core/vault/guard.ts',
    from: "if (policyBlob !== null || guard.kind === 'open') return guard;",
    to: 'return guard;',
    tests: ['test/core/vault/guard.test.ts'],
  },
  {
    name: 'High tier is refused while a workflow with a secret starts beside it ungated.',
    file: 'core/vault/verdict.ts',
    from: 'isFatal: isHigh && ungated.some(({ hasSecrets }) => hasSecrets),',
    to: 'isFatal: false,',
    tests: [verdictTest],
  },
];

/** What of one stranger is nobody else’s trouble. */
const denial: Defence[] = [
  {
    name: 'The trouble of one thing that is read is its own.',
    file: 'core/api/errors.ts',
    from: 'if (!isApiError(error, ...aboutOne)) throw error;',
    to: 'throw error;',
    tests: [denialTest],
    only: 'more reviews than are looked through',
  },
  {
    name: 'Who asks for too much at once stands in nobody’s way but their own.',
    file: 'actions/vault-dispatch/plan.ts',
    from: "const author = brought?.kind === 'pull' ? (brought.pull.author?.login ?? '').toLowerCase() : '';",
    to: "const author = brought === undefined ? 'nobody' : '';",
    tests: [denialTest],
    only: 'eleven low actions',
  },
  {
    name: 'Of somebody who may not write only so many open pull requests are looked at.',
    file: 'actions/vault-dispatch/read-requests.ts',
    from: 'count > mostOfOne &&',
    to: 'count < 0 &&',
    tests: [denialTest],
    only: 'more open pull requests than are looked at',
  },
  {
    name: 'A conversation that is closed to our account is no fault of the run.',
    file: 'core/changes/closed-to-us.ts',
    from: "if (mayDecline !== true || !isApiError(error, 'permission', 'too-large')) throw error;",
    to: 'throw error;',
    tests: [denialTest],
    only: 'blocks the dispatcher',
  },
  {
    name: 'On a pull request where our account may say nothing, nothing is tried again in that run.',
    file: 'actions/vault-dispatch/review.ts',
    from: 'state.closedToUs.includes(number)',
    to: 'state.closedToUs.includes(-1)',
    tests: [denialTest],
    only: 'blocks the dispatcher',
  },
  {
    name: 'What became of an action is on record although nobody could be told.',
    file: 'actions/vault-dispatch/intend.ts',
    from: 'mayDecline: true,',
    to: '',
    tests: [denialTest],
    only: 'blocks the dispatcher',
  },
  {
    name: 'A vision whose author blocks ops-filer keeps no other from being closed.',
    file: 'actions/ops-filer/plan.ts',
    from: 'mayDecline: true,',
    to: '',
    tests: ['test/hostile/denial-roles.test.ts'],
    only: 'a vision of somebody who blocks it',
  },
  {
    name: 'What a stranger asks for under an id is read as nobody’s but theirs.',
    file: 'actions/vault-request/read.ts',
    from: '(await alone(() => findFile(send, repository, asked.file, head.sha))).value?.bytes',
    to: '(await findFile(send, repository, asked.file, head.sha))?.bytes',
    tests: ['test/hostile/denial-roles.test.ts'],
    only: 'a folder stands where',
  },
  {
    name: 'A pitch that cannot be read keeps no other from being served.',
    file: 'actions/architect-pitch/read-pitches.ts',
    from: 'const { value, trouble } = await alone(() =>',
    to: 'const { value, trouble } = await (async (work: () => Promise<PitchSeen>) => ({ value: await work(), trouble: undefined }))(() =>',
    tests: ['test/hostile/pitch-alone.test.ts'],
    only: 'whose files make the forge fail',
  },
  {
    name: 'A symbolic link is no document.',
    file: 'core/forge/snapshot.ts',
    from: "if (entry.type !== 'blob' || entry.mode === '120000') return { kind: 'no-file' };",
    to: '',
    tests: [denialTest],
    only: 'became a symlink',
  },
  {
    name: 'TOML is bounded in size and depth before anything else looks at it.',
    file: 'core/toml.ts',
    from: 'data = parse(text, { maxDepth: deepest });',
    to: 'data = parse(text, { maxDepth: 1_000_000 });',
    tests: ['test/core/toml.test.ts'],
  },
  {
    name: 'YAML is counted before it is parsed.',
    file: 'core/yaml.ts',
    from: "if ('fault' in counted) return { kind: 'too-much', ...counted };\n  const { comments } = counted;",
    to: "const comments = 'comments' in counted ? counted.comments : [];",
    tests: ['test/core/vault/workflow-file.test.ts'],
    only: 'made to hurt',
  },
  {
    name: 'What aliases repeat is counted as often as it is there.',
    file: 'core/yaml.ts',
    from: 'left.things -= 1;',
    to: 'left.things -= 0;',
    tests: ['test/core/yaml.test.ts'],
  },
];

/** What every role stands on. */
const shared: Defence[] = [
  {
    name: 'Reading cannot write.',
    file: 'core/servers.ts',
    from: "if (request.method !== 'GET') throw",
    to: 'if (request.route === "") throw',
    tests: ['test/core/servers.test.ts'],
  },
  {
    name: 'A write whose answer never came is not repeated.',
    file: 'core/api/http.ts',
    from: ': (failure?.neverSent === true && !failure.isFinal) || response?.status === 429;',
    to: ': failure !== undefined || response?.status === 429;',
    tests: ['test/core/api/http.test.ts'],
  },
  {
    name: 'A secret that the run knows is never sent.',
    file: 'core/api/http.ts',
    from: 'if (body !== undefined && options.mask.find(body) >= 0) {',
    to: 'if (body === null) {',
    tests: ['test/core/api/http.test.ts'],
  },
  {
    name: 'A plan that holds a secret is not carried out.',
    file: 'core/apply.ts',
    from: 'if (mask.find(JSON.stringify(change)) >= 0)',
    to: 'if (change === undefined)',
    tests: ['test/core/apply.test.ts'],
  },
  {
    name: 'On a pull request nothing is written, and in a dry run neither.',
    file: 'core/run.ts',
    from: "if (writes.length === 0 || current.restraint !== undefined) return 'settled';",
    to: "if (writes.length === 0) return 'settled';",
    tests: ['test/core/run.test.ts'],
  },
  {
    name: 'Where somebody may have chosen the environment, the token goes to no other forge.',
    file: 'core/run.ts',
    from: "refuseOtherForge(flow['forge-url'], host);",
    to: '',
    tests: ['test/core/run.test.ts'],
  },
  {
    name: 'A comment is ours by its account, never by a line that anybody may copy.',
    file: 'core/own-comment.ts',
    from: 'return comments.filter(({ user, body }) => sameAccount(user, account) && body.includes(commentSign(sign)));',
    to: 'return comments.filter(({ body }) => body.includes(commentSign(sign)));',
    tests: ['test/core/apply.test.ts'],
  },
  {
    name: 'An issue that somebody edited is not written over.',
    file: 'core/sealed.ts',
    from: "return digest === digestOf(title, content) || digest === digestOf(title, content.replace(/\\n$/, ''));",
    to: 'return digest !== undefined;',
    tests: ['test/core/sprint/marker.test.ts'],
  },
  {
    name: 'A list that is shorter than the server counts is refused.',
    file: 'core/api/call.ts',
    from: 'if (first.total === undefined || items.size === total) return [...items.values()];',
    to: 'return [...items.values()];',
    tests: ['test/core/api/http.test.ts'],
  },
  {
    name: 'A launcher hands on only what a role needs of the environment.',
    file: 'scripts/launcher.ts',
    from: '    *) unset "$name" ;;',
    to: '    *) ;;',
    tests: ['test/plugins/launcher.test.ts'],
  },
  {
    name: 'A launcher finds Node in fixed places, whatever PATH says.',
    file: 'scripts/launcher.ts',
    from: `PATH=\${programFolders}\nexport PATH\nnode=`,
    to: 'node=$(command -v node)',
    tests: ['test/plugins/launcher.test.ts'],
  },
];

const takeTest = 'test/core/agent/work/take.test.ts';
const examineTest = 'test/core/agent/work/examine.test.ts';
const secretsTest = 'test/core/agent/work/secrets.test.ts';
const gitTest = 'test/core/git.test.ts';

/** What an agent made is data, until it is a commit of ours. */
const agentWork: Defence[] = [
  {
    name: 'Git of ours runs no hook, whatever stands in a repository.',
    file: 'core/git.ts',
    from: "  ['core.hooksPath', '/dev/null'],",
    to: '',
    tests: [gitTest],
  },
  {
    name: 'Git of ours asks no program of a repository what has changed.',
    file: 'core/git.ts',
    from: "  ['core.fsmonitor', 'false'],",
    to: '',
    tests: [gitTest],
  },
  {
    name: 'Git of ours reads no configuration of a user.',
    file: 'core/git.ts',
    from: "    GIT_CONFIG_GLOBAL: '/dev/null',",
    to: '',
    tests: [gitTest],
  },
  {
    name: 'Git follows no redirection with the token.',
    file: 'core/git.ts',
    from: "  ['http.followRedirects', 'false'],",
    to: "  ['http.followRedirects', 'true'],",
    tests: [gitTest],
  },
  {
    name: 'Git reaches what a call is about, and nothing else.',
    file: 'core/git.ts',
    from: "forge: 'http:https', files",
    to: "forge: 'http:https:file:ext:ssh', files",
    tests: [gitTest],
  },
  {
    name: 'A git too old to be held in is refused.',
    file: 'core/git.ts',
    from: 'const leastVersion = [2, 31] as const;',
    to: 'const leastVersion = [2, 1] as const;',
    tests: [gitTest],
  },
  {
    name: 'A push goes out only where the ref stands as it was seen.',
    file: 'core/git.ts',
    from: "'--no-verify',\n      `--force-with-lease=",
    to: "'--no-verify',\n      '--force',\n      `--receive-pack=",
    tests: [gitTest],
  },
  {
    name: 'The objects of an agent are checked by git before anything reads them.',
    file: 'core/agent/work/receive.ts',
    from: "'--fix-thin', '--strict', ",
    to: "'--fix-thin', ",
    tests: [takeTest],
  },
  {
    name: 'A bundle is taken with one ref on top of the commit that the agent was given.',
    file: 'core/agent/work/bundle.ts',
    from: 'if (before.length !== 1 || others.length > 0)',
    to: 'if (before.length > 9 && others.length > 9)',
    tests: ['test/core/agent/work/bundle.test.ts'],
  },
  {
    name: 'Work stands on its base in truth, and not only by what its bundle says.',
    file: 'core/agent/work/receive.ts',
    from: 'if (onBase.code !== 0)',
    to: 'if (onBase.code === 77)',
    tests: [takeTest],
  },
  {
    name: 'No agent changes what decides about CI, reviews or other agents.',
    file: 'core/agent/work/examine.ts',
    from: 'protectionOf([...alwaysProtected, ...protectedPaths])',
    to: 'protectionOf(protectedPaths)',
    tests: [examineTest],
  },
  {
    name: 'Two paths that are one on some file system are one where paths are protected.',
    file: 'core/agent/work/protected.ts',
    from: 'const name = folded(path);',
    to: 'const name = path;',
    tests: [examineTest],
  },
  {
    name: 'A link is followed as a kernel does it, other links included.',
    file: 'core/agent/work/links.ts',
    from: "left = [...target.split('/'), ...left];",
    to: 'left = [...left];',
    tests: [examineTest],
  },
  {
    name: 'No agent brings a repository inside the repository.',
    file: 'core/agent/work/examine.ts',
    from: "entry.before?.mode === '160000' || entry.after?.mode === '160000'",
    to: "entry.before?.mode === '1' || entry.after?.mode === '2'",
    tests: [examineTest],
  },
  {
    name: 'A comment in a file does not tell the search for secrets to look away.',
    file: 'core/agent/work/secrets.ts',
    from: "return text.replace(/secretlint-(?=\\w)/gi, 'secretlint_');",
    to: 'return text;',
    tests: [secretsTest],
  },
  {
    name: 'A secret of this run is found where blanks and line ends stand in it.',
    file: 'core/agent/work/secrets.ts',
    from: 'return forms.some((form) => mask.find(form) >= 0) ? 0 : undefined;',
    to: 'return undefined;',
    tests: [takeTest],
  },
  {
    name: 'What was not looked through for secrets is refused.',
    file: 'core/agent/work/take.ts',
    from: '...unsearched.map(',
    to: '...unsearched.slice(0, 0).map(',
    tests: [takeTest],
  },
  {
    name: 'What an agent committed and took out again does not leave the quarantine.',
    file: 'core/agent/work/commit.ts',
    from: "args: ['commit-tree', '-p', base, '-F', '-', tree],",
    to: "args: ['commit-tree', '-p', tip, '-F', '-', tree],",
    tests: [takeTest],
  },
];

const pickTest = 'test/actions/forge-agent/pick.test.ts';
const isolationTest = 'test/core/agent/isolation-for.test.ts';
const finishTest = 'test/actions/forge-agent/finish.test.ts';
const cellTest = 'test/core/agent/cell/cell.test.ts';
const cellHostileTest = 'test/core/agent/cell/hostile.test.ts';
const scopeTest = 'test/core/agent/sidecar/scope.test.ts';
const callsTest = 'test/core/agent/sidecar/calls.test.ts';
const logTest = 'test/core/agent/sidecar/operation-log.test.ts';
const connectionsTest = 'test/core/agent/sidecar/hostile-connections.test.ts';
const proxyTest = 'test/core/agent/proxy/proxy.test.ts';
const limitTest = 'test/core/agent/proxy/limit.test.ts';

/** Which agent is started, what keeps it in, and its two ways out. */
const agents: Defence[] = [
  {
    name: 'No label of somebody who may not write now starts an agent.',
    file: 'actions/forge-agent/pick.ts',
    from: '  if (!labelled.mayWrite)',
    to: "  if (labelled.login === '')",
    tests: [pickTest],
  },
  {
    name: 'No label of a bot starts an agent, unless the settings name it.',
    file: 'actions/forge-agent/pick.ts',
    from: '  if (labelled.isBot)',
    to: "  if (labelled.login === '')",
    tests: [pickTest],
  },
  {
    name: 'An issue that a run works on is not given to another.',
    file: 'actions/forge-agent/pick.ts',
    from: "if (status === 'running' && over === null)",
    to: "if (status === 'running' && over === 'never')",
    tests: [pickTest],
  },
  {
    name: 'A run that came to its end is not repeated by itself.',
    file: 'actions/forge-agent/pick.ts',
    from: 'return Date.parse(labelled.at) > Date.parse(given ?? ended);',
    to: 'return true;',
    tests: [pickTest],
  },
  {
    name: 'What the state says and nobody can read is not taken for nothing.',
    file: 'actions/forge-agent/pick.ts',
    from: "if (entry !== null && 'fault' in entry)",
    to: "if (entry !== null && 'nothing' in entry)",
    tests: [pickTest],
  },
  {
    name: 'An agent runs no more often in a day than its manifest says.',
    file: 'actions/forge-agent/pick.ts',
    from: 'candidate.runsToday >= agent.maxRunsPerDay',
    to: 'candidate.runsToday >= agent.maxRunsPerDay + 1',
    tests: [pickTest],
  },
  {
    name: 'No number of waiting issues hides the others for ever.',
    file: 'actions/forge-agent/read-candidates.ts',
    from: 'return [...first, ...rest.slice(from), ...rest.slice(0, from)];',
    to: 'return [...first, ...rest];',
    tests: [pickTest],
  },
  {
    name: 'What an issue cost is counted by whoever finishes a run.',
    file: 'actions/forge-agent/finish.ts',
    from: 'cost === null ? entry.cost : (entry.cost ?? 0) + cost',
    to: 'entry.cost',
    tests: [finishTest],
  },
  {
    name: 'No agent runs less isolated than its manifest allows.',
    file: 'core/agent/isolation-for.ts',
    from: '      allowedBy(run).includes(isolation) &&\n      // Only',
    to: '      // Only',
    tests: [isolationTest],
  },
  {
    name: 'An agent that is to have no network is not started where that cannot be kept.',
    file: 'core/agent/isolation-for.ts',
    from: "      (run.network === 'open' || isolation === 'bwrap') &&\n",
    to: '',
    tests: [isolationTest],
  },
  {
    name: 'Nothing runs unisolated that was not allowed by the settings too.',
    file: 'core/agent/isolation-for.ts',
    from: "(isolation !== 'none' || allowsNone)",
    to: 'true',
    tests: [isolationTest],
  },
  {
    name: 'No set-uid program gives an agent a right.',
    file: 'core/agent/cell/launch.ts',
    from: "...['--no-new-privs', '--bounding-set=-all', '--inh-caps=-all'],",
    to: "...['--inh-caps=-all'],",
    tests: [cellHostileTest],
  },
  {
    name: 'Of two that take a user for an agent at the same moment one leaves it.',
    file: 'core/agent/cell/uid-lock.ts',
    from: '    if (now.some(held)) {',
    to: '    if (now.length > 99) {',
    tests: ['test/core/agent/cell/uid-lock.test.ts'],
  },
  {
    name: 'What a run that was killed left is ended by the next one.',
    file: 'core/agent/cell/uid-lock.ts',
    from: 'return ground.startOf(holder.pid) === holder.start;',
    to: 'return true;',
    tests: [cellTest],
  },
  {
    name: 'No variable acts on the programs that take the rights away.',
    file: 'core/agent/cell/open-cell.ts',
    from: '    if (unsafe !== undefined)',
    to: "    if (unsafe === 'none')",
    tests: [cellTest],
  },
  {
    name: 'What is given to an agent is nothing that a link or a second name leads to.',
    file: 'core/agent/cell/own.ts',
    from: '(await lstat(file)).nlink > 1',
    to: '(await lstat(file)).nlink > 99',
    tests: [cellTest],
  },
  {
    name: 'An agent writes on its own issue and pull requests, and nowhere else.',
    file: 'core/agent/sidecar/scope.ts',
    from: 'return number === scope.issue || scope.pulls.includes(number);',
    to: 'return number > 0 || scope.pulls.includes(number);',
    tests: [scopeTest],
  },
  {
    name: 'A scope does not grow with a list that somebody else holds.',
    file: 'core/agent/sidecar/scope.ts',
    from: 'pulls: Object.freeze([...new Set(pulls)])',
    to: 'pulls',
    tests: [scopeTest],
  },
  {
    name: 'An agent causes no request that no tool needs.',
    file: 'core/agent/sidecar/scoped-send.ts',
    from: "return reads.includes(route) ? undefined : 'it reads what no tool reads';",
    to: 'return undefined;',
    tests: [scopeTest],
  },
  {
    name: 'A description is changed, and nothing else of its issue.',
    file: 'core/agent/sidecar/scoped-send.ts',
    from: "Object.keys(Object(body)).join() === 'body'",
    to: "Object.keys(Object(body)).includes('body')",
    tests: [scopeTest],
  },
  {
    name: 'No text of an agent with a secret in it is written.',
    file: 'core/agent/sidecar/calls.ts',
    from: 'if (holdsSecret(mask, text))',
    to: "if (text === 'none')",
    tests: [callsTest],
  },
  {
    name: 'What an agent writes does nothing where the forge shows it.',
    file: 'core/agent/sidecar/calls.ts',
    from: 'const harmless = text === undefined ? undefined : inert(text);',
    to: 'const harmless = text;',
    tests: [callsTest],
  },
  {
    name: 'The first signal of the end counts, and no other.',
    file: 'core/agent/sidecar/calls.ts',
    from: 'if (isSignal && counts.signals > 0)',
    to: 'if (isSignal && counts.signals > 9)',
    tests: [callsTest],
  },
  {
    name: 'Nothing that a person wrote who may not write is an order.',
    file: 'core/agent/sidecar/shown.ts',
    from: 'strangers || isTrusted(comment)',
    to: 'strangers || comment.id > 0',
    tests: [callsTest],
  },
  {
    name: 'Every call is in a chain that shows what was taken out of it.',
    file: 'core/agent/sidecar/operation-log.ts',
    from: '    head = entry.hash;\n',
    to: '',
    tests: [logTest],
  },
  {
    name: 'A line without an end takes no more memory than its limit.',
    file: 'core/agent/sidecar/server.ts',
    from: 'if (!connection.lines.add(chunk)) {',
    to: 'if (!connection.lines.add(chunk) && chunk.length === 0) {',
    tests: [connectionsTest],
  },
  {
    name: 'No name that an agent gives a tool or its use is a way for a secret.',
    file: 'core/agent/sidecar/calls.ts',
    from: "holdsSecret(mask, given.slice(0, mostOfName)) ? '***' : cutPlain(given, limit)",
    to: 'cutPlain(given, limit)',
    tests: [callsTest],
  },
  {
    name: 'The model is asked by whoever has the placeholder of this run.',
    file: 'core/agent/proxy/proxy.ts',
    from: 'if (!isShown(placeholder, request.headers))',
    to: "if (placeholder === '')",
    tests: [proxyTest],
  },
  {
    name: 'The agent is answered by the model of its manifest.',
    file: 'core/agent/proxy/bodies.ts',
    from: '  body.model = fixed.model;\n',
    to: '',
    tests: [proxyTest],
  },
  {
    name: 'No path of the provider is asked that is not on the list.',
    file: 'core/agent/proxy/proxy.ts',
    from: "if (route.kind === 'refused') return refuse(request, response, { kind: 'path' });",
    to: '',
    tests: [proxyTest],
  },
  {
    name: 'Requests at once do not overrun the limit of money.',
    file: 'core/agent/proxy/admission.ts',
    from: 'inside < atOnce && fits(reserved + first.most)',
    to: 'inside < atOnce',
    tests: [limitTest],
  },
  {
    name: 'A stream ends where it would cost more than there is.',
    file: 'core/agent/proxy/proxy.ts',
    from: 'if (prices === null || !admission.isBeyond(costOfUsage(prices, usage))) return false;',
    to: 'if (prices !== null || prices === null) return false;',
    tests: [limitTest],
  },
  {
    name: 'No output of a check is a way for a secret.',
    file: 'core/agent/commands.ts',
    from: 'const text = mask.apply(',
    to: 'const text = String(',
    tests: ['test/hostile/agent-words.test.ts'],
    only: 'in what it prints, and in what setup and checks print',
  },
  {
    name: 'No path that an agent asks of its model is a way for a secret.',
    file: 'core/agent/model-access.ts',
    from: 'why: mask.apply(why)',
    to: 'why',
    tests: ['test/hostile/agent-words.test.ts'],
    only: 'in what it asks of its model',
  },
  {
    name: 'Work that was not pushed before its run was cut off is done again.',
    file: 'actions/forge-agent/read-candidates.ts',
    from: 'if (at?.commit.id === record.work.commit) return record;',
    to: 'if (at?.commit.id !== "") return record;',
    tests: ['test/hostile/agent-cut.test.ts'],
    only: 'could not be pushed',
  },
];

export const defences: Defence[] = [
  ...approvals,
  ...brought,
  ...merging,
  ...records,
  ...running,
  ...denial,
  ...agentWork,
  ...agents,
  ...shared,
];

/** The same by what they are about, for the page. */
const initTest = 'test/cli/init.test.ts';
const doctorTest = 'test/cli/doctor.test.ts';

/** What `init` never touches, and what `doctor` never believes. */
const factory: Defence[] = [
  {
    name: 'A file that is there is left as it is.',
    file: 'cli/factory/layout.ts',
    from: '!isThere(path, paths) && ',
    to: '',
    tests: [initTest],
    only: 'adds what is missing, and leaves every file of theirs as it is',
  },
  {
    name: 'Workflows go where the forge looks already, so that none of theirs is put out of use.',
    file: 'cli/factory/pipelines.ts',
    from: 'folder === undefined ? path : path.replace(/^\\.forgejo\\/workflows/, folder)',
    to: 'path',
    tests: [initTest],
    only: 'puts its workflows where the forge looks',
  },
  {
    name: 'Nobody loses a right that was given to them.',
    file: 'cli/init/plan.ts',
    from: 'if (levels.indexOf(has) > levels.indexOf(wanted))',
    to: 'if (levels.indexOf(has) > levels.length)',
    tests: [initTest],
    only: 'takes no right away',
  },
  {
    name: 'What people commit to the pull request of init stays.',
    file: 'cli/init/plan.ts',
    from: "if (standing.pull?.state === 'open')",
    to: "if (standing.branch === '')",
    tests: [initTest],
    only: 'leaves commits that people add',
  },
  {
    name: 'No rule is set while the files that decide are only proposed.',
    file: 'cli/init/plan.ts',
    from: 'wantedOf(settings, state.ops, true).length === 0 &&',
    to: '',
    tests: [initTest],
    only: 'guards nothing before its merge',
  },
  {
    name: 'Only the version of forgecrew is pinned anew, not that of what stands beside it.',
    file: 'cli/factory/pipelines.ts',
    from: 'forge\\\\.example/owner/forgecrew/actions/[a-z-]+)@v',
    to: '/actions/[a-z-]+)@v',
    tests: [initTest],
    only: 'names this factory in its pipelines',
  },
  {
    name: 'What could not be found out is never well.',
    file: 'cli/doctor/finding.ts',
    from: "if (asked.kind === 'unknown') return unchecked(id, what, asked.why);",
    to: "if (asked.kind === 'unknown') return ok(id, what);",
    tests: [doctorTest],
    only: 'takes a forge that refuses to answer for nothing',
  },
  {
    name: 'A factory of which something could not be checked does not end with 0.',
    file: 'cli/doctor/finding.ts',
    from: 'counts.unknown > 0 ? 2 : 0',
    to: 'counts.unknown > 1e9 ? 2 : 0',
    tests: [doctorTest],
    only: 'ends with 2',
  },
  {
    name: 'An account that may do more than it needs is found.',
    file: 'cli/doctor/checks/accounts.ts',
    from: "if (has > needs && has > levels.indexOf('read'))",
    to: 'if (has > levels.length)',
    tests: [doctorTest],
    only: 'the architect may push to the ops repo',
  },
  {
    name: 'A token that may do more than it needs is found.',
    file: 'cli/doctor/checks/tokens.ts',
    from: 'extra.length === 0',
    to: 'extra.length >= 0',
    tests: [doctorTest],
    only: 'token may push',
  },
];

export const chapters: { title: string; defences: Defence[] }[] = [
  { title: 'What an approval is of, and whose counts', defences: approvals },
  { title: 'What brought an action to the branch', defences: brought },
  { title: 'What is merged by the role itself', defences: merging },
  { title: 'What spends an id', defences: records },
  { title: 'What runs, and what lets it run', defences: running },
  { title: 'What of one stranger is nobody else’s trouble', defences: denial },
  { title: 'What an agent made is data', defences: agentWork },
  { title: 'Which agent is started, what keeps it in, and its two ways out', defences: agents },
  { title: 'What init never touches, and what doctor never believes', defences: factory },
  { title: 'What every role stands on', defences: shared },
];
