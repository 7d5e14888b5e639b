// Made from the examples of the roles and docs/vault.md by `npm run docs`; edit those.
export const texts = {
  "examples": [
    {
      "role": "ops-filer",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/file-sprints.yml",
      "text": "# .forgejo/workflows/file-sprints.yml in the ops repo. The token is a secret, never the automatic Actions token.\non:\n  push:\n    branches: [main]\n    paths: ['sprints/**']\n  schedule:\n    - cron: '*/30 * * * *'\n  workflow_dispatch:\n\njobs:\n  file-sprints:\n    runs-on: docker\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n      - uses: https://forge.example/owner/forgecrew/actions/ops-filer@<commit> # v0.1.0\n        with:\n          forge-token: ${{ secrets.FILER_TOKEN }}\n          forge-login: filer\n          project-repo: owner/project\n"
    },
    {
      "role": "ops-filer",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-sprints.yml",
      "text": "# .forgejo/workflows/check-sprints.yml in the ops repo, beside the file that files. It needs no secret and asks nothing: the\n# documents of the pull request are looked at as they were cloned, and what is wrong is said with file, line and column.\non:\n  pull_request:\n    paths: ['sprints/**']\n\njobs:\n  check-sprints:\n    runs-on: docker\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n      - uses: https://forge.example/owner/forgecrew/actions/ops-filer@<commit> # v0.1.0\n        with:\n          project-repo: owner/project\n"
    },
    {
      "role": "ops-filer",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/file-sprints.yaml",
      "text": "# .woodpecker/file-sprints.yaml in the ops repo. The secret filer_token has to allow the events push and cron.\nwhen:\n  - event: push\n    branch: main\n    path: \"sprints/**\"\n  - event: cron\n    cron: file-sprints\n\nsteps:\n  - name: file-sprints\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/ops-filer/ops-filer\n    settings:\n      forge_token:\n        from_secret: filer_token\n      forge_login: filer\n      project_repo: owner/project\n"
    },
    {
      "role": "ops-filer",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-sprints.yaml",
      "text": "# .woodpecker/check-sprints.yaml in the ops repo, beside the file that files. It needs no secret and asks nothing: the documents\n# of the pull request are looked at as they were cloned, and what is wrong is said with file, line and column.\nwhen:\n  - event: pull_request\n    path: \"sprints/**\"\n\nsteps:\n  - name: check-sprints\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/ops-filer/ops-filer\n    settings:\n      project_repo: owner/project\n"
    },
    {
      "role": "collect-engagement",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/engagement.yml",
      "text": "# .forgejo/workflows/engagement.yml in the ops repo, on a runner that can read the log.\non:\n  schedule:\n    # After midnight UTC, when the day is over.\n    - cron: '15 1 * * *'\n  workflow_dispatch:\n\njobs:\n  collect:\n    # A label whose runner works on the machine itself: a container sees no /var/log/caddy.\n    runs-on: host\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/collect-engagement@<commit> # v0.1.0\n        with:\n          # With what Caddy rotated: access-<time>.log.gz\n          source: /var/log/caddy/access*.log*\n          forge-token: ${{ secrets.COLLECTOR_TOKEN }}\n"
    },
    {
      "role": "collect-engagement",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-engagement.yml",
      "text": "# .forgejo/workflows/check-engagement.yml in the ops repo, beside the file that collects. It needs no secret and asks nothing: it\n# says what it would count. It runs where no real log is: whoever opens a pull request decides what its steps do.\non:\n  pull_request:\n    paths: ['.forgejo/workflows/*engagement.yml', 'samples/access.log']\n\njobs:\n  check-engagement:\n    runs-on: docker\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n      - uses: https://forge.example/owner/forgecrew/actions/collect-engagement@<commit> # v0.1.0\n        with:\n          # Some lines of the log with made-up addresses, kept in the ops repo, and the day that they are of.\n          source: samples/access.log\n          date: '2026-01-20'\n"
    },
    {
      "role": "collect-engagement",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/engagement.yaml",
      "text": "# .woodpecker/engagement.yaml in the ops repo. The secret collector_token has to allow the event cron.\nwhen:\n  - event: cron\n    cron: engagement\n\nsteps:\n  - name: collect\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>), on the machine that has the log.\n    image: /opt/forgecrew/plugins/collect-engagement/collect-engagement\n    settings:\n      # With what Caddy rotated: access-<time>.log.gz\n      source: /var/log/caddy/access*.log*\n      forge_token:\n        from_secret: collector_token\n"
    },
    {
      "role": "collect-engagement",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-engagement.yaml",
      "text": "# .woodpecker/check-engagement.yaml in the ops repo, beside the file that collects. It needs no secret and asks nothing: it says\n# what it would count. Give it an agent that no real log is on: whoever opens a pull request decides what its steps do.\nwhen:\n  - event: pull_request\n    path: [\".woodpecker/*engagement.yaml\", \"samples/access.log\"]\n\n# An agent with this label (WOODPECKER_AGENT_LABELS), which is not the one on the web server.\nlabels:\n  for: pull-requests\n\nsteps:\n  - name: check-engagement\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/collect-engagement/collect-engagement\n    settings:\n      # Some lines of the log with made-up addresses, kept in the ops repo, and the day that they are of.\n      source: samples/access.log\n      date: '2026-01-20'\n"
    },
    {
      "role": "vault-dispatch",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/vault.yml",
      "text": "# .forgejo/workflows/vault.yml, in a repository where only people push. The secrets hold the token of the account dispatcher,\n# and a token of an admin of owner/ops with the scope read:repository alone.\non:\n  push:\n    branches: [main]\n    paths: ['vault/actions/**', 'vault/formulas/**', 'vault/policy.toml']\n  schedule:\n    - cron: '*/10 * * * *'\n  # A button on the page of the workflow, for who would rather not wait.\n  workflow_dispatch:\n\n# Two jobs, neither of which waits for the other: whatever happens to one, what people approved is started and followed, and\n# what is asked for is commented on.\njobs:\n  dispatch:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/vault-dispatch@<commit> # v0.1.0\n        with:\n          mode: dispatch\n          ops-repo: owner/ops\n          forge-login: dispatcher\n          gatekeeper: gatekeeper\n          forge-token: ${{ secrets.DISPATCHER_TOKEN }}\n          audit-token: ${{ secrets.AUDIT_TOKEN }}\n  review:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/vault-dispatch@<commit> # v0.1.0\n        with:\n          mode: review\n          ops-repo: owner/ops\n          forge-login: dispatcher\n          gatekeeper: gatekeeper\n          forge-token: ${{ secrets.DISPATCHER_TOKEN }}\n          audit-token: ${{ secrets.AUDIT_TOKEN }}\n"
    },
    {
      "role": "vault-dispatch",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-vault.yml",
      "text": "# .forgejo/workflows/check-vault.yml in the ops repo, beside the file that decides. It needs no secret and asks nothing: the\n# actions, formulas and the policy of the pull request are looked at as they were cloned. Whether an action may run is said in\n# the comment and the status of `mode: review`, and never here: a pull request can change this file.\non:\n  pull_request:\n    paths: ['vault/**']\n\njobs:\n  check-vault:\n    runs-on: docker\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n      - uses: https://forge.example/owner/forgecrew/actions/vault-dispatch@<commit> # v0.1.0\n        with:\n          ops-repo: owner/ops\n"
    },
    {
      "role": "vault-dispatch",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/vault.yaml",
      "text": "# .woodpecker/vault.yaml, in a repository where only people push. The secrets have to allow the events push and cron, and never\n# pull_request: dispatcher_token is the token of the account dispatcher, audit_token one of an admin of owner/ops with the\n# scope read:repository alone.\nwhen:\n  - event: push\n    branch: main\n    path: [\"vault/actions/**\", \"vault/formulas/**\", \"vault/policy.toml\"]\n  - event: cron\n    cron: vault\n\nsteps:\n  # First, so that nothing which happens to the other step keeps what was approved from being started and followed.\n  - name: dispatch\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>) on the agent.\n    image: /opt/forgecrew/plugins/vault-dispatch/vault-dispatch\n    settings:\n      ops_repo: owner/ops\n      mode: dispatch\n      forge_login: dispatcher\n      gatekeeper: gatekeeper\n      forge_token: {from_secret: dispatcher_token}\n      audit_token: {from_secret: audit_token}\n      # Only where a formula runs on Woodpecker, here and below; a secret that is not there stops the whole pipeline.\n      # woodpecker_token: {from_secret: dispatcher_woodpecker_token}\n  - name: review open requests\n    # Also when dispatch ended red: people should see what they are asked for.\n    when: [{status: [success, failure]}]\n    image: /opt/forgecrew/plugins/vault-dispatch/vault-dispatch\n    settings:\n      ops_repo: owner/ops\n      mode: review\n      forge_login: dispatcher\n      gatekeeper: gatekeeper\n      forge_token: {from_secret: dispatcher_token}\n      audit_token: {from_secret: audit_token}\n      # woodpecker_token: {from_secret: dispatcher_woodpecker_token}\n"
    },
    {
      "role": "vault-dispatch",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-vault.yaml",
      "text": "# .woodpecker/check-vault.yaml in the ops repo, beside the file that decides. It needs no secret and asks nothing: the actions,\n# formulas and the policy of the pull request are looked at as they were cloned. Whether an action may run is said in the comment\n# and the status of `mode: review`, and never here: a pull request can change this file.\nwhen:\n  - event: pull_request\n    path: \"vault/**\"\n\nsteps:\n  - name: check-vault\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/vault-dispatch/vault-dispatch\n    settings:\n      ops_repo: owner/ops\n"
    },
    {
      "role": "vault-request",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/ask-for-a-backup.yml",
      "text": "# .forgejo/workflows/ask-for-a-backup.yml, in any repository. The token is a secret, never the automatic Actions token.\non:\n  schedule:\n    - cron: '30 2 * * *'\n\njobs:\n  ask:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/vault-request@<commit> # v0.1.0\n        with:\n          ops-repo: owner/ops\n          forge-login: agent\n          forge-token: ${{ secrets.AGENT_TOKEN }}\n          # An id is used once, over all repositories that ask: the number of a run is its own on the whole forge.\n          id: backup-${{ github.run_id }}\n          action: |\n            formula = \"backup\"\n            context = \"every night\"\n            secrets = [\"BACKUP_KEY\"]\n            [inputs]\n            target = \"db\"\n"
    },
    {
      "role": "vault-request",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/ask.yaml",
      "text": "# .woodpecker/ask.yaml, in any repository. The secret agent_token has to allow the event.\nwhen:\n  - event: cron\n    cron: ask\n\nsteps:\n  - name: write the action\n    # Local backend: the shell; with containers an image that has one.\n    image: bash\n    commands:\n      - printf 'formula = \"backup\"\\ncontext = \"every night\"\\nsecrets = [\"BACKUP_KEY\"]\\n[inputs]\\ntarget = \"db\"\\n' > action.toml\n  - name: ask\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>) on the agent.\n    image: /opt/forgecrew/plugins/vault-request/vault-request\n    settings:\n      ops_repo: owner/ops\n      forge_login: agent\n      forge_token:\n        from_secret: agent_token\n      # An id is used once, over all repositories that ask: so the repository's number on the forge goes first.\n      id: backup-${CI_REPO_REMOTE_ID}-${CI_PIPELINE_NUMBER}\n      action_file: action.toml\n"
    },
    {
      "role": "architect-pitch",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/pitch.yml",
      "text": "# .forgejo/workflows/pitch.yml of the ops repo. issue_comment also comes for comments on pull requests, and runs the default\n# branch's file; an approval alone is noticed by the schedule.\non:\n  schedule:\n    - cron: '*/30 * * * *'\n  issue_comment:\n    types: [created]\n  workflow_dispatch:\n\njobs:\n  pitch:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/architect-pitch@<commit> # v0.1.0\n        with:\n          ops-repo: owner/ops\n          project-repo: owner/project\n          forge-login: architect\n          forge-token: ${{ secrets.ARCHITECT_TOKEN }}\n          filer-login: filer\n          # Accounts that decide on no pitch; forgecrew.toml in the ops repo can name them for all roles.\n          bots: filer,collector\n          # Without an engine the outline of the vision is pitched, by no model. With one:\n          # engine: anthropic\n          # model: claude-sonnet-4-5\n          # engine-key: ${{ secrets.ANTHROPIC_API_KEY }}\n          # max-cost-per-day: '2'\n          # price-input: '3'\n          # price-output: '15'\n"
    },
    {
      "role": "architect-pitch",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-pitch.yml",
      "text": "# .forgejo/workflows/check-pitch.yml in the ops repo, beside the file that pitches. It needs no secret and asks nothing: that the\n# role starts with these settings is all that it says. The sprint documents of a pull request are checked by ops-filer.\non:\n  pull_request:\n    paths: ['.forgejo/workflows/pitch.yml', '.forgejo/workflows/check-pitch.yml']\n\njobs:\n  check-pitch:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/architect-pitch@<commit> # v0.1.0\n        with:\n          # As in pitch.yml, but for the secrets.\n          ops-repo: owner/ops\n          project-repo: owner/project\n          forge-login: architect\n          filer-login: filer\n"
    },
    {
      "role": "architect-pitch",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/pitch.yaml",
      "text": "# .woodpecker/pitch.yaml of the ops repo. Woodpecker hears nothing of comments, so cron is what answers them. The secret\n# architect_token has to allow cron, and never pull_request.\nwhen:\n  - event: cron\n    cron: pitch\n\nsteps:\n  - name: pitch\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>) on the agent.\n    image: /opt/forgecrew/plugins/architect-pitch/architect-pitch\n    settings:\n      project_repo: owner/project\n      forge_login: architect\n      forge_token:\n        from_secret: architect_token\n      filer_login: filer\n      # Accounts that decide on no pitch; forgecrew.toml in the ops repo can name them for all roles.\n      bots: [filer, collector]\n      # Without an engine the outline of the vision is pitched, by no model. With one:\n      # engine: openai\n      # engine_url: http://model.example:8080/v1\n      # model: local\n"
    },
    {
      "role": "architect-pitch",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-pitch.yaml",
      "text": "# .woodpecker/check-pitch.yaml in the ops repo, beside the file that pitches. It needs no secret and asks nothing: that the role\n# starts with these settings is all that it says. The sprint documents of a pull request are checked by ops-filer.\nwhen:\n  - event: pull_request\n    path: [\".woodpecker/pitch.yaml\", \".woodpecker/check-pitch.yaml\"]\n\nsteps:\n  - name: check-pitch\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/architect-pitch/architect-pitch\n    settings:\n      # As in pitch.yaml, but for the secrets.\n      project_repo: owner/project\n      forge_login: architect\n      filer_login: filer\n"
    },
    {
      "role": "forge-agent",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/agents.yml",
      "text": "# .forgejo/workflows/agents.yml of the ops repo, or of the project repo with ops-repo set. In the ops repo the schedule finds an issue that\n# was given to an agent, and Run workflow at once. In the project repo its label starts this at once, and label-token lets it set labels with\n# the job's own token.\non:\n  schedule:\n    - cron: '*/15 * * * *'\n  issues:\n    types: [labeled]\n  workflow_dispatch:\n\njobs:\n  agents:\n    # Not for every label of every issue. A schedule has no label, and older forges do not tell it.\n    if: github.event.label == null || startsWith(github.event.label.name, 'crew:')\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/forge-agent@<commit> # v0.1.0\n        with:\n          ops-repo: owner/ops\n          forge-login: crew\n          forge-token: ${{ secrets.CREW_TOKEN }}\n          engine-key: ${{ secrets.ANTHROPIC_API_KEY }}\n          # Only in a workflow of the project repo itself:\n          # label-token: ${{ github.token }}\n          # Accounts whose labels give no issue to an agent; forgecrew.toml in the ops repo can name them for all roles.\n          bots: filer,collector\n"
    },
    {
      "role": "forge-agent",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-agents.yml",
      "text": "# .forgejo/workflows/check-agents.yml in the ops repo, beside the file that runs agents. It needs no secret, asks nothing and starts no\n# agent: it says whether the manifests of a pull request can be read.\non:\n  pull_request:\n    paths: ['agents/**', '.forgejo/workflows/agents.yml', '.forgejo/workflows/check-agents.yml']\n\njobs:\n  check-agents:\n    runs-on: docker\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n      - uses: https://forge.example/owner/forgecrew/actions/forge-agent@<commit> # v0.1.0\n        with:\n          # As in agents.yml, but for the secrets.\n          ops-repo: owner/ops\n          forge-login: crew\n          bots: filer,collector\n"
    },
    {
      "role": "forge-agent",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/agents.yaml",
      "text": "# .woodpecker/agents.yaml of the ops repo. Woodpecker hears nothing of issues and labels, so cron looks. The secrets have to allow cron,\n# and never pull_request.\nwhen:\n  - event: cron\n    cron: agents\n\nsteps:\n  - name: agents\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>) on the agent. Containers: the image built from the Containerfile.\n    image: /opt/forgecrew/plugins/forge-agent/forge-agent\n    settings:\n      forge_login: crew\n      forge_token:\n        from_secret: crew_token\n      engine_key:\n        from_secret: anthropic_api_key\n      # Accounts whose labels give no issue to an agent; forgecrew.toml in the ops repo can name them for all roles.\n      bots: [filer, collector]\n"
    },
    {
      "role": "forge-agent",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-agents.yaml",
      "text": "# .woodpecker/check-agents.yaml in the ops repo, beside the file that runs agents. It needs no secret, asks nothing and starts no\n# agent: it says whether the manifests of a pull request can be read.\nwhen:\n  - event: pull_request\n    path: [\"agents/**\", \".woodpecker/agents.yaml\", \".woodpecker/check-agents.yaml\"]\n\nsteps:\n  - name: check-agents\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/forge-agent/forge-agent\n    settings:\n      # As in agents.yaml, but for the secrets.\n      forge_login: crew\n      bots: [filer, collector]\n"
    },
    {
      "role": "prerequisites",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/prerequisites.yml",
      "text": "# .forgejo/workflows/prerequisites.yml in the ops repo. The token is a secret, never the automatic Actions token.\non:\n  schedule:\n    - cron: '20 * * * *'\n  workflow_dispatch:\n\njobs:\n  prerequisites:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/prerequisites@<commit> # v0.1.0\n        with:\n          project-repo: owner/project\n          forge-login: keeper\n          forge-token: ${{ secrets.KEEPER_TOKEN }}\n"
    },
    {
      "role": "prerequisites",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-prerequisites.yml",
      "text": "# .forgejo/workflows/check-prerequisites.yml in the ops repo, beside the file that keeps the tree true. It needs no secret and asks\n# nothing: the document of the pull request is looked at as it was cloned, and what cannot be understood is said with its line.\non:\n  pull_request:\n    paths: ['prerequisites.md']\n\njobs:\n  check-prerequisites:\n    runs-on: docker\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n      - uses: https://forge.example/owner/forgecrew/actions/prerequisites@<commit> # v0.1.0\n        with:\n          project-repo: owner/project\n          file: prerequisites.md\n"
    },
    {
      "role": "prerequisites",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/prerequisites.yaml",
      "text": "# .woodpecker/prerequisites.yaml in the ops repo. The secret keeper_token has to allow the event cron.\nwhen:\n  - event: cron\n    cron: prerequisites\n\nsteps:\n  - name: prerequisites\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/prerequisites/prerequisites\n    settings:\n      project_repo: owner/project\n      forge_login: keeper\n      forge_token:\n        from_secret: keeper_token\n"
    },
    {
      "role": "prerequisites",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-prerequisites.yaml",
      "text": "# .woodpecker/check-prerequisites.yaml in the ops repo, beside the file that keeps the tree true. It needs no secret and asks\n# nothing: the document of the pull request is looked at as it was cloned, and what cannot be understood is said with its line.\nwhen:\n  - event: pull_request\n    path: \"prerequisites.md\"\n\nsteps:\n  - name: check-prerequisites\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/prerequisites/prerequisites\n    settings:\n      project_repo: owner/project\n      file: prerequisites.md\n"
    },
    {
      "role": "collect-process-metrics",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/process.yml",
      "text": "# .forgejo/workflows/process.yml in the ops repo. The token is a secret, never the automatic Actions token.\non:\n  schedule:\n    # After midnight UTC, when the day is over.\n    - cron: '25 1 * * *'\n  workflow_dispatch:\n\njobs:\n  collect:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/collect-process-metrics@<commit> # v0.1.0\n        with:\n          project-repo: owner/project\n          forge-login: collector\n          forge-token: ${{ secrets.COLLECTOR_TOKEN }}\n          # Where agents work, and where escalation does: the account may read what these keep.\n          # state-repo: crew/forgecrew-state\n          # proposal-repo: speaker/records\n"
    },
    {
      "role": "collect-process-metrics",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-process.yml",
      "text": "# .forgejo/workflows/check-process.yml in the ops repo, beside the file that collects. It needs no secret and asks nothing: it says\n# whether the settings can be read.\non:\n  pull_request:\n    paths: ['.forgejo/workflows/*process.yml']\n\njobs:\n  check-process:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/collect-process-metrics@<commit> # v0.1.0\n        with:\n          project-repo: owner/project\n"
    },
    {
      "role": "collect-process-metrics",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/process.yaml",
      "text": "# .woodpecker/process.yaml in the ops repo. The secret collector_token has to allow the event cron.\nwhen:\n  - event: cron\n    cron: process\n\nsteps:\n  - name: collect\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/collect-process-metrics/collect-process-metrics\n    settings:\n      project_repo: owner/project\n      forge_login: collector\n      forge_token:\n        from_secret: collector_token\n      # Where agents work, and where escalation does: the account may read what these keep.\n      # state_repo: crew/forgecrew-state\n      # proposal_repo: speaker/records\n"
    },
    {
      "role": "collect-process-metrics",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-process.yaml",
      "text": "# .woodpecker/check-process.yaml in the ops repo, beside the file that collects. It needs no secret and asks nothing: it says\n# whether the settings can be read.\nwhen:\n  - event: pull_request\n    path: \".woodpecker/*process.yaml\"\n\nsteps:\n  - name: check-process\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/collect-process-metrics/collect-process-metrics\n    settings:\n      project_repo: owner/project\n"
    },
    {
      "role": "escalation",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/answers.yml",
      "text": "# .forgejo/workflows/answers.yml of the ops repo. A click starts nothing on the forge: the schedule finds it. Comments in the project\n# start nothing here; where answers should come at once, the same job with issue_comment stands in the project repo as well.\non:\n  schedule:\n    - cron: '*/5 * * * *'\n  workflow_dispatch:\n\njobs:\n  answers:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/escalation@<commit> # v0.1.0\n        with:\n          ops-repo: owner/ops\n          project-repo: owner/project\n          record-repo: speaker/records\n          forge-login: speaker\n          forge-token: ${{ secrets.SPEAKER_TOKEN }}\n          # Accounts that never approve; forgecrew.toml in the ops repo can name them for all roles.\n          bots: filer,collector\n          # Agents and pipelines whose comments may hold proposals.\n          proposers: crew\n          engine: anthropic\n          model: claude-sonnet-4-5\n          engine-key: ${{ secrets.ANTHROPIC_API_KEY }}\n          max-cost-per-day: '5'\n          price-input: '3'\n          price-output: '15'\n"
    },
    {
      "role": "escalation",
      "ci": "forgejo",
      "purpose": "check",
      "path": ".forgejo/workflows/check-answers.yml",
      "text": "# .forgejo/workflows/check-answers.yml in the ops repo, beside the file that answers. It asks nothing: that the role starts with these\n# settings is all that it says. forgecrew lint checks escalation/policy.toml.\non:\n  pull_request:\n    paths: ['.forgejo/workflows/answers.yml', '.forgejo/workflows/check-answers.yml']\n\njobs:\n  check-answers:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/escalation@<commit> # v0.1.0\n        with:\n          # As in answers.yml, but for what only that one is given.\n          ops-repo: owner/ops\n          project-repo: owner/project\n          record-repo: speaker/records\n          forge-login: speaker\n          engine: anthropic\n          model: claude-sonnet-4-5\n"
    },
    {
      "role": "escalation",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/answers.yaml",
      "text": "# .woodpecker/answers.yaml of the ops repo. Woodpecker hears nothing of comments and reactions, so cron is what finds them. The secret\n# speaker_token has to allow cron, and never pull_request.\nwhen:\n  - event: cron\n    cron: answers\n\nsteps:\n  - name: answers\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>) on the agent.\n    image: /opt/forgecrew/plugins/escalation/escalation\n    settings:\n      project_repo: owner/project\n      record_repo: speaker/records\n      forge_login: speaker\n      forge_token:\n        from_secret: speaker_token\n      # Accounts that never approve; forgecrew.toml in the ops repo can name them for all roles.\n      bots: [filer, collector]\n      # Agents and pipelines whose comments may hold proposals.\n      proposers: [crew]\n      engine: openai\n      engine_url: http://model.example:8080/v1\n      model: local\n"
    },
    {
      "role": "escalation",
      "ci": "woodpecker",
      "purpose": "check",
      "path": ".woodpecker/check-answers.yaml",
      "text": "# .woodpecker/check-answers.yaml in the ops repo, beside the file that answers. It asks nothing: that the role starts with these\n# settings is all that it says. forgecrew lint checks escalation/policy.toml.\nwhen:\n  - event: pull_request\n    path: [\".woodpecker/answers.yaml\", \".woodpecker/check-answers.yaml\"]\n\nsteps:\n  - name: check-answers\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/escalation/escalation\n    settings:\n      # As in answers.yaml, but for what only that one is given.\n      project_repo: owner/project\n      record_repo: speaker/records\n      forge_login: speaker\n      engine: openai\n      engine_url: http://model.example:8080/v1\n      model: local\n"
    },
    {
      "role": "dashboard",
      "ci": "forgejo",
      "purpose": "work",
      "path": ".forgejo/workflows/dashboard.yml",
      "text": "# .forgejo/workflows/dashboard.yml in the ops repo. The token is a secret, never the automatic Actions token.\non:\n  schedule:\n    - cron: '*/15 * * * *'\n  workflow_dispatch:\n\njobs:\n  dashboard:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/dashboard@<commit> # v0.1.0\n        with:\n          project-repo: owner/project\n          forge-login: keeper\n          forge-token: ${{ secrets.KEEPER_TOKEN }}\n          # Where agents work, and where escalation does: the account may read what these keep.\n          # state-repo: crew/forgecrew-state\n          # proposal-repo: speaker/records\n"
    },
    {
      "role": "dashboard",
      "ci": "woodpecker",
      "purpose": "work",
      "path": ".woodpecker/dashboard.yaml",
      "text": "# .woodpecker/dashboard.yaml in the ops repo. The secret keeper_token has to allow the event cron.\nwhen:\n  - event: cron\n    cron: dashboard\n\nsteps:\n  - name: dashboard\n    # Local backend: the launcher in a checkout of forgecrew v0.1.0 (<commit>). Containers: the image of that version, by its digest.\n    image: /opt/forgecrew/plugins/dashboard/dashboard\n    settings:\n      project_repo: owner/project\n      forge_login: keeper\n      forge_token:\n        from_secret: keeper_token\n      # Where agents work, and where escalation does: the account may read what these keep.\n      # state_repo: crew/forgecrew-state\n      # proposal_repo: speaker/records\n"
    }
  ],
  "vaultExample": {
    "formula": "# vault/formulas/backup.toml\ndescription = \"Back up one database\"\nsecrets = [\"BACKUP_KEY\"]\ntimeout_minutes = 30\n[inputs.target]\nrequired = true\none_of = [\"db\", \"files\"]\n[run]\nbackend = \"forgejo-workflow\"          # or \"woodpecker-pipeline\"\nworkflow = \"backup.yml\"               # Woodpecker: \"backup\"\n",
    "policy": "# vault/policy.toml                   a formula that is not named here is high, and high needs an admin\n[tiers]\nbackup = \"medium\"                     # one person with write access approves\n\n[secrets]\nROOT_KEY = \"high\"                     # whatever formula uses this secret is at least high\n",
    "forgejo": "on:\n  workflow_dispatch:\n    inputs:\n      action: {required: true}\n      nonce: {required: true}\n      target: {required: true}\njobs:\n  gate:\n    runs-on: docker\n    steps:\n      - uses: https://forge.example/owner/forgecrew/actions/vault-dispatch@<commit> # v0.1.0\n        with:\n          mode: gate\n          forge-login: gatekeeper\n          forge-token: ${{ secrets.GATE_TOKEN }}\n  backup:\n    needs: gate\n    if: github.run_attempt <= 1              # run again by itself, it is skipped\n    runs-on: docker\n    steps:\n      - uses: https://code.forgejo.org/actions/checkout@v4\n        with: {ref: '${{ github.sha }}'}     # the run is of a commit, not of a branch\n      - run: ./backup \"$TARGET\"\n        env:\n          TARGET: ${{ inputs.target }}\n          KEY: ${{ secrets.BACKUP_KEY }}\n",
    "woodpecker": "when:\n  - event: manual\nsteps:\n  - name: gate\n    when: [{evaluate: 'FORMULA == \"backup\"'}]     # other formulas start this pipeline as well\n    image: /opt/forgecrew/plugins/vault-dispatch/vault-dispatch   # forgecrew v0.1.0 (<commit>)\n    settings:\n      mode: gate\n      forge_login: gatekeeper\n      forge_token: {from_secret: gate_token}\n      # Written down, so that nobody who starts the pipeline by hand can say otherwise.\n      ops_repo: owner/ops\n      ops_branch: main\n      record_repo: owner/ops\n  - name: backup\n    when: [{evaluate: 'FORMULA == \"backup\"'}]\n    image: bash                                   # local backend: the shell; with containers an image that has it\n    commands: ['./backup \"$target\"']\n    environment:\n      KEY: {from_secret: backup_key}\n"
  }
};
